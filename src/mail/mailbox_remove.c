/* SPDX-License-Identifier: MIT */
/* Taking away what deleted mailboxes and accounts leave behind, in bounded commits that may be cut short and begun again. */
#include "mail/acl_parts.h"
#include "mail/folder_head.h"
#include "mail/mailbox_names.h"
#include "mail/metadata_parts.h"
#include "mail/quota_use.h"

static bool page_remove(struct store *store, const struct key *partition,
	const struct store_page *page, struct error *e)
{
	auto_batch b;

	batch_begin(&b, 1, 0);
	b.txn.may_be_lazy = true;
	batch_commit(&b, partition, STORE_ANY_VERSION, 0, page->row_count);
	for (size_t i = 0; i < page->row_count; i++)
		batch_remove(&b, page->rows[i].key);
	return batch_write_again(&b, store, e);
}

/* All rows of a partition. */
static bool partition_clear(struct store *store, const struct key *partition, struct error *e)
{
	ON_EXIT(store_page_done) struct store_page page = { 0 };
	struct store_scan scan = { .partition = key_slice(partition),
		.expect = STORE_ANY_VERSION,
		.limit = LIMIT_SCAN_ROWS };

	/* Each page's rows are gone when it is done, so every scan starts at the front. */
	do {
		if (!store_scan(store, &scan, &page, e))
			return false;
		if (page.row_count > 0 && !page_remove(store, partition, &page, e))
			return false;
	} while (!page.is_last);
	return true;
}

/* Messages, and the log of those removed before. */
static bool folder_clear(
	struct mailboxes *all, struct id account, struct id folder, struct error *e)
{
	struct key vanished = key_of_id('v', folder);

	return folder_remove_whole(all->folders, account, folder, e) &&
	       partition_clear(all->store, &vanished, e);
}

bool mailbox_remove_folder(
	struct mailboxes *all, struct id account, struct id folder, struct error *e)
{
	struct key head = key_of_id('f', folder), removing = key_of('x');
	auto_batch b;

	batch_begin(&b, 2, 0);
	if (!folder_clear(all, account, folder, e) ||
		!metadata_remove_folder(all->store, account, folder, e))
		return false;
	batch_commit(&b, &head, STORE_ANY_VERSION, 0, 2);
	batch_remove(&b, S("h"));
	batch_remove(&b, S("k"));
	batch_commit(&b, &removing, STORE_ANY_VERSION, 0, 1);
	batch_remove(&b, id_slice(&folder));
	return batch_write_again(&b, all->store, e);
}

/* Nobody finds them any more. */
static bool unshare_all(struct mailboxes *all, const struct names *n, struct error *e)
{
	for (size_t i = 0; i < n->count; i++) {
		const struct acl *acl = n->at[i].acl;
		auto_batch b;

		batch_begin(&b, LIMIT_ACL_ENTRIES, 0);
		shares_remove(&b, acl, n->at[i].id);
		if (!batch_is_empty(&b) && !batch_write_again(&b, all->store, e))
			return false;
	}
	return true;
}

static bool remove_in_turn(struct mailboxes *all, struct id account, struct error *e)
{
	struct key partition = key_of_id('m', account), shares = key_of_id('g', account);
	struct key noted = key_of_id('M', account);
	struct names *n;
	bool is_good = names_get(all, account, &n, e);

	if (!is_good)
		return false;
	is_good = unshare_all(all, n, e);
	for (size_t i = 0; is_good && i < n->count; i++) {
		struct id folder = n->at[i].id;

		if (!id_is_zero(folder) && !id_same(folder, account))
			is_good = mailbox_remove_folder(all, account, folder, e);
	}
	names_put(all, n);
	is_good = is_good && folder_clear(all, account, account, e) &&
		  partition_clear(all->store, &shares, e) &&
		  partition_clear(all->store, &noted, e) &&
		  partition_clear(all->store, &partition, e);
	names_changed(all, account);
	return is_good;
}

bool mailboxes_remove_all(struct mailboxes *all, struct id account, struct error *e)
{
	bool is_good;

	if (!names_turn_take(all, account, e))
		return false;
	is_good = remove_in_turn(all, account, e);
	names_turn_drop(all, account);
	if (is_good)
		quota_forget(all->quota, account);
	return is_good;
}
