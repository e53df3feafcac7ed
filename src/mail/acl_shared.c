/* SPDX-License-Identifier: MIT */
/* Which mailboxes of others somebody may look up. */
#include "mail/acl_parts.h"

#include "mail/directory.h"

#include <stdlib.h>

/* Owners of what he is given, each once after owners_sort(). */
struct owners {
	struct share *at;
	size_t count, room;
	struct arena *arena;
};

static bool short_of_memory(struct error *e)
{
	return fail(e, FAULT_LATER, "list shared mailboxes: out of memory");
}

static void owners_done(struct owners *o)
{
	free(o->at);
}

static bool owner_add(struct owners *o, const struct share *share)
{
	if (o->count > 0 && id_same(o->at[o->count - 1].owner, share->owner))
		return true;
	if (o->count == o->room) {
		size_t room = 2 * o->room + 16;
		struct share *more = realloc(o->at, room * sizeof *more);

		if (more == NULL)
			return false;
		o->at = more;
		o->room = room;
	}
	o->at[o->count] = *share;
	o->at[o->count].owner_address = arena_copy(o->arena, share->owner_address);
	return o->at[o->count++].owner_address.at != NULL;
}

/* A damaged row is left out here; `mailvisor check` tells of it. */
static bool owners_read(struct mail *m, struct id who, struct owners *o, struct error *e)
{
	ON_EXIT(store_page_done) struct store_page page = { 0 };
	struct key partition = key_of_id('g', who);
	struct store_scan scan = { .partition = key_slice(&partition),
		.expect = STORE_ANY_VERSION,
		.limit = LIMIT_SCAN_ROWS };
	char after[LIMIT_KEY_BYTES];
	struct share share;

	do {
		if (!store_scan(m->store, &scan, &page, e))
			return false;
		for (size_t i = 0; i < page.row_count; i++)
			if (share_decode(page.rows[i].value, &share) && !owner_add(o, &share))
				return short_of_memory(e);
		if (page.row_count > 0) {
			struct slice last = page.rows[page.row_count - 1].key;

			memcpy(after, last.at, last.len);
			scan.after = (struct slice){ after, last.len };
		}
	} while (!page.is_last && page.row_count > 0);
	return true;
}

static int owner_order(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return memcmp(&x->owner, &y->owner, sizeof x->owner);
}

static void owners_sort(struct owners *o)
{
	size_t kept = 0;

	if (o->count > 0)
		qsort(o->at, o->count, sizeof *o->at, owner_order);
	for (size_t i = 0; i < o->count; i++)
		if (kept == 0 || !id_same(o->at[kept - 1].owner, o->at[i].owner))
			o->at[kept++] = o->at[i];
	o->count = kept;
}

struct found {
	struct acl_shared *at;
	size_t count, room;
	struct arena *arena;
};

static bool found_add(
	struct found *f, const struct share *share, const struct mailbox *box, unsigned rights)
{
	if (f->count == f->room) {
		size_t room = 2 * f->room + 16;
		struct acl_shared *more = arena_take(f->arena, room * sizeof *more);

		if (more == NULL)
			return false;
		if (f->count > 0)
			memcpy(more, f->at, f->count * sizeof *more);
		f->at = more;
		f->room = room;
	}
	f->at[f->count] = (struct acl_shared){ .box = *box,
		.owner = share->owner,
		.owner_address = share->owner_address,
		.rights = rights };
	f->at[f->count].box.name = arena_copy(f->arena, box->name);
	f->at[f->count].box.acl = NULL;
	/* What it is for, and who subscribed it, is about its owner. */
	f->at[f->count].box.is_subscribed = false;
	f->at[f->count].box.uses = 0;
	return f->at[f->count++].box.name.at != NULL;
}

/* The address may be somebody else's by now. */
static bool is_still(struct mail *m, const struct share *share, bool *ret, struct error *e)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct account account;

	if (!account_get(m->directory, share->owner_address, &a, &account, ret, e))
		return false;
	*ret = *ret && id_same(account.id, share->owner);
	return true;
}

static bool owner_look(struct mail *m, const struct share *share, const struct acl_reader *who,
	struct found *f, struct error *e)
{
	ON_EXIT(snapshot_done) struct snapshot s = { .all = m->mailboxes };
	bool is_there;

	if (id_same(share->owner, who->account))
		return true;
	if (!is_still(m, share, &is_there, e))
		return false;
	if (!is_there)
		return true;
	if (!names_get(m->mailboxes, share->owner, &s.names, e))
		return false;
	for (size_t i = 0; i < s.names->count; i++) {
		const struct mailbox *box = &s.names->at[i];
		unsigned rights = id_is_zero(box->id) ? 0 : acl_rights(box->acl, who);

		if ((rights & IMAP_RIGHT_LOOKUP) != 0 && !found_add(f, share, box, rights))
			return short_of_memory(e);
	}
	return true;
}

bool acl_list_shared(struct mail *m, const struct acl_reader *who, struct arena *a,
	struct acl_shared **ret, size_t *ret_count, struct error *e)
{
	ON_EXIT(owners_done) struct owners owners = { .arena = a };
	struct found found = { .arena = a };

	if (!owners_read(m, who->account, &owners, e) || !owners_read(m, who->domain, &owners, e))
		return false;
	owners_sort(&owners);
	for (size_t i = 0; i < owners.count; i++)
		if (!owner_look(m, &owners.at[i], who, &found, e))
			return false;
	*ret = found.at;
	*ret_count = found.count;
	return true;
}
