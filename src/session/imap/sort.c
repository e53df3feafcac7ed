/* SPDX-License-Identifier: MIT */
#include "session/imap/sort.h"
#include "session/imap/context.h"

#include <stdlib.h>

/* The rows' order becomes the result's. */
static bool order_take(struct sorting *t, struct result *r)
{
	r->order = malloc((t->count + 1) * sizeof *r->order);
	if (r->order == NULL)
		return false;
	for (size_t i = 0; i < t->count; i++)
		r->order[i] = t->rows[i].uid;
	if (t->count > 0) {
		r->modseq_first = t->rows[0].modseq;
		r->modseq_last = t->rows[t->count - 1].modseq;
	}
	return true;
}

static enum next sort_run(struct result *r, struct search *q, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };
	struct imap *s = r->s;
	struct sorting t;
	bool is_good;

	sorting_begin(&t, s, r->given->sort, r->given->sort_count);
	t.result = r;
	is_good = search_run(q, sorting_found, &t, &e) && !t.is_short && !r->is_short;
	if (is_good) {
		sorting_sort(&t);
		is_good = order_take(&t, r);
	}
	sorting_done(&t);
	if (is_good) {
		context_begin(r, imap_sort_parse, args);
		is_good = result_save(r) && result_put(r);
	}
	if (is_good)
		return imap_ok(s, S("That is all"));
	result_forget(s, r->given);
	if (e.fault != FAULT_NONE)
		return imap_failed(s, &e);
	return imap_no(s, S("[LIMIT] Too many messages to sort"));
}

enum next imap_sort(struct imap *s, struct slice args)
{
	struct imap_search given;
	struct result r = { .s = s, .given = &given, .view = &s->view, .has_uids = s->is_uid };
	struct slice why;
	struct search q;
	enum next next;

	if (!imap_sort_parse(&s->parse, args, &given))
		return result_misparsed(s);
	if (!context_may_begin(s, &given, &next))
		return next;
	if (given.has_modseq)
		s->enabled |= IMAP_ENABLED_CONDSTORE;
	why = search_begin(&q, s, &s->view, given.key);
	if (why.len > 0)
		result_forget(s, &given);
	next = why.len > 0 ? search_refused(s, why) : sort_run(&r, &q, args);
	search_done(&q);
	result_done(&r);
	return next;
}
