/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * timers - parked works ordered by park_until_ns: a binary heap that keeps each work's place in it.
 * Private to park.c, whose lock guards it. Owns: the array, not the works.
 */
#include "net/pool.h"

struct timers {
	struct work **
		at; /* at[1] is the next to fire; at[0] is not used, so heap_at 0 means "not here" */
	size_t count, room;
};

/* Room for `count` works in all. */
MUST_CHECK bool timers_reserve(struct timers *t, size_t count);
void timers_done(struct timers *t);
void timers_add(struct timers *t, struct work *w);
/* Nothing happens when it is not there. */
void timers_remove(struct timers *t, struct work *w);
/* When the next fires; UINT64_MAX when there is none. */
uint64_t timers_next_ns(const struct timers *t);
/* Takes one that is due, or NULL. */
struct work *timers_take_due(struct timers *t, uint64_t now_ns);
