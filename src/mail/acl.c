/* SPDX-License-Identifier: MIT */
/* Lists of rights: what they give, and changing them. Which mailboxes of others there are is in acl_shared.c. */
#include "mail/acl_parts.h"

#include "mail/changes.h"
#include "mail/directory_parts.h"

#include <stdlib.h>

/* ---- People ---- */

enum acl_person acl_person(struct mail *m, struct slice address, struct arena *a,
	struct slice *ret_address, struct acl_reader *ret, struct error *e)
{
	struct directory *d = m->directory;
	struct domain_row domain;
	struct account account;
	struct name name;
	bool is_found;

	if (!directory_login(d, address, a, &account, &is_found, e))
		return ACL_PERSON_FAILED;
	if (!is_found || name_parse(account.address, false, a, &name) != NAME_OK)
		return ACL_PERSON_UNKNOWN;
	if (!directory_domain(d, name.domain, a, &domain, &is_found, e))
		return ACL_PERSON_FAILED;
	if (!is_found)
		return ACL_PERSON_UNKNOWN;
	*ret_address = account.address;
	*ret = (struct acl_reader){ .account = account.id, .domain = domain.id };
	return ACL_PERSON_OK;
}

/* ---- What a list gives ---- */

unsigned acl_rights(const struct acl *acl, const struct acl_reader *who)
{
	unsigned given = 0, denied = 0;

	for (size_t i = 0; acl != NULL && i < acl->count; i++) {
		const struct acl_entry *entry = &acl->at[i];

		if (!id_same(entry->who, entry->is_anyone ? who->domain : who->account))
			continue;
		if (entry->is_negative)
			denied |= entry->rights;
		else
			given |= entry->rights;
	}
	return given & ~denied;
}

static unsigned rights_of(struct id owner, const struct mailbox *box, const struct acl_reader *who)
{
	return id_same(owner, who->account) ? IMAP_RIGHT_ALL : acl_rights(box->acl, who);
}

static bool is_box(const struct mailbox *box)
{
	return box != NULL && !id_is_zero(box->id);
}

enum mailbox_answer acl_rights_of(struct mail *m, struct id owner, struct slice name,
	const struct acl_reader *who, unsigned *ret, struct error *e)
{
	ON_EXIT(snapshot_done) struct snapshot s = { .all = m->mailboxes };
	const struct mailbox *box;

	if (!names_get(m->mailboxes, owner, &s.names, e))
		return MAILBOX_FAILED;
	box = names_find(s.names, name);
	if (!is_box(box))
		return mailbox_says(
			MAILBOX_MISSING, e, "mailbox '%.*s' does not exist", S_FMT(name));
	*ret = rights_of(owner, box, who);
	return MAILBOX_OK;
}

enum mailbox_answer acl_rights_in(struct mail *m, struct id owner, struct id folder,
	const struct acl_reader *who, unsigned *ret, struct error *e)
{
	ON_EXIT(snapshot_done) struct snapshot s = { .all = m->mailboxes };

	if (!names_get(m->mailboxes, owner, &s.names, e))
		return MAILBOX_FAILED;
	for (size_t i = 0; i < s.names->count; i++) {
		if (!id_same(s.names->at[i].id, folder) || id_is_zero(folder))
			continue;
		*ret = rights_of(owner, &s.names->at[i], who);
		return MAILBOX_OK;
	}
	return mailbox_says(MAILBOX_MISSING, e, "no mailbox has this folder any more");
}

static const struct mailbox *box_above(const struct names *names, struct slice name)
{
	for (;;) { /* bounded by the levels of the name */
		size_t at = slice_find_last(name, '/');
		const struct mailbox *box;

		if (at >= name.len)
			return NULL;
		name.len = at;
		box = names_find(names, name);
		if (is_box(box))
			return box;
	}
}

bool acl_rights_above(struct mail *m, struct id owner, struct slice name,
	const struct acl_reader *who, unsigned *ret, struct error *e)
{
	ON_EXIT(snapshot_done) struct snapshot s = { .all = m->mailboxes };
	const struct mailbox *box;

	if (!names_get(m->mailboxes, owner, &s.names, e))
		return false;
	box = box_above(s.names, name);
	*ret = box == NULL ? 0 : rights_of(owner, box, who);
	return true;
}

/* ---- Reading one ---- */

