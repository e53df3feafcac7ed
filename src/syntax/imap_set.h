/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_set - sequence sets: "1:3,7,20:*" and "$". RFC 9051 9 sequence-set, 5182 (SEARCHRES).
 *
 * As read, ranges stand in the client's order; "*" is IMAP_STAR. imap_set_resolve() makes them useful: sorted, merged,
 * without stars. The writer compresses numbers as they come.
 * Limits: LIMIT_IMAP_SET_RANGES.
 */
#include "base/buf.h"
#include "syntax/imap_line.h"

enum { IMAP_STAR = 0 /* no number of a message, no UID */ };

struct imap_range {
	uint32_t first, last; /* first <= last; or last is IMAP_STAR: "5:*"; or both are: "*" */
};
struct imap_set {
	const struct imap_range *at;
	size_t count;  /* 0 only when is_saved */
	bool is_saved; /* "$": the result of the last SEARCH RETURN (SAVE) */
};
MUST_CHECK bool imap_set_parse(struct imap_parse *p, struct slice text, struct imap_set *ret);
/*
 * Sorted and merged, "*" being `largest` (0: an empty mailbox, where "*" and so every range with it drops out; of
 * UIDs the caller gives the largest in use). Not for "$". False: no memory.
 */
MUST_CHECK bool imap_set_resolve(
	struct imap_set set, uint32_t largest, struct arena *arena, struct imap_set *ret);
/* Of a resolved set, by halving. */
bool imap_set_has(struct imap_set set, uint32_t number);
/* How many numbers it has (resolved). */
uint64_t imap_set_size(struct imap_set set);
/* Is "*" in it? */
bool imap_set_has_star(struct imap_set set);
/* The text of a set, "$" and "*" too. */
MUST_CHECK bool imap_set_write(struct buf *out, struct imap_set set);

/*
 * Numbers one after the other, as "1:3,7": start with { .out = &buf }, imap_set_finish() writes the last range.
 * Runs that ascend by one are joined; any order is kept, as COPYUID wants it (RFC 4315 3).
 */
struct imap_set_writer {
	struct buf *out;
	uint32_t first, last; /* the open range; 0: none */
	bool has_some;
};
MUST_CHECK bool imap_set_add(struct imap_set_writer *w, uint32_t number);
MUST_CHECK bool imap_set_finish(struct imap_set_writer *w);
