/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * folder - one mailbox of an account: a small head, and entries by UID in segments.
 *
 * In the store: the head (UIDVALIDITY, next UID, next modification sequence, counts, bytes) in partition
 * "f<folder id>", entries in "e<folder id><segment>", segment = (uid - 1) / FOLDER_SEGMENT_UIDS, key = UID big-endian.
 * The head of an open folder is in memory and runs ahead of the disk while commits are under way; readers see only
 * what is committed. UIDs only grow (RFC 3501 2.3.1.1), also over a crash.
 * A message is an entry (in the folder) and a blob (the bytes, once however many entries have it; see body.h).
 */
#include "mail/mail.h"

enum { FOLDER_SEGMENT_UIDS = 32768 /* under LIMIT_PARTITION_KEYS, a power of two */ };

struct folders;
struct folder;

enum entry_flag { /* bits; the IMAP system flags */
	ENTRY_SEEN = 1,
	ENTRY_ANSWERED = 2,
	ENTRY_FLAGGED = 4,
	ENTRY_DELETED = 8,
	ENTRY_DRAFT = 16,
};

struct entry {
	uint32_t uid;
	uint32_t flags;    /* enum entry_flag */
	uint64_t keywords; /* bit n is the folder's keyword n, see folder_keywords() */
	uint64_t modseq;
	/* of the whole message as RETR sends it, before dot-stuffing, with its prefix */
	uint64_t bytes;
	uint64_t received_ns; /* wall; INTERNALDATE */
	int32_t zone_min;     /* of it: east of UTC, -1439 to 1439, as APPEND said */
	/* wall; when it came into this folder: SAVEDATE, RFC 8514. 0: not known */
	uint64_t saved_ns;
	/* its timeline; also its EMAILID, RFC 8474: copies and moved ones keep it */
	struct id message;
	struct id blob; /* where the bytes are */
	bool is_verbatim; /* imported as it is: its line ends leave as they came, see append_message */
	bool is_shared; /* other entries have the same blob: counted in its own partition */
	/* bytes that stand before the blob in this mailbox only: Return-Path, and Delivered-To */
	struct slice prefix;
	/* small messages: the bytes themselves, no blob; at most ENTRY_INLINE_BYTES */
	struct slice body;
};

/* The account's INBOX, made with its first use. The handle is shared and counted: folder_close(). */
MUST_CHECK bool folder_open(
	struct folders *f, struct id account, struct folder **ret, struct error *e);
void folder_close(struct folder *f);
struct id folder_id(const struct folder *f);

/* Any other mailbox, by its folder id (see mailbox.h, which knows the names). */
MUST_CHECK bool folder_open_id(struct folders *all, struct id account, struct id folder,
	struct folder **ret, struct error *e);
struct id folder_account(const struct folder *f);

struct folder_state {
	uint32_t uid_validity, uid_next;
	uint64_t count, bytes, modseq;
	uint64_t unseen, deleted, deleted_bytes; /* without \Seen; with \Deleted */
	uint32_t uid_recent; /* UIDs from it on were shown to no session yet: \Recent */
	uint32_t is_gone;    /* the mailbox was deleted */
};
void folder_state_get(struct folder *f, struct folder_state *ret); /* committed */

/* Entries in UID order with uid > after, up to limit; slices point into the page given. */
struct entry_page {
	struct entry *at;
	size_t count, room;
	bool is_last;
	struct store_page page;
};
MUST_CHECK bool folder_list(
	struct folder *f, uint32_t after, size_t limit, struct entry_page *ret, struct error *e);
void entry_page_done(struct entry_page *page);
/* As folder_list, only up to a UID and only what changed since; passes over what does not count, so an empty page is
 * the last. Reads no body; 1,000 entries are about 150 KB. */
struct folder_scan {
	uint32_t after, last;   /* after < uid <= last; 0: to the end */
	uint64_t changed_since; /* modseq greater than this */
	size_t limit;           /* 1..LIMIT_SCAN_ROWS */
};
MUST_CHECK bool folder_scan(
	struct folder *f, const struct folder_scan *scan, struct entry_page *ret, struct error *e);
