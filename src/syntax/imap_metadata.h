/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_metadata - GETMETADATA and SETMETADATA, RFC 5464.
 *
 * Entry names are given in lower case (they are caseless, 5464 3.2) and begin with /private/ or /shared/; no empty level, no
 * '*' or '%', no '/' at the end. The roots /private and /shared alone are given, too: they can be read with DEPTH, not set.
 * The mailbox "" is the server.
 * Limits: LIMIT_IMAP_ENTRIES in one command, LIMIT_IMAP_ENTRY_BYTES of a name.
 */
#include "syntax/imap_line.h"

enum { IMAP_DEPTH_INFINITY = 2 };

/* What to get: also the METADATA option of LIST. */
struct imap_metadata_ask {
	const struct slice *entries;
	size_t entry_count;
	unsigned depth;     /* 0, 1 or IMAP_DEPTH_INFINITY */
	bool has_max_bytes; /* MAXSIZE */
	uint64_t max_bytes;
};
struct imap_getmetadata {
	struct slice mailbox;
	struct imap_metadata_ask ask;
};
/* The options may stand before the mailbox (5464 4.2) or after it, as clients also send them. */
MUST_CHECK bool imap_getmetadata_parse(
	struct imap_parse *p, struct slice args, struct imap_getmetadata *ret);

/* May an entry have this name, in lower case? */
bool imap_entry_is_valid(struct slice name);

struct imap_metadata_value {
	struct slice entry;
	bool is_nil; /* remove it */
	struct slice value;
};
struct imap_setmetadata {
	struct slice mailbox;
	const struct imap_metadata_value *values;
	size_t value_count;
};
MUST_CHECK bool imap_setmetadata_parse(
	struct imap_parse *p, struct slice args, struct imap_setmetadata *ret);
