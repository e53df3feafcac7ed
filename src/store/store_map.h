/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * store_map - an ordered map from bytes to bytes: a skip list; private to store_mem.
 *
 * Threads: one at a time, the caller locks. Owns copies of all keys and values.
 * Limits: memory.
 */
#include "base/slice.h"

struct store_map_node;
struct store_map {
	struct store_map_node *head; /* NULL: not yet used */
	uint64_t dice;
	size_t count;
};

/* Sets or replaces; false when memory ran out, and then nothing changed. */
MUST_CHECK bool store_map_set(struct store_map *m, struct slice key, struct slice value);
bool store_map_get(const struct store_map *m, struct slice key, struct slice *ret_value);
/* Removing what is not there is no error. */
void store_map_remove(struct store_map *m, struct slice key);
void store_map_done(struct store_map *m);

/* Walks: the first node at or after the key; NULL at the end. */
const struct store_map_node *store_map_seek(const struct store_map *m, struct slice key);
const struct store_map_node *store_map_next(const struct store_map_node *n);
struct slice store_map_key(const struct store_map_node *n);
struct slice store_map_value(const struct store_map_node *n);
