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

static bool found_sorted(struct result *r, struct search *q, struct error *e)
{
	struct sorting t;
	bool is_good;

	sorting_begin(&t, r->s, r->given->sort, r->given->sort_count);
	t.result = r;
	is_good = search_run(q, sorting_found, &t, e) && !t.is_short && !r->is_short;
	if (is_good) {
		sorting_sort(&t);
		is_good = order_take(&t, r);
	}
	sorting_done(&t);
	return is_good;
}

enum next imap_sort(struct imap *s, struct slice args)
{
	static const struct search_kind kind = { imap_sort_parse, found_sorted,
		S_INIT("[LIMIT] Too many messages to sort") };

	return search_command(s, &kind, args);
}
