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
	uint32_t flags;
	uint64_t modseq;
	uint64_t
		bytes; /* of the whole message as RETR sends it, before dot-stuffing, with its prefix */
	uint64_t received_ns; /* wall; INTERNALDATE */
	struct id message;    /* its timeline */
	struct id blob;       /* where the bytes are */
	bool is_shared;       /* other entries have the same blob: counted in its own partition */
	struct slice
		prefix; /* bytes that stand before the blob in this mailbox only: Return-Path, and Delivered-To */
	struct slice
		body; /* small messages: the bytes themselves, no blob; at most ENTRY_INLINE_BYTES */
};

/* The account's INBOX, made with its first use. The handle is shared and counted: folder_close(). */
MUST_CHECK bool folder_open(
	struct folders *f, struct id account, struct folder **ret, struct error *e);
void folder_close(struct folder *f);
struct id folder_id(const struct folder *f);

struct folder_state {
	uint32_t uid_validity, uid_next;
	uint64_t count, bytes, modseq;
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
MUST_CHECK bool folder_find(
	struct folder *f, uint32_t uid, struct entry_page *ret, bool *ret_found, struct error *e);

/*
 * Removes these UIDs (ascending), all or none as the protocol promises for up to 100,000: a removal list is first
 * committed to the head, then carried out in bounded commits, and resumed by folder_open() after a crash.
 * Frees blobs nobody refers to. UIDs already gone are no error.
 */
MUST_CHECK bool folder_remove(
	struct folder *f, const uint32_t *uids, size_t count, struct error *e);
/* Everything of an account, for account_remove. */
MUST_CHECK bool folder_remove_all(struct folders *f, struct id account, struct error *e);

/* The POP3 maildrop lock, RFC 1939 8: in memory, one holder. */
bool folder_lock_maildrop(struct folder *f);
void folder_unlock_maildrop(struct folder *f);
