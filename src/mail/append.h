/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * append - puts whole messages into a folder: APPEND, MULTIAPPEND (RFC 3502), CATENATE, REPLACE, import.
 *
 *   append_begin -> (append_replaces) -> { append_body -> body_add ... -> append_add } ... -> append_commit
 *
 * Any number of messages up to APPEND_MAX become one commit: all or none, with UIDs that follow each other. Only the
 * last chunk of the newest message stands in memory.
 * Threads: one user.
 */
#include "base/limits.h"
#include "mail/body.h"
#include "mail/directory.h"

enum {
	APPEND_MAX =
		LIMIT_IMAP_APPEND_MESSAGES /* entries of one segment's commit: LIMIT_COMMIT_KEYS */
};

struct append_message {
	uint32_t flags;       /* enum entry_flag */
	uint64_t keywords;    /* bits, see folder_keywords_bits() */
	uint64_t received_ns; /* INTERNALDATE; 0: now */
	int32_t zone_min;     /* of it, see struct entry */
	bool is_verbatim; /* an export must not change its line ends: docs/decisions/0008-import-export.md */
};
enum append_answer {
	APPEND_OK,
	APPEND_OVER_QUOTA,
	APPEND_TOO_BIG, /* it would not fit into an empty mailbox */
	APPEND_GONE, /* the mailbox was deleted meanwhile: TRYCREATE; or what was to be replaced is gone */
	APPEND_FULL,   /* more than APPEND_MAX messages, or UIDs are used up */
	APPEND_FAILED, /* e says why */
};
struct append;
/* The target is the mailbox's owner with its quotas, see directory_target(); both are borrowed. NULL with e: failed. */
MUST_CHECK struct append *append_begin(
	struct mail *m, struct folder *f, const struct target *target, struct error *e);
/*
 * The one message that will be added replaces this one (RFC 8508): it goes with the same commit, and its room counts. `from` is
 * borrowed. When it is not there, which the commit finds out again (APPEND_GONE), the append is of no more use.
 */
MUST_CHECK bool append_replaces(
	struct append *a, struct folder *from, uint32_t uid, bool *ret_is_there, struct error *e);
/* A writer for the next message's bytes; it belongs to the append. */
struct body_writer *append_body(struct append *a);
/* The message is complete. *ret_id (may be NULL) is its EMAILID. */
MUST_CHECK bool append_add(
	struct append *a, const struct append_message *message, struct id *ret_id, struct error *e);
/* Would so many bytes more fit now? Before a literal is read; RFC 7889, RFC 9208. */
enum append_answer append_may(struct append *a, uint64_t bytes);
struct appended {
	uint32_t uid_validity, uid_first, uid_last;
	uint64_t modseq;
	uint64_t replaced_modseq; /* of the replaced message's folder afterwards */
};
/* In every case the append is over and freed. */
enum append_answer append_commit(struct append *a, struct appended *ret, struct error *e);
void append_abandon(struct append *a); /* NULL is fine */
