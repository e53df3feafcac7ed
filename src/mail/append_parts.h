/* SPDX-License-Identifier: MIT */
#pragma once
/* append_parts - an append in the making. Only for append.c and append_replace.c. */
#include "mail/append.h"
#include "mail/quota_use.h"
#include "mail/rows.h"

/* The message that goes with the commit, when there is one. */
struct replaced {
	struct folder *from; /* NULL: none; borrowed */
	struct entry entry;  /* without its texts */
	uint64_t prefix_bytes;
	struct uids gone;                  /* its UID */
	uint64_t holders, holders_version; /* of its blob, when it is shared */
	uint64_t modseq;                   /* of `from` afterwards */
	bool is_there;
};

struct append {
	struct mail *mail;
	struct folder *folder;
	const struct target *target;
	struct entry *entries;
	size_t count, room;
	uint64_t bytes, largest;
	struct body_writer body; /* of the message that comes */
	bool has_body;
	struct body_writer first; /* its last chunk goes with the commit */
	struct replaced replaced;
	/* of the commit: */
	enum append_answer answer;
	struct appended appended;
};

/* append.c. Under the folders' lock. */
enum append_answer append_decide(const struct append *a, const struct folder_head *next);
/* What the head says of the new messages; gives them their UIDs. */
void append_to_head(struct append *a, struct folder_head *after);

/* append_replace.c */
/* Beyond append_commit()'s: entry, structure, holders and the log of removals. */
enum { REPLACE_COMMITS = 4 };
/* One commit for both. False: e says why. a->answer is set. */
MUST_CHECK bool append_replace_run(struct append *a, struct folder_write *w, struct error *e);
void append_replace_done(struct append *a);
/* The quota's view: does one message of the same account go, and how large is it? */
bool append_frees_room(const struct append *a, uint64_t *ret_bytes);
