/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * header - reads the header section of a message as it streams past: RFC 5322 2.2.
 *
 * Feed it bytes until it says it has seen the empty line (or LIMIT_HEADER_BYTES); then ask. It keeps the bytes
 * in its own buf. Field names compare in any case; values come unfolded only from header_value_text().
 */
#include "base/buf.h"

struct header {
	struct buf bytes; /* up to and with the empty line */
	bool is_complete;
	bool is_too_long; /* over LIMIT_HEADER_BYTES: the rest is not looked into */
	unsigned seen;    /* header_feed's: where in a line the next byte stands */
};
void header_init(struct header *h);
void header_done(struct header *h);
/*
 * Feeds; *ret_used is how many bytes belonged to the header section: all, until it is complete (then those
 * after the empty line are body) or too long (then the rest is not looked into). False: out of memory.
 * A LF alone ends a line too, as mail from BDAT may have it.
 */
MUST_CHECK bool header_feed(struct header *h, struct slice s, size_t *ret_used);

struct header_field {
	struct slice name, value; /* value as written, with folds, without the last CRLF */
};
/* Walks the fields: start with *at = 0; false at the end. Lines that are no field are skipped. */
bool header_next(struct slice bytes, size_t *at, struct header_field *ret);
/* The first field of that name. */
bool header_find(struct slice bytes, struct slice name, struct slice *ret_value);
unsigned header_count(struct slice bytes, struct slice name);
/* Unfolds and trims into out. */
MUST_CHECK bool header_value_text(struct slice value, struct buf *out);
/*
 * The addr-specs of a From, Sender or To value: comments, names, groups, quoted strings and old routes are
 * understood (RFC 5322 3.4, 4.4). Up to room_count are given; *ret_count is how many there are. False: does
 * not parse, or an address that SMTP could not carry. Limits: LIMIT_COMMENT_DEPTH; no blanks or comments
 * inside an addr-spec ("a @ b", RFC 5322 4.4), for then it would be no slice.
 */
MUST_CHECK bool header_addresses(
	struct slice value, struct slice *room, size_t room_count, size_t *ret_count);
