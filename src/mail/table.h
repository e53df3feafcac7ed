/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * table - a hash table of structs that carry their own node, which must be their first member.
 *
 * Not here: keys and their comparison; the caller walks the nodes of one hash and compares.
 * Threads: none, the caller's lock. Owns: only its heads, never the nodes. It grows by itself; when there is no
 * memory to grow it goes on with longer chains.
 */
#include "base/slice.h"

struct table_node {
	struct table_node *next;
	uint64_t hash;
};

struct table {
	struct table_node **heads;
	size_t head_count; /* a power of two */
	size_t count;
};

/* The struct around a node. */
#define TABLE_ITEM(type, its_node) ((type *)(void *)(its_node))

MUST_CHECK bool table_init(struct table *t);
void table_done(struct table *t);
void table_add(struct table *t, struct table_node *node, uint64_t hash);
void table_remove(struct table *t, struct table_node *node);
/* Nodes of one hash: table_first, then table_next until NULL. */
struct table_node *table_first(const struct table *t, uint64_t hash);
struct table_node *table_next(const struct table_node *node);
/* Takes out any node, for emptying; NULL when there is none. */
struct table_node *table_take_any(struct table *t);

/* A hash under a random key of this process, so that nobody outside can aim at one chain. */
uint64_t table_hash(struct slice s);