static bool acl_copy(const struct acl *from, struct arena *a, struct acl *ret)
{
	struct acl copy = { .owner = arena_copy(a, from->owner), .count = from->count };

	copy.at = arena_take(a, (from->count + 1) * sizeof *copy.at);
	if (copy.at == NULL || copy.owner.at == NULL)
		return false;
	for (size_t i = 0; i < from->count; i++) {
		copy.at[i] = from->at[i];
		copy.at[i].address = arena_copy(a, from->at[i].address);
		if (copy.at[i].address.at == NULL)
			return false;
	}
	*ret = copy;
	return true;
}

enum mailbox_answer acl_get(struct mail *m, struct id owner, struct slice name, struct arena *a,
	struct acl *ret, struct error *e)
{
	ON_EXIT(snapshot_done) struct snapshot s = { .all = m->mailboxes };
	const struct mailbox *box;

	*ret = (struct acl){ .count = 0 };
	if (!names_get(m->mailboxes, owner, &s.names, e))
		return MAILBOX_FAILED;
	box = names_find(s.names, name);
	if (!is_box(box))
		return mailbox_says(
			MAILBOX_MISSING, e, "mailbox '%.*s' does not exist", S_FMT(name));
	if (box->acl == NULL || acl_copy(box->acl, a, ret))
		return MAILBOX_OK;
	(void)fail(e, FAULT_LATER, "read rights: out of memory");
	return MAILBOX_FAILED;
}

/* ---- Changing one ---- */

static bool is_of(const struct acl_entry *entry, const struct acl_entry *other)
{
	return id_same(entry->who, other->who) && entry->is_negative == other->is_negative;
}

static unsigned rights_after(unsigned before, const struct acl_change *change)
{
	switch (change->how) {
	case IMAP_ACL_ADD:
		return before | change->entry.rights;
	case IMAP_ACL_REMOVE:
		return before & ~change->entry.rights;
	case IMAP_ACL_SET:
		break;
	}
	return change->entry.rights;
}

/* Is he given something at all? */
static bool gives(const struct acl *acl, const struct acl_entry *entry)
{
	for (size_t i = 0; i < acl->count; i++)
		if (!acl->at[i].is_negative && id_same(acl->at[i].who, entry->who))
			return true;
	return false;
}

/* The list as it will be; *acl has room for one entry more. */
static void entry_put(struct acl *acl, const struct acl_change *change)
{
	size_t i = 0;

	while (i < acl->count && !is_of(&acl->at[i], &change->entry))
		i++;
	if (i == acl->count) {
		acl->at[acl->count] = change->entry;
		acl->at[acl->count++].rights = 0;
	}
	acl->at[i].rights = rights_after(acl->at[i].rights, change);
	if (acl->at[i].rights != 0)
		return;
	acl->count--;
	memmove(&acl->at[i], &acl->at[i + 1], (acl->count - i) * sizeof *acl->at);
}

static struct key share_partition(const struct acl_entry *entry)
{
	return key_of_id('g', entry->who);
}

static void share_put(struct batch *b, const struct acl *acl, struct id owner, struct id folder)
{
	char room[SHARE_VALUE_BYTES];
	struct buf value = BUF_OVER(room);
	const struct share share = { .owner = owner, .owner_address = acl->owner };

	invariant(share_encode(&share, &value));
	batch_set(b, id_slice(&folder), buf_slice(&value));
}

void naming_acl_set(struct naming *n, struct id folder, const struct acl *acl)
{
	auto_buf value = { .max = LIMIT_ACL_BYTES };
	struct key key = key_of_id('r', folder);

	if (!acl_encode(acl, &value))
		n->batch.is_short = true;
	batch_set(&n->batch, key_slice(&key), buf_slice(&value));
}

const struct acl *naming_inherited(const struct naming *n, struct slice name)
{
	const struct mailbox *above = box_above(n->names, name);

	return above == NULL ? NULL : above->acl;
}

void naming_shares_add(
	struct naming *n, const struct acl *acl, const struct newborn *born, size_t count)
{
	for (size_t i = 0; acl != NULL && i < acl->count; i++) {
		struct key partition = share_partition(&acl->at[i]);

		if (acl->at[i].is_negative)
			continue;
		batch_commit(&n->batch, &partition, STORE_ANY_VERSION, count, 0);
		for (size_t k = 0; k < count; k++)
			share_put(&n->batch, acl, n->account, born[k].mailbox.id);
	}
}

