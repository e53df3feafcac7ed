/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * transfer - COPY and MOVE between folders, also of different accounts, also within one folder.
 *
 * No byte of a message is copied: both entries have one blob (shared.h). Flags, keywords, INTERNALDATE, prefix and EMAILID
 * go along; keywords that find no room in the target's table are lost.
 * Up to TRANSFER_STEP messages are one commit: all or none. More are several commits; a COPY that fails takes back
 * what it did (RFC 9051 6.4.7), a MOVE leaves each message in exactly one place and says how far it came (RFC 6851 3.3).
 * UIDs that are not in the source are passed over.
 */
#include "mail/append.h"
#include "mail/uids.h"

enum { TRANSFER_STEP = 900 /* entries of one segment: LIMIT_COMMIT_KEYS and LIMIT_COMMIT_BYTES */ };

struct transfer {
	struct mail *mail;
	struct folder *from, *to;
	/* owner of `to`; quota is looked at when accounts differ, or for a copy */
	const struct target *target;
	bool is_move;
	/* After each step but the last: so many messages of all are done. May be NULL. */
	void (*progress)(void *context, uint64_t done);
	void *progress_context;
	uint32_t flags_lost; /* bits of enum entry_flag that do not go along */
	bool loses_keywords;
};
struct transferred {
	uint32_t uid_validity; /* of `to` */
	struct uids from;      /* which */
	struct uids to;        /* as many, in the same order: COPYUID, RFC 4315 3 */
	uint64_t modseq;       /* of the source after a move */
};
/* uids ascending. *ret starts with all zero and is the caller's to give back, also after a failure. */
enum append_answer transfer_run(const struct transfer *t, const struct uids *uids,
	struct transferred *ret, struct error *e);
void transferred_done(struct transferred *t);