MUST_CHECK bool folder_find(
	struct folder *f, uint32_t uid, struct entry_page *ret, bool *ret_found, struct error *e);

/*
 * Removes these UIDs (ascending), all or none as the protocol promises for up to 100,000: a removal list is first
 * committed to the head, then carried out in bounded commits, and resumed by folder_open() after a crash.
 * Frees blobs nobody refers to. UIDs already gone are no error.
 */
MUST_CHECK bool folder_remove(
	struct folder *f, const uint32_t *uids, size_t count, struct error *e);
/*
 * Flags. A keyword is a bit; its name stands in the folder's table, which only grows. FOLDER_KEYWORDS of them: one machine
 * word an entry.
 */
enum {
	FOLDER_KEYWORDS = 64,
	FOLDER_FLAGS_MAX = 900, /* UIDs of one folder_flags_set: one commit, LIMIT_COMMIT_KEYS */
	FOLDER_EVENTS = 256,    /* recent changes an open folder remembers for its views; 6 KB */
};
struct folder_keywords {
	size_t count;
	struct slice names[FOLDER_KEYWORDS]; /* as first written; valid while the folder is open */
};
void folder_keywords(struct folder *f, struct folder_keywords *ret);
/* The bits of these names (in any case of letters); with may_add, new ones are added to the table, on disk before this
 * returns. *ret_missing (may be NULL) counts those without a bit: not known, or the table is full. */
MUST_CHECK bool folder_keywords_bits(struct folder *f, const struct slice *names, size_t count,
	bool may_add, uint64_t *ret_bits, size_t *ret_missing, struct error *e);

enum flags_how { FLAGS_REPLACE, FLAGS_ADD, FLAGS_TAKE };
struct flags_change {
	enum flags_how how;
	uint32_t flags;
	uint64_t keywords;
	bool has_unchanged_since; /* RFC 7162 3.1.3 */
	uint64_t unchanged_since;
	uint32_t flags_kept; /* bits that stay as they are, whatever `flags` says */
	bool keeps_keywords;
	bool may_be_lazy; /* needs no sync of its own: \Seen by FETCH BODY[] */
};
enum flags_outcome {
	FLAGS_CHANGED,
	FLAGS_SAME,     /* they were so already; modseq stays */
	FLAGS_MODIFIED, /* changed after unchanged_since: left alone */
	FLAGS_GONE,     /* no such message any more */
};
struct flags_result {
	uint32_t uid, flags;
	uint64_t keywords, modseq; /* as they are now */
	uint64_t modseq_before;    /* FLAGS_CHANGED: of the change before this one */
	enum flags_outcome outcome;
};
/* One commit and one new modseq for all that change. uids ascending, count up to FOLDER_FLAGS_MAX; results[count]. */
MUST_CHECK bool folder_flags_set(struct folder *f, const uint32_t *uids, size_t count,
	const struct flags_change *change, struct flags_result *results, struct error *e);

/* A new modseq of the mailbox that no message has, for what stands beside them: METADATA, RFC 7162 3.2. Needs no sync of its
 * own; a mailbox that is gone stays as it is. */
MUST_CHECK bool folder_touch(struct folder *f, struct error *e);

struct uids;
/* EXPUNGE: removes the messages with \Deleted, of these UIDs only when `only` is not NULL. All or none for up to 100,000,
 * else in several goes. *ret_gone (zeroed, see uids.h) are those that went, *ret_modseq is the folder's then. */
MUST_CHECK bool folder_expunge(struct folder *f, const struct uids *only, struct uids *ret_gone,
	uint64_t *ret_modseq, struct error *e);

/* The POP3 maildrop lock, RFC 1939 8: in memory, one holder. */
bool folder_lock_maildrop(struct folder *f);
void folder_unlock_maildrop(struct folder *f);
