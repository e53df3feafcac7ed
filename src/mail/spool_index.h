/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * spool_index - which spool items there are and when they are due, in memory: a table by id and a heap by time.
 *
 * Threads: none, the spool's lock. Not here: the items themselves, they stay on disk.
 */
#include "base/id.h"
#include "mail/table.h"

struct spool_due;
struct spool_index {
	struct table items;
	struct spool_due **heap; /* the next due first; held and taken ones are not in it */
	size_t heap_count, heap_room;
	size_t taken, held;
};

MUST_CHECK bool spool_index_init(struct spool_index *x);
void spool_index_done(struct spool_index *x);
size_t spool_index_count(const struct spool_index *x);
MUST_CHECK bool spool_index_add(struct spool_index *x, struct id id, uint64_t due_s, bool is_held);
/* Takes what is due first, when it is due at now_s; else says when the next will be (UINT64_MAX: none). */
MUST_CHECK bool spool_index_take(
	struct spool_index *x, uint64_t now_s, struct id *ret, uint64_t *ret_next_s);
/* One that was taken, or is held, or is waiting, is due at another time from now on. */
void spool_index_put_back(struct spool_index *x, struct id id, uint64_t due_s, bool is_held);
void spool_index_remove(struct spool_index *x, struct id id);
uint64_t spool_index_next_s(const struct spool_index *x);
/* Ids greater than `after`, ascending; returns how many. */
size_t spool_index_list(
	const struct spool_index *x, struct id after, struct id *room, size_t limit);
