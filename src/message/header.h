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
	struct buf bytes;   /* up to and with the empty line */
	bool is_complete;
	bool is_too_long;   /* over LIMIT_HEADER_BYTES: the rest is not looked into */
	unsigned seen;      /* of the last four bytes: where in CRLFCRLF we are */
};
void header_init(struct header *h);
void header_done(struct header *h);
/* Feeds; returns how many bytes belonged to the header section. False in *ret_ok: out of memory. */
MUST_CHECK bool header_feed(struct header *h, struct slice s, size_t *ret_used);

struct header_field { struct slice name, value; /* value as written, with folds, without the last CRLF */ };
/* Walks the fields: start with *at = 0; false at the end. Lines that are no field are skipped. */
bool header_next(struct slice bytes, size_t *at, struct header_field *ret);
/* The first field of that name. */
bool header_find(struct slice bytes, struct slice name, struct slice *ret_value);
unsigned header_count(struct slice bytes, struct slice name);
/* Unfolds and trims into out. */
MUST_CHECK bool header_value_text(struct slice value, struct buf *out);
/* The addr-specs of a From/Sender value: comments, names, groups and quoted strings are understood
 * (RFC 5322 3.4). Up to room_count are given; *ret_count is how many there are. False: does not parse. */
MUST_CHECK bool header_addresses(struct slice value, struct slice *room, size_t room_count,
	size_t *ret_count);
