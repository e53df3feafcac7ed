/* SPDX-License-Identifier: MIT */
/* From the rows of an account's partition to a sorted array of names. */
#include "mail/acl_parts.h"
#include "mail/mailbox_names.h"

#include "base/record.h"

#include <stdlib.h>

enum {
	NAME_VERSION = 1,
	NAMES_HEAD_VERSION = 1,
	READ_TRIES = 20, /* somebody changes the names while we turn the pages */
};

bool name_encode(const struct mailbox *m, struct buf *out)
{
	return record_u8(out, NAME_VERSION) && record_number(out, m->uses) &&
	       record_u64(out, m->created_ns) && record_text(out, m->name);
}

bool name_decode(struct slice key, struct slice value, struct mailbox *ret)
{
	struct cursor c = cursor_over(value);
	struct mailbox m = { 0 };

	if (record_read_u8(&c) != NAME_VERSION || key.len != ID_BYTES)
		return false;
	memcpy(m.id.bytes, key.at, ID_BYTES);
	m.uses = (unsigned)record_read_number(&c);
	m.created_ns = record_read_u64(&c);
	m.name = record_read_text(&c);
	if (!cursor_finished(&c) || m.name.len == 0 || m.name.len > LIMIT_MAILBOX_NAME_BYTES)
		return false;
	*ret = m;
	return true;
}

bool names_head_encode(uint32_t uid_validity, struct buf *out)
{
	return record_u8(out, NAMES_HEAD_VERSION) && record_number(out, uid_validity);
}

bool names_head_decode(struct slice value, uint32_t *ret)
{
	struct cursor c = cursor_over(value);

	if (record_read_u8(&c) != NAMES_HEAD_VERSION)
		cursor_break(&c);
	*ret = (uint32_t)record_read_number(&c);
	return cursor_finished(&c);
}

/* The rows as they come; texts are in the snapshot's arena. */
struct reading {
	struct names *names;
	struct mailbox *at;
	size_t count, room;
};

static void reading_done(struct reading *r)
{
	free(r->at);
}

static bool reading_add(struct reading *r, const struct mailbox *m)
{
	if (r->count == r->room) {
		size_t room = 2 * r->room + 32;
		struct mailbox *more = realloc(r->at, room * sizeof *more);

		if (more == NULL)
			return false;
		r->at = more;
		r->room = room;
	}
	r->at[r->count++] = *m;
	return true;
}

static int row_id_order(const void *key, const void *row)
{
	const struct mailbox *m = row;

	return memcmp(key, &m->id, sizeof m->id);
}

/* The rows of mailboxes came before, by id; the first is INBOX. A list whose mailbox is gone is nobody's. */
static bool acl_read(struct reading *r, struct slice key, struct slice value, bool *ret_damaged)
{
	struct names *n = r->names;
	struct mailbox *box = &r->at[0];
	struct acl *acl = arena_take(&n->arena, sizeof *acl);

	if (acl == NULL)
		return false;
	*ret_damaged = key.len != ID_BYTES || !acl_decode(value, &n->arena, acl);
	if (*ret_damaged)
		return true;
	if (memcmp(key.at, &box->id, ID_BYTES) != 0)
		box = n->mailbox_count == 0 ? NULL
					    : bsearch(key.at, r->at + 1, n->mailbox_count,
						      sizeof *r->at, row_id_order);
	if (box != NULL)
		box->acl = acl;
	return true;
}

static bool row_read(struct reading *r, const struct store_row *row, bool *ret_damaged)
{
	struct names *n = r->names;
	struct slice key = slice_skip(row->key, 1);
	struct mailbox m = { 0 };

	switch (row->key.len > 0 ? row->key.at[0] : '\0') {
	case 'h':
		*ret_damaged = !names_head_decode(row->value, &n->uid_validity);
		return true;
	case 'n':
		n->mailbox_count++;
		*ret_damaged = !name_decode(key, row->value, &m);
		break;
	case 'r':
		return acl_read(r, key, row->value, ret_damaged);
	case 's':
		n->subscription_count++;
		m.name = key;
		m.is_subscribed = true;
		break;
	default:
		return true;
	}
	if (*ret_damaged)
		return true;
	m.name = arena_copy(&n->arena, m.name);
	return m.name.at != NULL && reading_add(r, &m);
}

static bool page_read(
	struct reading *r, const struct store_page *page, struct id account, struct error *e)
{
	char text[ID_TEXT_BYTES + 1];

