/* SPDX-License-Identifier: MIT */
#include "session/imap/context.h"
#include "session/imap/fetch.h"
#include "session/imap/sort.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_PAGE_ROWS = 500 };

/* What became of one context. */
struct change {
	struct imap *s;
	struct context *c;
	struct uids removed, added;
	struct slice mailbox;
	bool has_head; /* the answer's beginning was said */
};

/* ---- Which messages have to be looked at again ---- */

/* Those whose flags changed after contexts.modseq, of the UIDs that the view saw touched. */
static bool add_touched(struct imap *s, struct uids *ret, struct error *e)
{
	const struct view *v = &s->view;
	auto_uids range = { 0 }, within = { 0 };
	ON_EXIT(imap_walk_done)
	struct imap_walk walk = { .folder = v->folder,
		.uids = &within,
		.changed_since = s->contexts.modseq,
		.limit = LOOK_PAGE_ROWS };

	if (v->touched_first == 0)
		return true;
	if (!uids_append(&range, v->touched_first, v->touched_last) ||
		!uids_common(&range, &v->uids, &within))
		return fail(e, FAULT_LATER, "look for updates: out of memory");
	do {
		if (!imap_walk_page(&walk, e))
			return false;
		for (size_t i = 0; i < walk.page.count; i++)
			if (!uids_append(ret, walk.page.at[i].uid, walk.page.at[i].uid))
				return fail(e, FAULT_LATER, "look for updates: out of memory");
	} while (walk.page.count > 0);
	return true;
}

/* New ones; and what "*" was or is, in a UID set. */
static bool add_new(struct imap *s, struct uids *ret)
{
	const struct uids *all = &s->view.uids;
	uint32_t last = uids_last(all);
	auto_uids range = { 0 }, newcomers = { 0 };

	if (last >= s->contexts.uid_next && !uids_append(&range, s->contexts.uid_next, last))
		return false;
	if (last != s->contexts.uid_last &&
		!((last == 0 || uids_append(&range, last, last)) &&
			(s->contexts.uid_last == 0 ||
				uids_append(&range, s->contexts.uid_last, s->contexts.uid_last))))
		return false;
	return uids_common(&range, all, &newcomers) && uids_join(ret, &newcomers, ret);
}

static bool messages_to_look_at(struct imap *s, struct uids *ret, struct error *e)
{
	auto_uids look = { 0 };

	if (!add_touched(s, &look, e))
		return false;
	if (!add_new(s, &look) || !uids_without(&look, &s->view.gone, ret))
		return fail(e, FAULT_LATER, "look for updates: out of memory");
	return true;
}

/* ---- What is to be said ---- */

static void begin_answer(struct change *h)
{
	if (!h->has_head)
		result_put_head(h->s, slice_of(h->c->tag), h->mailbox, &h->s->view, h->c->is_uid);
	h->has_head = true;
}

static uint32_t number_of(const struct change *h, uint32_t uid)
{
	return h->c->is_uid ? uid : uids_seq(&h->s->view.uids, uid);
}

/* SEARCH: place 0, and the client finds the places itself. */
static void put_uids_at_0(struct change *h, struct slice word, const struct uids *uids)
{
	struct imap_set_writer w = { .out = &h->s->out };
	bool is_good = true;

	if (uids->count == 0)
		return;
	begin_answer(h);
	imap_put(h->s, word);
	imap_put(h->s, S(" (0 "));
	for (size_t i = 0; i < uids->count; i++)
		for (uint64_t uid = uids->at[i].first; uid <= uids->at[i].last && is_good; uid++) {
			is_good = imap_set_add(&w, number_of(h, (uint32_t)uid));
			imap_wrote(h->s, is_good);
		}
	imap_wrote(h->s, is_good && imap_set_finish(&w));
	imap_put(h->s, S(")"));
}

/* ---- SORT: with places ---- */

/* "REMOVEFROM (7 5,3 2 9)": runs of neighbours from the last to the first, so that no place moves before it is said. */
static void sorted_remove(struct change *h)
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
		begin_answer(h);
		imap_put_format(h->s, "%s%zu ", before, from + 1);
		before = " ";
		for (size_t i = from; i < end && is_good; i++)
			is_good = imap_set_add(&w, number_of(h, c->order[i]));
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
static bool row_of(
	struct change *h, struct sorting *t, uint32_t uid, struct sort_row *ret, bool *ret_is_there)
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
static bool place_find(
	struct change *h, struct sorting *t, const struct sort_row *row, size_t count, size_t *ret)
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
static bool sorted_insert(struct change *h, uint32_t uid, size_t count, size_t *ret_place)
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
static bool sorted_add(struct change *h)
{
	struct imap_set_writer w = { .out = &h->s->out };
	size_t count = uids_size(&h->c->found), next = SIZE_MAX, place;
	auto_uids added = { 0 };
	bool is_good = true;

	for (size_t i = 0; i < h->added.count; i++)
		for (uint64_t uid = h->added.at[i].first; uid <= h->added.at[i].last; uid++) {
			if (!sorted_insert(h, (uint32_t)uid, count, &place))
				continue;
			if (place != next) {
				is_good = is_good && imap_set_finish(&w);
				begin_answer(h);
				imap_put_format(h->s, next == SIZE_MAX ? " ADDTO (%zu " : " %zu ",
					place + 1);
				w = (struct imap_set_writer){ .out = &h->s->out };
			}
			is_good = is_good && imap_set_add(&w, number_of(h, (uint32_t)uid)) &&
				  uids_append(&added, (uint32_t)uid, (uint32_t)uid);
			next = place + 1;
			count++;
		}
	imap_wrote(h->s, is_good && imap_set_finish(&w));
	if (next != SIZE_MAX)
		imap_put(h->s, S(")"));
	return uids_copy(&added, &h->added);
}