void shares_remove(struct batch *b, const struct acl *acl, struct id folder)
{
	for (size_t i = 0; acl != NULL && i < acl->count; i++) {
		struct key partition = share_partition(&acl->at[i]);

		if (acl->at[i].is_negative)
			continue;
		batch_commit(b, &partition, STORE_ANY_VERSION, 0, 1);
		batch_remove(b, id_slice(&folder));
	}
}

static bool shares_count(
	struct store *store, const struct acl_entry *entry, size_t *ret, struct error *e)
{
	ON_EXIT(store_page_done) struct store_page page = { 0 };
	struct key partition = share_partition(entry);
	struct store_scan scan = { .partition = key_slice(&partition),
		.expect = STORE_ANY_VERSION,
		.limit = LIMIT_SCAN_ROWS };
	char after[ID_BYTES];

	*ret = 0;
	do {
		if (!store_scan(store, &scan, &page, e))
			return false;
		*ret += page.row_count;
		if (page.row_count > 0 && page.rows[page.row_count - 1].key.len == ID_BYTES) {
			memcpy(after, page.rows[page.row_count - 1].key.at, ID_BYTES);
			scan.after = (struct slice){ after, ID_BYTES };
		}
	} while (!page.is_last && page.row_count > 0 && *ret < LIMIT_SHARES);
	return true;
}

static enum mailbox_answer limits_check(struct naming *n, const struct acl *before,
	const struct acl *after, const struct acl_entry *entry, struct error *e)
{
	auto_buf value = { .max = LIMIT_ACL_BYTES };
	size_t shares = 0;

	if (after->count > LIMIT_ACL_ENTRIES || !acl_encode(after, &value))
		return mailbox_says(MAILBOX_LIMIT, e, "a mailbox may have rights for %d others",
			LIMIT_ACL_ENTRIES);
	if (!gives(before, entry) && gives(after, entry) &&
		!shares_count(n->mail->store, entry, &shares, e))
		return MAILBOX_FAILED;
	if (shares >= LIMIT_SHARES)
		return mailbox_says(MAILBOX_LIMIT, e,
			"at most %d mailboxes can be shared with one person", LIMIT_SHARES);
	return MAILBOX_OK;
}

static void change_stage(struct naming *n, struct id folder, const struct acl *before,
	const struct acl *after, const struct acl_entry *entry)
{
	struct key key = key_of_id('r', folder), partition = share_partition(entry);

	naming_batch(n, 1, 1, 0);
	if (after->count > 0)
		naming_acl_set(n, folder, after);
	else
		batch_remove(&n->batch, key_slice(&key));
	if (gives(before, entry) == gives(after, entry))
		return;
	batch_commit(&n->batch, &partition, STORE_ANY_VERSION, 1, 1);
	if (gives(after, entry))
		share_put(&n->batch, after, n->account, folder);
	else
		batch_remove(&n->batch, id_slice(&folder));
}

static enum mailbox_answer change_in_turn(struct naming *n, struct slice name,
	const struct acl_change *change, struct id *ret_folder, struct error *e)
{
	const struct mailbox *box = names_find(n->names, name);
	struct acl_entry room[LIMIT_ACL_ENTRIES + 1];
	const struct acl none = { .count = 0 };
	struct acl after = { .owner = change->owner, .at = room };
	const struct acl *before;
	enum mailbox_answer answer;

	if (!is_box(box))
		return mailbox_says(
			MAILBOX_MISSING, e, "mailbox '%.*s' does not exist", S_FMT(name));
	*ret_folder = box->id;
	before = box->acl == NULL ? &none : box->acl;
	after.count = before->count;
	if (before->count > 0)
		memcpy(room, before->at, before->count * sizeof *room);
	entry_put(&after, change);
	answer = limits_check(n, before, &after, &change->entry, e);
	if (answer != MAILBOX_OK)
		return answer;
	change_stage(n, box->id, before, &after, &change->entry);
	return naming_end(n, e);
}

enum mailbox_answer acl_change(struct mail *m, struct id owner, struct slice name,
	const struct acl_change *change, struct error *e)
{
	enum mailbox_answer answer;
	struct id folder = { { 0 } };

	{
		ON_EXIT(naming_done) struct naming n = { 0 };

		if (!naming_begin(&n, m, owner, e))
			return MAILBOX_FAILED;
		answer = change_in_turn(&n, name, change, &folder, e);
	}
	/* Who has it selected, and who may see another mailbox now. */
	if (answer == MAILBOX_OK) {
		changes_tell(m->changes, folder, owner);
		changes_tell(m->changes, (struct id){ { 0 } }, change->entry.who);
	}
	return answer;
}