	for (size_t i = 0; i < page->row_count; i++) {
		bool is_damaged = false;

		if (!row_read(r, &page->rows[i], &is_damaged))
			return fail(e, FAULT_LATER, "read the mailboxes: out of memory");
		if (is_damaged)
			return fail(e, FAULT_NEVER,
				"read the mailboxes of account '%.*s': a record is damaged",
				S_FMT(id_text(account, text)));
	}
	return true;
}

/* All pages of one version; *ret_again: it changed meanwhile. */
static bool rows_read(
	struct store *store, struct id account, struct reading *r, bool *ret_again, struct error *e)
{
	ON_EXIT(store_page_done) struct store_page page = { 0 };
	struct key partition = key_of_id('m', account);
	struct store_scan scan = { .partition = key_slice(&partition),
		.expect = STORE_ANY_VERSION,
		.limit = LIMIT_SCAN_ROWS };
	char after[LIMIT_MAILBOX_NAME_BYTES + 1];

	*ret_again = false;
	do {
		if (!store_scan(store, &scan, &page, e))
			return false;
		*ret_again = page.has_changed;
		if (*ret_again)
			return true;
		if (!page_read(r, &page, account, e))
			return false;
		scan.expect = r->names->version = page.version;
		if (page.row_count > 0) {
			struct slice last = page.rows[page.row_count - 1].key;

			invariant(last.len <= sizeof after);
			memcpy(after, last.at, last.len);
			scan.after = (struct slice){ after, last.len };
		}
	} while (!page.is_last && page.row_count > 0);
	return true;
}

static int name_order(const void *a, const void *b)
{
	const struct mailbox *x = a, *y = b;

	return slice_order(x->name, y->name);
}

/* Rows of one name become one. */
static void rows_merge(struct reading *r)
{
	size_t kept = 0;

	if (r->count > 0)
		qsort(r->at, r->count, sizeof *r->at, name_order);
	for (size_t i = 0; i < r->count; i++) {
		struct mailbox *last = kept > 0 ? &r->at[kept - 1] : NULL;
		const struct mailbox *m = &r->at[i];

		if (last == NULL || !slice_same(last->name, m->name)) {
			r->at[kept++] = *m;
			continue;
		}
		last->is_subscribed = last->is_subscribed || m->is_subscribed;
		last->has_children = last->has_children || m->has_children;
		if (id_is_zero(last->id)) {
			last->id = m->id;
			last->uses = m->uses;
			last->created_ns = m->created_ns;
			last->acl = m->acl;
		}
	}
	r->count = kept;
}

/* Every level above a mailbox is a name, and has children. */
static bool parents_add(struct reading *r)
{
	size_t count = r->count;

	for (size_t i = 0; i < count; i++) {
		struct slice name = r->at[i].name;

		if (id_is_zero(r->at[i].id))
			continue;
		for (;;) {
			struct mailbox parent = { .has_children = true };

			name.len = slice_find_last(name, '/') < name.len
					   ? slice_find_last(name, '/')
					   : 0;
			if (name.len == 0)
				break;
			parent.name = name;
			if (!reading_add(r, &parent))
				return false;
		}
	}
	return true;
}

bool names_read(struct store *store, struct id account, struct names *n, struct error *e)
{
	ON_EXIT(reading_done) struct reading r = { .names = n };
	bool is_again = true;

	for (unsigned i = 0; i < READ_TRIES && is_again; i++) {
		struct mailbox inbox = { .name = S("INBOX"), .id = account };

		r.count = n->mailbox_count = n->subscription_count = 0;
		n->uid_validity = 0;
		arena_reset(&n->arena);
		if (!reading_add(&r, &inbox))
			return fail(e, FAULT_LATER, "read the mailboxes: out of memory");
		if (!rows_read(store, account, &r, &is_again, e))
			return false;
	}
	if (is_again)
		return fail(e, FAULT_LATER, "read the mailboxes: others keep changing them");
	rows_merge(&r);
	if (!parents_add(&r))
		return fail(e, FAULT_LATER, "read the mailboxes: out of memory");
	rows_merge(&r);
	n->count = r.count;
	n->at = arena_take(&n->arena, r.count * sizeof *n->at);
	if (n->at == NULL)
		return fail(e, FAULT_LATER, "read the mailboxes: out of memory");
	memcpy(n->at, r.at, r.count * sizeof *n->at);
	return true;
}

size_t names_from(const struct names *n, struct slice name)
{
	size_t from = 0, to = n->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (slice_order(n->at[middle].name, name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

struct mailbox *names_find(const struct names *n, struct slice name)
{
	size_t at = names_from(n, name);

	return at < n->count && slice_same(n->at[at].name, name) ? &n->at[at] : NULL;
}

bool names_is_below(struct slice name, struct slice above)
{
	return name.len > above.len && slice_starts(name, above) && name.at[above.len] == '/';
}
