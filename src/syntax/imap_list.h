/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_list - LIST, LSUB and STATUS. RFC 9051 6.3.9 to 6.3.11; RFC 5258 (LIST-EXTENDED), 5819 (LIST-STATUS), 6154
 * (SPECIAL-USE), 8440 (LIST-MYRIGHTS), 9590 (LIST-METADATA), 8438 (STATUS=SIZE), 8474, 7889 (APPENDLIMIT), 9208.
 *
 * Patterns are canonical and joined with the reference already (imap_name.h).
 * Limits: LIMIT_IMAP_PATTERNS, LIMIT_IMAP_ENTRIES.
 */
#include "syntax/imap_metadata.h"

enum imap_status_item { /* bits */
	IMAP_STATUS_MESSAGES = 1,
	IMAP_STATUS_RECENT = 2,
	IMAP_STATUS_UIDNEXT = 4,
	IMAP_STATUS_UIDVALIDITY = 8,
	IMAP_STATUS_UNSEEN = 16,
	IMAP_STATUS_DELETED = 32,
	IMAP_STATUS_SIZE = 64,
	IMAP_STATUS_HIGHESTMODSEQ = 128,
	IMAP_STATUS_MAILBOXID = 256,
	IMAP_STATUS_APPENDLIMIT = 512,
	IMAP_STATUS_DELETED_STORAGE = 1024,
};
struct imap_status {
	struct slice mailbox;
	unsigned items;
};
MUST_CHECK bool imap_status_parse(struct imap_parse *p, struct slice args, struct imap_status *ret);

enum imap_list_select { /* bits */
	IMAP_LIST_SUBSCRIBED = 1,
	IMAP_LIST_REMOTE = 2,
	IMAP_LIST_RECURSIVEMATCH = 4, /* only with SUBSCRIBED or SPECIAL-USE */
	IMAP_LIST_SPECIAL_USE = 8,
};
enum imap_list_return { /* bits */
	IMAP_LIST_RETURN_SUBSCRIBED = 1,
	IMAP_LIST_RETURN_CHILDREN = 2,
	IMAP_LIST_RETURN_SPECIAL_USE = 4,
	IMAP_LIST_RETURN_MYRIGHTS = 8,
	IMAP_LIST_RETURN_STATUS = 16,
	IMAP_LIST_RETURN_METADATA = 32,
};
struct imap_list {
	bool is_extended;      /* it has options or several patterns */
	bool is_delimiter;     /* LIST "" "": only the delimiter and the root is asked for */
	bool has_no_reference; /* it is no name at all: nothing can match, and no pattern is kept */
	struct slice reference;
	unsigned selects; /* bits of enum imap_list_select */
	const struct slice *patterns;
	size_t pattern_count;
	unsigned returns; /* bits of enum imap_list_return */
	unsigned status;  /* bits of enum imap_status_item */
	struct imap_metadata_ask metadata;
};
/* LIST; also LSUB, which has neither options nor lists. */
MUST_CHECK bool imap_list_parse(struct imap_parse *p, struct slice args, struct imap_list *ret);
MUST_CHECK bool imap_lsub_parse(struct imap_parse *p, struct slice args, struct imap_list *ret);
