/* SPDX-License-Identifier: MIT */
#include "mail/uids.h"

#include <stdlib.h>
#include <string.h>

void uids_done(struct uids *u)
{
	free(u->at);
	*u = (struct uids){ 0 };
}

void uids_clear(struct uids *u)
{
	u->count = 0;
}

uint32_t uids_size(const struct uids *u)
{
	const struct uid_range *last = u->count > 0 ? &u->at[u->count - 1] : NULL;

	return last == NULL ? 0 : last->before + (last->last - last->first) + 1;
}

/* Index of the first range that ends at or after the UID; count when there is none. */
static size_t find_uid(const struct uids *u, uint32_t uid)
{
	size_t from = 0, to = u->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (u->at[middle].last < uid)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

bool uids_has(const struct uids *u, uint32_t uid)
{
	size_t i = find_uid(u, uid);

	return i < u->count && u->at[i].first <= uid;
}

uint32_t uids_rank(const struct uids *u, uint32_t uid)
{
	size_t i = find_uid(u, uid);

	if (i == u->count)
		return uids_size(u);
	return u->at[i].before + (u->at[i].first <= uid ? uid - u->at[i].first + 1 : 0);
}

uint32_t uids_seq(const struct uids *u, uint32_t uid)
{
	return uids_has(u, uid) ? uids_rank(u, uid) : 0;
}

uint32_t uids_at(const struct uids *u, uint32_t seq)
{
	size_t from = 0, to = u->count;

	if (seq == 0 || seq > uids_size(u))
		return 0;
	/* The last range with before < seq. */
	while (to - from > 1) {
		size_t middle = from + (to - from) / 2;

		if (u->at[middle].before < seq)
			from = middle;
		else
			to = middle;
	}
	return u->at[from].first + (seq - u->at[from].before - 1);
}

uint32_t uids_last(const struct uids *u)
{
	return u->count == 0 ? 0 : u->at[u->count - 1].last;
}

static bool append_below(struct uids *u, uint32_t first, uint32_t last)
{
	struct uid_range range = { .first = first, .last = last };
	const struct uids more = { .at = &range, .count = 1 };

	return uids_join(u, &more, u);
}

bool uids_append(struct uids *u, uint32_t first, uint32_t last)
{
	invariant(first > 0 && first <= last);
	if (first <= uids_last(u))
		return append_below(u, first, last);
	if (u->count > 0 && u->at[u->count - 1].last == first - 1) {
		u->at[u->count - 1].last = last;
		return true;
	}
	if (u->count == u->room) {
		size_t room = 2 * u->room + 4;
		struct uid_range *at = realloc(u->at, room * sizeof *at);

		if (at == NULL)
			return false;
		u->at = at;
		u->room = room;
	}
	u->at[u->count] = (struct uid_range){ first, last, uids_size(u) };
	u->count++;
	return true;
}

/* Walks over both sets and keeps of `a` what is (or is not) in `b`. */
static bool uids_merge(
	const struct uids *a, const struct uids *b, bool wants_common, struct uids *ret)
{
	struct uids merged = { 0 };
	size_t k = 0;

	for (size_t i = 0; i < a->count; i++) {
		uint64_t at = a->at[i].first, end = (uint64_t)a->at[i].last + 1;

		while (at < end) {
			uint64_t part_end = end;
			bool is_in;

			while (k < b->count && b->at[k].last < at)
				k++;
			is_in = k < b->count && b->at[k].first <= at;
			if (is_in && (uint64_t)b->at[k].last + 1 < end)
				part_end = (uint64_t)b->at[k].last + 1;
			else if (!is_in && k < b->count && b->at[k].first < end)
				part_end = b->at[k].first;
			if (is_in == wants_common &&
				!uids_append(&merged, (uint32_t)at, (uint32_t)(part_end - 1))) {
				uids_done(&merged);
				return false;
			}
			at = part_end;
		}
	}
	uids_done(ret);
	*ret = merged;
	return true;
}

bool uids_common(const struct uids *a, const struct uids *b, struct uids *ret)
{
	return uids_merge(a, b, true, ret);
}

bool uids_without(const struct uids *a, const struct uids *b, struct uids *ret)
{
	return uids_merge(a, b, false, ret);
}

bool uids_take_away(struct uids *u, const struct uids *gone)
{
	return gone->count == 0 || uids_merge(u, gone, false, u);
}

bool uids_join(const struct uids *a, const struct uids *b, struct uids *ret)
{
	struct uids joined = { 0 };
	size_t i = 0, k = 0;

	while (i < a->count || k < b->count) {
		const struct uid_range *r;
		uint32_t first;

		if (k == b->count || (i < a->count && a->at[i].first <= b->at[k].first))
			r = &a->at[i++];
		else
			r = &b->at[k++];
		/* What overlaps was added already. */
		if (r->last <= uids_last(&joined))
			continue;
		first = r->first > uids_last(&joined) ? r->first : uids_last(&joined) + 1;
		if (!uids_append(&joined, first, r->last)) {
			uids_done(&joined);
			return false;
		}
	}
	uids_done(ret);
	*ret = joined;
	return true;
}

bool uids_copy(const struct uids *from, struct uids *ret)
{
	struct uid_range *at = malloc(from->count * sizeof *at + 1);

	if (at == NULL)
		return false;
	if (from->count > 0)
		memcpy(at, from->at, from->count * sizeof *at);
	uids_done(ret);
	*ret = (struct uids){ .at = at, .count = from->count, .room = from->count };
	return true;
}

bool uids_of(const uint32_t *uids, size_t count, struct uids *ret)
{
	for (size_t i = 0; i < count; i++) {
		if (!uids_append(ret, uids[i], uids[i]))
			return false;
	}
	return true;
}