/* ---- One context ---- */

static bool on_found(void *context, struct search *q)
{
	return uids_append(context, q->entry->uid, q->entry->uid);
}

/* What was found before and is not now, or is gone; and what is found now and was not. */
static bool change_find(struct change *h, const struct uids *look, struct error *e)
{
	struct context *c = h->c;
	auto_uids now = { 0 }, before = { 0 }, lost = { 0 }, gone = { 0 };

	if (!search_renew(&c->q, e) || !search_among(&c->q, look, on_found, &now, e))
		return false;
	if (uids_common(look, &c->found, &before) && uids_without(&before, &now, &lost) &&
		uids_common(&c->found, &h->s->view.gone, &gone) &&
		uids_join(&lost, &gone, &h->removed) && uids_without(&now, &c->found, &h->added))
		return true;
	return fail(e, FAULT_LATER, "look for updates: out of memory");
}

/* RFC 5465 7: of messages that are new, not of those whose flags brought them in. */
static bool fetch_added(struct change *h)
{
	const struct context *c = h->c;
	uint32_t last = uids_last(&h->added);
	auto_uids range = { 0 }, new = { 0 };

	if (!c->given.has_update_items || last < h->s->contexts.uid_next)
		return true;
	if (!uids_append(&range, h->s->contexts.uid_next, last) ||
		!uids_common(&range, &h->added, &new))
		return false;
	if (new.count > 0)
		imap_fetch_new(h->s, &c->given.update_items, &new);
	return true;
}

static bool change_tell(struct change *h, struct error *e)
{
	struct context *c = h->c;
	bool is_sort = c->given.sort_count > 0, is_good;

	if (!fetch_added(h))
		return fail(e, FAULT_LATER, "tell updates: out of memory");
	if (c->is_of_esearch && (h->removed.count > 0 || h->added.count > 0))
		h->mailbox = context_mailbox(h->s);
	if (is_sort)
		sorted_remove(h);
	else
		put_uids_at_0(h, S(" REMOVEFROM"), &h->removed);
	is_good = uids_take_away(&c->found, &h->removed);
	if (is_good && is_sort)
		is_good = sorted_add(h);
	else
		put_uids_at_0(h, S(" ADDTO"), &h->added);
	if (h->has_head)
		imap_put(h->s, S("\r\n"));
	is_good = is_good && uids_join(&c->found, &h->added, &c->found);
	return is_good || fail(e, FAULT_GONE, "tell updates: out of memory");
}

static bool context_update(
	struct imap *s, struct context *c, const struct uids *look, struct error *e)
{
	struct change h = { .s = s, .c = c };
	bool is_good;

	/* RFC 9586 3: from ENABLE UIDONLY on there are no message numbers. */
	c->is_uid = c->is_uid || imap_is_uid_only(s);
	is_good = change_find(&h, look, e) && change_tell(&h, e);
	search_rest(&c->q);
	uids_done(&h.removed);
	uids_done(&h.added);
	return is_good;
}

/* ---- All of them ---- */

static bool has_changes(const struct imap *s)
{
	const struct view *v = &s->view;

	return v->touched_first != 0 || v->gone.count > 0 || v->uid_next != s->contexts.uid_next;
}

static bool update_all(struct imap *s, struct error *e)
{
	auto_uids look = { 0 };

	if (!messages_to_look_at(s, &look, e))
		return false;
	for (struct context *c = s->contexts.first; c != NULL; c = c->next)
		if (!context_update(s, c, &look, e))
			return false;
	s->view.touched_first = s->view.touched_last = 0;
	s->contexts.modseq = s->view.exact_modseq;
	s->contexts.uid_next = s->view.uid_next;
	s->contexts.uid_last = uids_last(&s->view.uids);
	return true;
}

bool contexts_tell(struct imap *s)
{
	struct error e = { .fault = FAULT_NONE };
	struct view_news news;

	if (s->contexts.first == NULL)
		return true;
	/* What failed is looked at again with the next news; what was told and not kept ends the session. */
	if (has_changes(s) && !update_all(s, &e)) {
		imap_note_failure(s, &e);
		if (e.fault == FAULT_GONE)
			return false;
		error_clear(&e);
	}
	if (!s->may_expunge)
		return true;
	if (!view_tell_gone(&s->view, &s->arena, &news, &e)) {
		imap_note_failure(s, &e);
		return true;
	}
	imap_put_gone(s, &news);
	return true;
}
