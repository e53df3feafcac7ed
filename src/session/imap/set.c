/* SPDX-License-Identifier: MIT */
#include "session/imap/imap.h"

#include "syntax/imap_fetch.h"

#include <inttypes.h>

enum {
	WALK_GAP_UIDS = 64, /* so many unwanted entries are read rather than looked for anew */
};

/* ---- Sets ---- */

bool imap_numbers_add(
	const struct uids *all, uint32_t seq_first, uint32_t seq_last, struct uids *ret)
{
	while (seq_first <= seq_last) {
		uint32_t uid = uids_at(all, seq_first), last = uids_at(all, seq_last);
		uint32_t span = seq_last - seq_first;

		/* The run of UIDs without a gap from here on, found by halving. */
		while (last - uid != span) {
			span /= 2;
			last = uids_at(all, seq_first + span);
		}
		if (!uids_append(ret, uid, last))
			return false;
		seq_first += span + 1;
	}
	return true;
}

/* A number that was written must exist; what "*" brings in is the last message. */
static bool numbers_exist(struct imap_set set, uint32_t exists)
{
	for (size_t i = 0; i < set.count; i++) {
		const struct imap_range *range = &set.at[i];

		if (range->last != IMAP_STAR && range->last > exists)
			return false;
	}
	return true;
}

static bool ranges_add(const struct uids *all, struct imap_set set, bool is_uid, struct uids *ret)
{
	uint32_t exists = uids_size(all);
	auto_uids asked = { 0 };

	for (size_t i = 0; i < set.count; i++) {
		struct imap_range range = set.at[i];

		if (is_uid) {
			if (!uids_append(&asked, range.first, range.last))
				return false;
			continue;
		}
		range.last = range.last < exists ? range.last : exists;
		if (range.first <= range.last &&
			!imap_numbers_add(all, range.first, range.last, ret))
			return false;
	}
	return !is_uid || uids_common(&asked, all, ret);
}

bool imap_set_uids(const struct imap *s, const struct uids *all, struct imap_set set, bool is_uid,
	struct arena *a, struct uids *ret)
{
	uint32_t largest = is_uid ? uids_last(all) : uids_size(all);
	struct imap_set clean;

	if (set.is_saved)
		return uids_common(&s->saved, all, ret);
	return imap_set_resolve(set, largest, a, &clean) && ranges_add(all, clean, is_uid, ret);
}

bool imap_set_take(struct imap *s, struct imap_set set, struct uids *ret, enum next *ret_next)
{
	const struct uids *all = &s->view.uids;

	if (!s->is_uid && !set.is_saved && !numbers_exist(set, uids_size(all))) {
		*ret_next = imap_bad(s, S("There is no message with that number"));
		return false;
	}
	if (imap_set_uids(s, all, set, s->is_uid, &s->arena, ret))
		return true;
	*ret_next = imap_no(s, S("[LIMIT] That set is too long"));
	return false;
}

void imap_put_uids(struct imap *s, const struct uids *uids)
{
	for (size_t i = 0; i < uids->count; i++) {
		const struct uid_range *range = &uids->at[i];

		imap_put_format(s, i > 0 ? ",%" PRIu32 : "%" PRIu32, range->first);
		if (range->last > range->first)
			imap_put_format(s, ":%" PRIu32, range->last);
	}
}

/* ---- PARTIAL ---- */

bool imap_partial_bounds(
	const struct imap_partial *p, uint32_t size, uint32_t *ret_first, uint32_t *ret_last)
{
	uint32_t first = p->first, last = p->last < size ? p->last : size;

	if (first > size)
		return false;
	*ret_first = p->is_from_end ? size - last + 1 : first;
	*ret_last = p->is_from_end ? size - first + 1 : last;
	return true;
}

bool imap_partial_of(const struct imap_partial *p, const struct uids *all, struct uids *ret)
{
	uint32_t first, last;

	return !imap_partial_bounds(p, uids_size(all), &first, &last) ||
	       imap_numbers_add(all, first, last, ret);
}

/* ---- Walks ---- */

/* The first wanted UID above `after`, and the last of its neighbourhood; false at the end. */
static bool walk_next_run(const struct imap_walk *w, uint32_t *ret_first, uint32_t *ret_last)
{
	const struct uids *u = w->uids;
	uint32_t rank = uids_rank(u, w->after);
	size_t from = 0, to = u->count;

	if (rank >= uids_size(u))
		return false;
	while (from < to) { /* the first range that reaches above `after` */
		size_t middle = from + (to - from) / 2;

		if (u->at[middle].last > w->after)
			to = middle;
		else
			from = middle + 1;
	}
	*ret_first = u->at[from].first > w->after ? u->at[from].first : w->after + 1;
	while (from + 1 < u->count && u->at[from + 1].first - u->at[from].last <= WALK_GAP_UIDS)
		from++;
	*ret_last = u->at[from].last;
	return true;
}

/* Keeps the wanted ones of the page, in their order. */
static void walk_filter(struct imap_walk *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->page.count; i++)
		if (uids_has(w->uids, w->page.at[i].uid))
			w->page.at[kept++] = w->page.at[i];
	w->page.count = kept;
}

bool imap_walk_page(struct imap_walk *w, struct error *e)
{
	uint32_t first, last;

	w->page.count = 0;
	while (walk_next_run(w, &first, &last)) { /* each turn moves `after` */
		struct folder_scan scan = { .after = first - 1,
			.last = last,
			.changed_since = w->changed_since,
			.limit = w->limit };

		if (!folder_scan(w->folder, &scan, &w->page, e))
			return false;
		w->after = w->page.is_last || w->page.count == 0
				   ? last
				   : w->page.at[w->page.count - 1].uid;
		walk_filter(w);
		if (w->page.count > 0)
			return true;
	}
	return true;
}

void imap_walk_done(struct imap_walk *w)
{
	entry_page_done(&w->page);
}
