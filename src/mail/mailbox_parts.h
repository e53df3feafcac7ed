/* SPDX-License-Identifier: MIT */
#pragma once
/* mailbox_parts - what mailbox.c, mailbox_change.c and mailbox_rename.c have in common. */
#include "mail/mailbox_names.h"

enum mailbox_answer mailbox_says(
	enum mailbox_answer answer, struct error *e, const char *format, ...) PRINTF_LIKE(3, 4);

struct snapshot {
	struct mailboxes *all;
	struct names *names;
};
void snapshot_done(struct snapshot *s);

/* A change in the making, under the account's turn. */
struct naming {
	struct mail *mail;
	struct id account;
	bool has_turn;
	struct snapshot snapshot;
	struct names *names; /* the snapshot's */
	struct batch batch;  /* commit 0 is the account's partition */
	bool has_batch;
	uint32_t uid_validity; /* last given */
	size_t new_count;
	struct mailbox newest;
};
void naming_done(struct naming *n);
MUST_CHECK bool naming_begin(struct naming *n, struct mail *m, struct id account, struct error *e);
/* Opens the batch: so many rows to set and to remove beside those of new mailboxes, so many folders. */
void naming_batch(struct naming *n, size_t set_max, size_t remove_max, size_t folder_max);
/* Sets a row for a mailbox. */
void naming_set(struct naming *n, const struct mailbox *m);
/* The levels of a name that have no mailbox, itself included when `with_itself`; ret[LIMIT_MAILBOX_DEPTH]. */
size_t naming_missing(
	const struct naming *n, struct slice name, bool with_itself, struct slice *ret);
/* New mailboxes: their rows now, and their folders' heads with naming_heads(), after all rows are set. */
struct newborn {
	struct mailbox mailbox;
	uint32_t uid_validity;
};
void naming_new(struct naming *n, struct slice name, unsigned uses, struct newborn *ret);
void naming_heads(struct naming *n, const struct newborn *born, size_t count);
/* Commits, and makes the old names forgotten. */
enum mailbox_answer naming_end(struct naming *n, struct error *e);
/* May a mailbox get this name? */
enum mailbox_answer naming_check(struct slice name, struct error *e);
