/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * mailbox - the names an account gives to its folders.
 *
 * A name is canonical (syntax/imap_name.h): UTF-8, '/' between levels, INBOX in capitals. INBOX always exists; its folder
 * id is the account's id. A name above an existing one that is no mailbox itself (it was deleted) is shown without an id:
 * \NonExistent, \NoSelect. Names may be subscribed without existing, and stay subscribed when the mailbox goes.
 * UIDVALIDITY is given from one growing number per account, so a name never gets an old one again.
 * In the store: partition "m<account id>", one versioned commit a change; in memory the account's names are one sorted
 * array that changes as a whole, so that a LIST sees one moment.
 * Not here: patterns (imap_pattern_match), rights, namespaces, modified UTF-7.
 * Threads: all from any. Limits: LIMIT_MAILBOXES, LIMIT_SUBSCRIPTIONS, LIMIT_MAILBOX_RENAMES, LIMIT_MAILBOX_NAME_BYTES,
 * LIMIT_MAILBOX_DEPTH.
 */
#include "mail/folder.h"

#include "base/arena.h"

enum {
	/* of an account; with the subscriptions under LIMIT_PARTITION_KEYS */
	LIMIT_MAILBOXES = 10000,
	LIMIT_SUBSCRIPTIONS = 20000, /* of an account, names that do not exist included */
	/* that one RENAME moves: with new levels and their rights one commit, LIMIT_COMMIT_KEYS */
	LIMIT_MAILBOX_RENAMES = 900,
};

struct acl;
struct mailbox {
	struct slice name;
	struct id id;  /* of the folder, and its MAILBOXID; zero: no mailbox has this name */
	unsigned uses; /* bits of syntax/imap_flag.h's enum imap_use */
	bool is_subscribed;
	bool has_children; /* names below it that are mailboxes */
	uint64_t created_ns;
	const struct acl *acl; /* inside mail/ only, in a snapshot (acl.h); elsewhere NULL */
};

/* All but MAILBOX_OK and MAILBOX_FAILED say in e->text what was wrong (FAULT_NEVER). */
enum mailbox_answer {
	MAILBOX_OK,
	MAILBOX_EXISTS,  /* [ALREADYEXISTS] */
	MAILBOX_MISSING, /* [NONEXISTENT], of a source; [TRYCREATE] of a target */
	MAILBOX_CANNOT,  /* [CANNOT]: delete INBOX, a bad name, below itself */
	MAILBOX_IN_USE,  /* [HASCHILDREN]: deleting a name that is only a parent */
	MAILBOX_LIMIT,   /* [LIMIT] */
	MAILBOX_DENIED,  /* [NOPERM]: it is somebody else's; never said by mail/ itself */
	MAILBOX_FAILED,
};

/* Opens its folder: folder_close() or view_open() it. The folder's head is on disk, so UIDVALIDITY stays. */
enum mailbox_answer mailbox_open(
	struct mail *m, struct id account, struct slice name, struct folder **ret, struct error *e);
/* The same without a name, by the folder's id. */
enum mailbox_answer mailbox_open_id(
	struct mail *m, struct id account, struct id folder, struct folder **ret, struct error *e);
/* The text is in the arena. MAILBOX_MISSING when it neither exists, nor has children, nor is subscribed. */
enum mailbox_answer mailbox_find(struct mail *m, struct id account, struct slice name,
	struct arena *a, struct mailbox *ret, struct error *e);
/* In the order of bytes, names greater than `after`, up to limit; subscribed names that do not exist are among them.
 * Everything is in the arena. *ret_count < limit: there are no more. */
MUST_CHECK bool mailbox_list(struct mail *m, struct id account, struct slice after, size_t limit,
	struct arena *a, struct mailbox **ret, size_t *ret_count, struct error *e);
/* Which name has this folder? For NOTIFY and MAILBOXID. */
enum mailbox_answer mailbox_name(struct mail *m, struct id account, struct id folder,
	struct arena *a, struct mailbox *ret, struct error *e);

/* Creates it and the levels above that are missing (RFC 9051 6.3.4). ret may be NULL; its name is the one given. A use that
 * another mailbox has is MAILBOX_CANNOT (RFC 6154 3: [USEATTR]). */
enum mailbox_answer mailbox_create(struct mail *m, struct id account, struct slice name,
	unsigned uses, struct mailbox *ret, struct error *e);
/* Deletes it with its messages; names below it stay (RFC 9051 6.3.5). Sessions that have it open find it gone. */
enum mailbox_answer mailbox_delete(
	struct mail *m, struct id account, struct slice name, struct error *e);
/* Renames it with all below it; levels above `to` are created. INBOX: its messages move to the new mailbox, INBOX stays and
 * is empty (RFC 9051 6.3.6); what is below INBOX stays. */
enum mailbox_answer mailbox_rename(
	struct mail *m, struct id account, struct slice from, struct slice to, struct error *e);
enum mailbox_answer mailbox_subscribe(
	struct mail *m, struct id account, struct slice name, bool is_on, struct error *e);
/* Replaces its special uses. */
enum mailbox_answer mailbox_set_uses(
	struct mail *m, struct id account, struct slice name, unsigned uses, struct error *e);
/* Grows with every change of the account's names, for LIST results kept by a session. */
MUST_CHECK bool mailbox_version(struct mail *m, struct id account, uint64_t *ret, struct error *e);
