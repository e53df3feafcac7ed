/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * maildir_file - what stands in the name of a file that we write into a Maildir, before its ":2," and the flags:
 *
 *     1700000000.V7U12.mailvisor,Z=+0100,E=lf,K=2630
 *
 * The date in seconds, UIDVALIDITY and UID. As other programs add their fields behind a comma, so do we, where there is
 * something to say: Z, the zone of the date; E=lf, its lines end in LF and are stored so; K, keywords that have no letter, by
 * their numbers of two digits in the file mailvisor-mailbox (attributes.h). Z, E and K are read from any name, the rest only from
 * our own.
 */
#include "base/buf.h"

enum {
	MAILDIR_LETTERS = 26, /* keywords a to z */
	/* numbers of two digits, so that 64 of them fit into a name; a mailbox has 64 keywords (FOLDER_KEYWORDS) */
	MAILDIR_KEYWORDS = MAILDIR_LETTERS + 64,
	MAILDIR_FILE_BYTES = 255, /* NAME_MAX */
};
struct maildir_file {
	uint64_t number; /* what it begins with; 0 when it is none */
	bool is_ours;    /* then: */
	uint32_t uid_validity, uid;
	int32_t zone_min; /* east of UTC */
	bool keeps_lf;
	uint8_t keywords[MAILDIR_KEYWORDS]; /* numbers from MAILDIR_LETTERS on */
	size_t keyword_count;
};
/* The name without its flags. False: it is too long. */
MUST_CHECK bool maildir_file_write(struct buf *out, const struct maildir_file *f);
/* Any name, with flags or without; what cannot be read is as if it were not there. */
void maildir_file_read(struct slice name, struct maildir_file *ret);

/* The order in which messages are to come in: ours in that of their UIDs, before all others, which go by number and name. */
struct maildir_order {
	bool is_ours;
	uint32_t uid_validity;
	uint64_t number;   /* the UID, when it is ours */
	struct slice base; /* the name without its flags: they may change meanwhile */
};
struct maildir_order maildir_order_of(struct slice name);
int maildir_order(const struct maildir_order *a, const struct maildir_order *b);
