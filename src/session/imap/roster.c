/* SPDX-License-Identifier: MIT */
#include "session/imap/roster.h"

#include "syntax/imap_name.h"

void roster_done(struct roster *r)
{
	arena_done(&r->arena);
	*r = (struct roster){ 0 };
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
		return fail(e, FAULT_LATER, "list mailboxes: out of memory");
	for (size_t i = 0; i < count; i++)
		r->at[r->count++] = (struct roster_row){ .box = own[i],
			.account = s->client.account_id,
			.rights = id_is_zero(own[i].id) ? 0 : IMAP_RIGHT_ALL };
	return true;
}

bool roster_read(struct imap *s, struct roster *ret, struct error *e)
{
	*ret = (struct roster){ .arena = { .max = ROSTER_ARENA_BYTES } };
	return read_own(s, ret, e);
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
