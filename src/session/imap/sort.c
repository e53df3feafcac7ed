/* SPDX-License-Identifier: MIT */
/*
 * sort - SORT: RFC 5256, RFC 5957, and its results as RFC 5267 3 extends them.
 */
#include "session/imap/sort.h"

#include <inttypes.h>

/* "* SORT 5 3 4" */
static void put_sort(struct sorting *t)
{
	struct imap *s = t->s;

	imap_put(s, S("* SORT"));
	for (size_t i = 0; i < t->count; i++)
		imap_put_format(s, " %" PRIu32, sorting_number(t, t->rows[i].uid));
	imap_put(s, S("\r\n"));
}

static void put_run(struct sorting *t, size_t from, size_t to)
{
	struct imap_set_writer w = { .out = &t->s->out };
	bool is_good = true;

	for (size_t i = from; i < to && is_good; i++)
		is_good = imap_set_add(&w, sorting_number(t, t->rows[i].uid));
	imap_wrote(t->s, is_good && imap_set_finish(&w));
}

static void put_partial(struct sorting *t, const struct imap_partial *p)
{
	size_t first = p->first, last = p->last < t->count ? p->last : t->count;
	struct imap *s = t->s;

	imap_put_format(s,
		p->is_from_end ? " PARTIAL (-%" PRIu32 ":-%" PRIu32 " "
			       : " PARTIAL (%" PRIu32 ":%" PRIu32 " ",
		p->first, p->last);
	if (first > t->count)
		imap_put(s, S("NIL"));
	else if (p->is_from_end)
		put_run(t, t->count - last, t->count - first + 1);
	else
		put_run(t, first - 1, last);
	imap_put(s, S(")"));
}

static void put_esort(struct sorting *t, const struct imap_search *given)
{
	unsigned returns = given->returns;
	struct imap *s = t->s;

	imap_put(s, S("* ESEARCH (TAG "));
	imap_put_string(s, s->tag);
	imap_put(s, s->is_uid ? S(") UID") : S(")"));
	if ((returns & IMAP_RETURN_MIN) != 0 && t->count > 0)
		imap_put_format(s, " MIN %" PRIu32, sorting_number(t, t->rows[0].uid));
	if ((returns & IMAP_RETURN_MAX) != 0 && t->count > 0)
		imap_put_format(s, " MAX %" PRIu32, sorting_number(t, t->rows[t->count - 1].uid));
	if ((returns & IMAP_RETURN_COUNT) != 0)
		imap_put_format(s, " COUNT %zu", t->count);
	if ((returns & IMAP_RETURN_ALL) != 0 && t->count > 0) {
		imap_put(s, S(" ALL "));
		put_run(t, 0, t->count);
	}
	if ((returns & IMAP_RETURN_PARTIAL) != 0)
		put_partial(t, &given->partial);
	imap_put(s, S("\r\n"));
}

static enum next sort_run(struct imap *s, const struct imap_search *given, struct search *q)
{
	struct error e = { .fault = FAULT_NONE };
	struct sorting t;
	enum next next;

	sorting_begin(&t, s, given->sort, given->sort_count);
	if (!search_run(q, sorting_found, &t, &e)) {
		next = imap_failed(s, &e);
	} else if (t.is_short) {
		next = imap_no(s, S("[LIMIT] Too many messages to sort"));
	} else {
		sorting_sort(&t);
		if (given->has_return)
			put_esort(&t, given);
		else
			put_sort(&t);
		next = imap_ok(s, S("That is all"));
	}
	sorting_done(&t);
	return next;
}

enum next imap_sort(struct imap *s, struct slice args)
{
	const unsigned not_offered = IMAP_RETURN_UPDATE | IMAP_RETURN_CONTEXT | IMAP_RETURN_SAVE;
	struct imap_search given;
	struct search q;
	enum next next;

	if (!imap_sort_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	if ((given.returns & not_offered) != 0)
		return imap_bad(s, S("SAVE, UPDATE and CONTEXT are not offered with SORT"));
	if (search_begin(&q, s, given.key, &next))
		next = sort_run(s, &given, &q);
	search_done(&q);
	return next;
}
