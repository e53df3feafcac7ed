/* SPDX-License-Identifier: MIT */
/* words_load: the answer when what was asked is not how long a mail takes. */
#include "lab/report/words.h"

#include <math.h>

/* NAN: it has no such number. */
static double item_of(const struct summary_cell *c, const char *name)
{
	const struct cost_item *item = cost_find(&c->costs.mail, name);

	return item == NULL ? (double)NAN : item->value;
}

static double value_of(const struct summary *s, const struct summary_cell *c)
{
	switch (s->plan.x.load.kind) {
	case LOAD_SWEEP:
		return c->costs.knee;
	case LOAD_OVERLOAD:
		return item_of(c, COST_CATCH_UP);
	case LOAD_CLOSED:
	case LOAD_OPEN:
	case LOAD_PARTLY_OPEN:
	case LOAD_BURSTY:
	case LOAD_KIND_COUNT:
		break;
	}
	return item_of(c, COST_IDLE);
}

bool words_load_asks(const struct summary *s)
{
	return s->plan.x.load.kind == LOAD_SWEEP || s->plan.x.load.kind == LOAD_OVERLOAD ||
	       s->plan.x.load.idle_connections > 0;
}

static bool begin(const struct summary *s, struct buf *to)
{
	if (s->plan.x.load.kind == LOAD_SWEEP)
		return buf_add_format(to,
			"Mails a second, of the rates tried, that 99 of 100 take at most %u ms "
			"with none lost and no growing backlog: ",
			s->plan.x.load.slo_ms);
	return s->plan.x.load.kind == LOAD_OVERLOAD
		       ? buf_add(to, S("From the last mail of the overload until all of its mails "
				       "were there: "))
		       : buf_add(to, S("An IMAP connection that only waits costs the server: "));
}

static bool one_add(const struct summary *s, unsigned cell, struct buf *to)
{
	double value = value_of(s, &s->cells[cell]);
	char room[WORDS_NUMBER_BYTES];

	if (!buf_add_format(to, "%s ", words_noun(s, cell)))
		return false;
	if (s->plan.x.load.kind == LOAD_SWEEP)
		return isnan(value) ? buf_add(to, S("not even the lowest"))
				    : buf_add_format(to, "%s", words_number(value, room));
	if (isnan(value))
		return buf_add(to, S("not known"));
	return s->plan.x.load.kind == LOAD_OVERLOAD
		       ? buf_add_format(to, "%s ms", words_ms(value, room))
		       : buf_add_format(to, "%s KiB", words_number(value, room));
}

bool words_load(const struct summary *s, struct buf *to)
{
	unsigned count = 0;

	if (!begin(s, to))
		return false;
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (!summary_is_compared(&s->cells[i]))
			continue;
		if ((count++ > 0 && !buf_add(to, S(", "))) || !one_add(s, i, to))
			return false;
	}
	return count > 0 ? buf_add(to, S("."))
			 : buf_add(to, S("no platform could be measured on this machine."));
}
