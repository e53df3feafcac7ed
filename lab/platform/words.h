/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * words - a command line that is being put together, in an arena.
 *
 * The first word that does not fit makes it bad, and later ones harmless: ask once, at the end.
 * Owns: nothing; words live as long as the arena. Limits: `max` pointers with the NULL at the end,
 * WORDS_ONE_BYTES for one word.
 */
#include "base/arena.h"

enum { WORDS_ONE_BYTES = 3072 }; /* a kernel's command line has 2048 */

struct words {
	struct arena *arena;
	const char **list;
	unsigned count, max;
	bool is_bad;
};

void words_add(struct words *w, const char *format, ...) PRINTF_LIKE(2, 3);
/* Ends the list with NULL; false when it is bad. */
MUST_CHECK bool words_end(struct words *w);
