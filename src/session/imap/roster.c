/* SPDX-License-Identifier: MIT */
#include "session/imap/roster.h"

#include "base/limits.h"
#include "session/imap/place.h"
#include "syntax/imap_name.h"

#include <stdlib.h>
#include <string.h>

void roster_done(struct roster *r)
{
	arena_done(&r->arena);
	*r = (struct roster){ 0 };
}

static bool short_of_memory(struct error *e)
{
	return fail(e, FAULT_LATER, "list mailboxes: out of memory");
}

static bool read_own(struct imap *s, struct roster *r, struct error *e)
{
	struct mailbox *own;
	size_t count;

	if (!mailbox_list(s->client.host->mail, s->client.account_id, S(""), ROSTER_OWN_NAMES,
		    &r->arena, &own, &count, e))
		return false;
	r->at = arena_take(&r->arena, count * sizeof *r->at + 1);
	if (r->at == NULL)
		return short_of_memory(e);
	for (size_t i = 0; i < count; i++)
		r->at[r->count++] = (struct roster_row){ .box = own[i],
			.account = s->client.account_id,
			.rights = id_is_zero(own[i].id) ? 0 : IMAP_RIGHT_ALL };
	r->room = r->count;
	return true;
}

/* ---- Other people's ---- */

static bool row_add(struct roster *r, const struct roster_row *row)
{
	if (r->count == r->room) {
		size_t room = 2 * r->room + 32;
		struct roster_row *more = arena_take(&r->arena, room * sizeof *more);

		if (more == NULL)
			return false;
		if (r->count > 0)
			memcpy(more, r->at, r->count * sizeof *more);
		r->at = more;
		r->room = room;
	}
	r->at[r->count++] = *row;
	return true;
}

/* Levels above a name that are not above the one before it, too. */
static bool parents_add(struct roster *r, const struct roster_row *row, struct slice before)
{
	struct slice above = row->box.name;

	while (imap_name_parent(above, &above)) { /* bounded by the levels of the name */
		const struct roster_row parent = { .box = { .name = above, .has_children = true },
			.account = row->account };

		if (imap_name_is_below(before, above))
			return true;
		if (!row_add(r, &parent))
			return false;
	}
	return true;
}

static int row_order(const void *a, const void *b)
{
	const struct roster_row *x = a, *y = b;

	return slice_order(x->box.name, y->box.name);
}

/* Rows of one name become one. */
static void rows_merge(struct roster *r)
{
	size_t kept = 0;

	if (r->count > 0)
		qsort(r->at, r->count, sizeof *r->at, row_order);
	for (size_t i = 0; i < r->count; i++) {
		struct roster_row *last = kept > 0 ? &r->at[kept - 1] : NULL;
		struct roster_row row = r->at[i];

		if (last == NULL || !slice_same(last->box.name, row.box.name)) {
			r->at[kept++] = row;
			continue;
		}
		row.box.is_subscribed = row.box.is_subscribed || last->box.is_subscribed;
		row.box.has_children = row.box.has_children || last->box.has_children;
		last->box.is_subscribed = row.box.is_subscribed;
		last->box.has_children = row.box.has_children;
		if (!roster_is_box(last) && roster_is_box(&row))
			*last = row;
	}
	r->count = kept;
}

static bool read_others(struct imap *s, struct roster *r, struct error *e)
{
	const struct acl_reader *who;
	struct acl_shared *at;
	size_t count, own_count = r->count;
	struct slice before = S("");

	if (!place_reader(s, &who, e) ||
		!acl_list_shared(s->client.host->mail, who, &r->arena, &at, &count, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct roster_row row = {
			.box = at[i].box, .account = at[i].owner, .rights = at[i].rights
		};

		row.box.name = place_told(&r->arena, at[i].owner_address, at[i].box.name);
		row.box.has_children = false;
		/* Nobody could say such a name. */
		if (row.box.name.len > LIMIT_MAILBOX_NAME_BYTES)
			continue;
		if (row.box.name.at == NULL || !parents_add(r, &row, before) || !row_add(r, &row))
			return short_of_memory(e);
		before = row.box.name;
	}
	if (r->count > own_count)
		rows_merge(r);
	return true;
}

bool roster_read(struct imap *s, bool with_others, struct roster *ret, struct error *e)
{
	*ret = (struct roster){ .arena = { .max = ROSTER_ARENA_BYTES } };
	return read_own(s, ret, e) && (!with_others || read_others(s, ret, e));
}

size_t roster_from(const struct roster *r, struct slice name, bool is_below)
{
	size_t from = 0, to = r->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		struct slice it = r->at[middle].box.name;
		int order = slice_order(slice_first(it, name.len), name);

		/* What begins with the name: is it before the name with its '/'? */
		if (order == 0 && is_below)
			order = it.len == name.len || it.at[name.len] < IMAP_DELIMITER ? -1 : 1;
		else if (order == 0)
			order = 1;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

const struct roster_row *roster_find(const struct roster *r, struct slice name)
{
	size_t at = roster_from(r, name, false);

	return at < r->count && slice_same(r->at[at].box.name, name) ? &r->at[at] : NULL;
}
