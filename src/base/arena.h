/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * arena - memory for one command (or one request), given back all at once.
 *
 * Nothing from an arena is stored in a longer life: copy it. Not for threads: one arena, one user.
 * Limits: `max` bytes in all; over it, arena_take returns NULL and the command is refused.
 * Owns: its blocks; arena_reset keeps the first for the next command, arena_done frees all.
 */
#include "base/slice.h"

struct arena_block;
struct arena {
	struct arena_block *newest;
	size_t used, max;
};
#define auto_arena ON_EXIT(arena_done) struct arena

/* Zeroed, aligned for anything. */
MUST_CHECK void *arena_take(struct arena *a, size_t bytes);
/* A copy; .at is NULL when there was no room. */
struct slice arena_copy(struct arena *a, struct slice s);
/* A NUL-terminated copy, or NULL. */
MUST_CHECK char *arena_text(struct arena *a, struct slice s);
void arena_reset(struct arena *a);
void arena_done(struct arena *a);
