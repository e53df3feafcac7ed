/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_fetch - FETCH and STORE. RFC 9051 6.4.5 and 6.4.6; RFC 7162 (CONDSTORE, QRESYNC), 9394 (PARTIAL), 3516 (BINARY),
 * 8474 (OBJECTID), 8514 (SAVEDATE), 8970 (PREVIEW).
 *
 * ALL, FAST and FULL are resolved into their items. The order and repetition of items mean nothing, so the
 * simple ones are bits; UID FETCH does not set IMAP_FETCH_UID by itself.
 * Not here: what takes state (VANISHED needs UID FETCH, CHANGEDSINCE and QRESYNC, checked when the line says UID).
 * Limits: LIMIT_IMAP_SECTIONS.
 */
#include "syntax/imap_flag.h"
#include "syntax/imap_section.h"
#include "syntax/imap_set.h"

enum imap_fetch_item {
	IMAP_FETCH_UID = 1 << 0,
	IMAP_FETCH_FLAGS = 1 << 1,
	IMAP_FETCH_INTERNALDATE = 1 << 2,
	IMAP_FETCH_SIZE = 1 << 3,
	IMAP_FETCH_ENVELOPE = 1 << 4,
	IMAP_FETCH_BODY = 1 << 5, /* the structure without extension data */
	IMAP_FETCH_BODYSTRUCTURE = 1 << 6,
	IMAP_FETCH_MODSEQ = 1 << 7,
	IMAP_FETCH_EMAILID = 1 << 8,
	IMAP_FETCH_THREADID = 1 << 9,
	IMAP_FETCH_SAVEDATE = 1 << 10,
	IMAP_FETCH_PREVIEW = 1 << 11,
	IMAP_FETCH_PREVIEW_LAZY = 1 << 12, /* stands with IMAP_FETCH_PREVIEW */
};

/* PARTIAL of FETCH and SEARCH, RFC 9394: the first to the last result, counted from 1. */
struct imap_partial {
	uint32_t first, last; /* first <= last */
	bool is_from_end;     /* -1 is the newest */
};

struct imap_fetch_items {
	unsigned items;
	const struct imap_section *sections;
	size_t section_count;
};
struct imap_fetch {
	struct imap_set set;
	struct imap_fetch_items what;
	bool has_changed_since;
	uint64_t changed_since;
	bool wants_vanished;
	bool has_partial;
	struct imap_partial partial;
};
MUST_CHECK bool imap_fetch_parse(
	struct imap_parse *p, struct slice args, bool is_uid, struct imap_fetch *ret);
/* "FAST", "UID", "(UID FLAGS BODY.PEEK[])": also of NOTIFY's MessageNew. */
MUST_CHECK bool imap_fetch_items_parse(
	struct imap_parse *p, struct slice text, struct imap_fetch_items *ret);

enum imap_store_mode { IMAP_STORE_REPLACE, IMAP_STORE_ADD, IMAP_STORE_REMOVE };
struct imap_store {
	struct imap_set set;
	bool has_unchanged_since;
	uint64_t unchanged_since;
	enum imap_store_mode mode;
	bool is_silent;
	struct imap_flags flags;
};
MUST_CHECK bool imap_store_parse(struct imap_parse *p, struct slice args, struct imap_store *ret);
