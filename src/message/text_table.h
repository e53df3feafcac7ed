/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * text_table - texts, each kept once and numbered 1, 2, … in the order of their first coming.
 *
 * Texts come from mails, so their hash has a secret: a polynomial over the field of 2^61 - 1 at a random point. Whoever
 * does not know the point cannot choose texts that fall into one place but by a chance of their length in 2^58.
 * Threads: one user. Owns: everything; start with text_table_init(), end with text_table_done().
 * Limits: `text_bytes_max` of texts; 32 bytes a row beside its text, `rows_max` rows.
 */
#include "base/arena.h"

struct text_row {
	struct slice text;
	uint64_t hash;
	uint32_t next;  /* in the same place; 0: none */
	uint32_t value; /* the user's; 0 at first */
};
struct text_table {
	struct arena texts;
	uint64_t secret;
	struct text_row *rows; /* from rows[1] on */
	size_t count, room, rows_max;
	uint32_t *heads;
	size_t head_count; /* a power of two, or 0 */
};

void text_table_init(struct text_table *t, uint64_t secret, size_t text_bytes_max, size_t rows_max);
void text_table_done(struct text_table *t);
/* The row of this text, which is new if need be; valid until the next call. NULL: over a limit, or out of memory. */
MUST_CHECK struct text_row *text_table_row(struct text_table *t, struct slice text);
