/* SPDX-License-Identifier: MIT */
#include "session/imap/context.h"
#include "session/imap/sort.h"

#include <stdlib.h>
#include <string.h>

/* "REMOVEFROM (7 5,3 2 9)": runs of neighbours from the last to the first, so that no place moves before it is said. */
void context_order_remove(struct context_change *h)
{
	struct context *c = h->c;
	size_t count = uids_size(&c->found), kept = 0;
	const char *before = " REMOVEFROM (";

	for (size_t end = count; end > 0 && h->removed.count > 0;) {
		struct imap_set_writer w = { .out = &h->s->out };
		size_t from = end;
		bool is_good = true;

		while (from > 0 && uids_has(&h->removed, c->order[from - 1]))
			from--;
		if (from == end) {
			end--;
			continue;
		}
		context_answer(h);
		imap_put_format(h->s, "%s%zu ", before, from + 1);
		before = " ";
		for (size_t i = from; i < end && is_good; i++)
			is_good = imap_set_add(&w, context_number(h, c->order[i]));
		imap_wrote(h->s, is_good && imap_set_finish(&w));
		end = from;
	}
	for (size_t i = 0; i < count; i++)
		if (!uids_has(&h->removed, c->order[i]))
			c->order[kept++] = c->order[i];
	if (kept < count)
		imap_put(h->s, S(")"));
}

/* The row of one message; *ret_is_there false: it cannot be read any more. */
static bool row_of(struct context_change *h, struct sorting *t, uint32_t uid, struct sort_row *ret,
	bool *ret_is_there)
{
	ON_EXIT(entry_page_done) struct entry_page page = { 0 };
	struct error e = { .fault = FAULT_NONE };
	struct search *q = &h->c->q;
	bool is_good = true;

	*ret_is_there = false;
	if (!folder_find(h->s->view.folder, uid, &page, ret_is_there, &e) || !*ret_is_there) {
		error_clear(&e);
		*ret_is_there = false;
		return true;
	}
	search_rest(q); /* records are read upwards only */
	search_look_at(q, &page.at[0], uid);
	if (sorting_row(t, q, ret, &e))
		return true;
	if (e.fault != FAULT_NONE)
		imap_note_failure(h->s, &e);
	else
		is_good = false;
	*ret_is_there = false;
	return is_good;
}

/* Before which of the `count` first of the order it belongs. Messages that went away meanwhile are passed over; they will be
 * taken out soon. False: no memory. */
static bool place_find(struct context_change *h, struct sorting *t, const struct sort_row *row,
	size_t count, size_t *ret)
{
	size_t from = 0, to = count;

	while (from < to) {
		size_t middle = from + (to - from) / 2, at = middle;
		struct sort_row other;
		bool is_there = false;

		while (at < to && !is_there)
			if (!row_of(h, t, h->c->order[at++], &other, &is_there))
				return false;
		if (is_there && sorting_order(t, &other, row) < 0)
			from = at;
		else
			to = middle;
	}
	*ret = from;
	return true;
}

/* Where it came to stand; false: it was left out (gone, or no memory). */
static bool order_insert(struct context_change *h, uint32_t uid, size_t count, size_t *ret_place)
{
	struct context *c = h->c;
	struct sorting t;
	struct sort_row row;
	bool is_there = false, is_good;

	sorting_begin(&t, h->s, c->given.sort, c->given.sort_count);
	is_good = row_of(h, &t, uid, &row, &is_there) && is_there &&
		  place_find(h, &t, &row, count, ret_place);
	sorting_done(&t);
	if (is_good && count == c->room) {
		uint32_t *order = realloc(c->order, 2 * c->room * sizeof *order);

		is_good = order != NULL;
		c->order = is_good ? order : c->order;
		c->room = is_good ? 2 * c->room : c->room;
	}
	if (!is_good)
		return false;
	memmove(c->order + *ret_place + 1, c->order + *ret_place,
		(count - *ret_place) * sizeof *c->order);
	c->order[*ret_place] = uid;
	return true;
}

/* "ADDTO (3 7,2 9 1)": each at its place when those before it are in theirs. What could not be read is not added. */
bool context_order_add(struct context_change *h)
{
	struct imap_set_writer w = { .out = &h->s->out };
	size_t count = uids_size(&h->c->found), next = SIZE_MAX, place;
	auto_uids added = { 0 };
	bool is_good = true;

	for (size_t i = 0; i < h->added.count; i++)
		for (uint64_t uid = h->added.at[i].first; uid <= h->added.at[i].last; uid++) {
			if (!order_insert(h, (uint32_t)uid, count, &place))
				continue;
			if (place != next) {
				is_good = is_good && imap_set_finish(&w);
				context_answer(h);
				imap_put_format(h->s, next == SIZE_MAX ? " ADDTO (%zu " : " %zu ",
					place + 1);
				w = (struct imap_set_writer){ .out = &h->s->out };
			}
			is_good = is_good && imap_set_add(&w, context_number(h, (uint32_t)uid)) &&
				  uids_append(&added, (uint32_t)uid, (uint32_t)uid);
			next = place + 1;
			count++;
		}
	imap_wrote(h->s, is_good && imap_set_finish(&w));
	if (next != SIZE_MAX)
		imap_put(h->s, S(")"));
	return uids_copy(&added, &h->added);
}
