/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * mailbox_names - how the names of an account's mailboxes stand in the store and in memory. Only for mailbox*.c, quota.c
 * and check*.c.
 *
 * Partition "m<account id>": "n<folder id>" a mailbox, "r<folder id>" the rights of others (acl.h), "s<name>" a
 * subscription, "h" the UIDVALIDITY last given. In memory a
 * snapshot that never changes and is counted: readers keep the one they have; a writer takes the account's turn, commits
 * with the version the snapshot was read at, and the next reader reads anew.
 */
#include "base/lock.h"
#include "mail/batch.h"
#include "mail/mailbox.h"
#include "mail/table.h"

enum {
	/* snapshots kept though nobody uses them; 20 mailboxes are 3 KB */
	NAMES_IDLE_BYTES = 8 << 20,
	NAMES_BYTES = 64 << 20, /* one snapshot; 30,000 names of the longest kind */
	NAMES_ROW_BYTES = LIMIT_MAILBOX_NAME_BYTES + 64,
};

/* A snapshot. */
struct names {
	unsigned users;   /* under the mailboxes' lock */
	uint64_t version; /* of the partition */
	uint32_t uid_validity;
	size_t mailbox_count, subscription_count; /* in the store */
	struct mailbox *at; /* by name: mailboxes, names above them, and subscribed ones */
	size_t count;
	struct arena arena;
};

struct mailboxes;
/* Reads it when it is not in memory. Give it back with names_put(). */
MUST_CHECK bool names_get(
	struct mailboxes *all, struct id account, struct names **ret, struct error *e);
MUST_CHECK bool names_read(
	struct store *store, struct id account, struct names *n, struct error *e);
void names_put(struct mailboxes *all, struct names *n);
/* NULL: no such name. */
struct mailbox *names_find(const struct names *n, struct slice name);
/* The first at or after a name; count when there is none. */
size_t names_from(const struct names *n, struct slice name);
bool names_is_below(struct slice name, struct slice above);

/* The turn of one account's writer. */
MUST_CHECK bool names_turn_take(struct mailboxes *all, struct id account, struct error *e);
void names_turn_drop(struct mailboxes *all, struct id account);
/* Under the turn, after a commit: the snapshot in memory is old. Also tells who watches the account. */
void names_changed(struct mailboxes *all, struct id account);

MUST_CHECK bool name_encode(const struct mailbox *m, struct buf *out);
/* The key without 'n'; the name points into the value. */
MUST_CHECK bool name_decode(struct slice key, struct slice value, struct mailbox *ret);
MUST_CHECK bool names_head_encode(uint32_t uid_validity, struct buf *out);
MUST_CHECK bool names_head_decode(struct slice value, uint32_t *ret);
/* Everything of an account that is to be removed: all folders, all names. Again and again does no harm. */
MUST_CHECK bool mailboxes_remove_all(struct mailboxes *all, struct id account, struct error *e);
/* One deleted mailbox's folder, with its head. */
MUST_CHECK bool mailbox_remove_folder(
	struct mailboxes *all, struct id account, struct id folder, struct error *e);

struct mailboxes {
	struct store *store;
	const struct clock *clock;
	struct folders *folders;
	struct quota *quota;
	struct changes *changes;
	struct lock lock;
	struct signal turn_free;
	/* under lock: */
	struct table accounts;
	struct account_names *oldest, *newest; /* those with a snapshot, by last use */
	size_t bytes;
	uint64_t changed; /* what was read before a change must not be kept after it */
};
