/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_room - an arena and a parse for one row of a test, and failures checked by their sentence.
 */
#include "base/arena.h"
#include "base/limits.h"
#include "check.h"
#include "syntax/imap_line.h"

#include <string.h>

/* A fresh one for each row. */
#define IMAP_ROOM(p)                                                                               \
	auto_arena p##_arena = { .max = LIMIT_ARENA_BYTES };                                       \
	struct imap_parse p = { .arena = &p##_arena }

struct imap_bad_row {
	struct slice text;
	const char *why; /* a part of the sentence */
};
typedef bool imap_try_fn(struct imap_parse *p, struct slice text);

static inline void imap_check_bad(const struct imap_bad_row *rows, size_t count, imap_try_fn *parse)
{
	for (size_t i = 0; i < count; i++) {
		IMAP_ROOM(p);

		check_row(!parse(&p, rows[i].text), i);
		if (p.why == NULL || strstr(p.why, rows[i].why) == NULL)
			print_error("row %zu: '%s'\n", i, p.why == NULL ? "" : p.why);
		check_row(p.why != NULL && strstr(p.why, rows[i].why) != NULL, i);
	}
}
