/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * inventory - what is in the mailboxes of some accounts, mail by mail, and how two such lists differ.
 *
 * Taken over IMAP, as any client sees it: mailbox, UIDVALIDITY, UID, flags, date and the SHA-256 of the
 * whole mail; for the lab's own letters also their run and number, and whether their own hash is right.
 * What a move, a revert or a restore must keep is that two inventories are equal.
 * Ownership: inventory_done() frees. Threads: one.
 * Limits: INVENTORY_* below; more mail is a failure, never a shorter list.
 */
#include "lab/platform/platform.h"
#include "lab/workload/letter.h"

enum {
	INVENTORY_MAILS_MAX = 1000000,
	INVENTORY_MAILBOXES_MAX = 1000, /* of one account */
	INVENTORY_NAME_BYTES = 64,
	INVENTORY_FLAGS_BYTES = 96,
	INVENTORY_HASH_BYTES = 32,
};

struct inventory_mail {
	unsigned account; /* its number among those asked for */
	char mailbox[INVENTORY_NAME_BYTES];
	uint32_t uid_validity, uid;
	char flags[INVENTORY_FLAGS_BYTES]; /* without \Recent, which belongs to a session */
	char date[32];
	unsigned char hash[INVENTORY_HASH_BYTES];
	uint64_t bytes;
	bool is_letter, is_whole;
	char run[LETTER_RUN_BYTES];
	uint32_t sequence;
};

struct inventory {
	struct inventory_mail *mails; /* by account, mailbox, UID */
	size_t count, room;
	unsigned mailbox_count; /* of all accounts, also empty ones */
	uint64_t bytes;
};

/* Of accounts[first] to accounts[first + count - 1]. Each command may take wait_ms. */
MUST_CHECK bool inventory_take(const struct deployment *d, const struct deploy_account *accounts,
	unsigned count, uint64_t wait_ms, struct inventory *ret, struct error *e);
void inventory_done(struct inventory *i);

/* How `after` differs from `before`. All zero but `same`: nothing has changed. */
struct inventory_difference {
	size_t same, missing, extra;
	size_t altered;    /* another hash under the same mailbox and UID */
	size_t renumbered; /* the UIDVALIDITY is another */
	size_t relabelled; /* flags or date are others */
	char first[160];   /* the first difference, in words; "" */
};
void inventory_compare(const struct inventory *before, const struct inventory *after,
	struct inventory_difference *ret);
bool inventory_is_same(const struct inventory_difference *d);

/* The letters of one run in it: is_there[sequence] counts copies (at most 255). */
struct inventory_letters {
	size_t whole, altered, doubled;
};
void inventory_letters(const struct inventory *i, const char *run, uint8_t *is_there,
	size_t sequence_count, struct inventory_letters *ret);
