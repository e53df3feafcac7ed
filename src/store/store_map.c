/* SPDX-License-Identifier: MIT */
#include "store/store_map.h"

#include <stdlib.h>
#include <string.h>

enum { MAP_LEVELS = 16 }; /* 4^16 nodes before searching slows down */

struct store_map_node {
	char *key, *value; /* one allocation each */
	size_t key_len, value_len;
	unsigned levels;
	struct store_map_node *next[];
};

static struct store_map_node *node_new(unsigned levels)
{
	struct store_map_node *n = calloc(1, sizeof *n + levels * sizeof n->next[0]);

	if (n != NULL)
		n->levels = levels;
	return n;
}

static void node_free(struct store_map_node *n)
{
	if (n == NULL)
		return;
	free(n->key);
	free(n->value);
	free(n);
}

static char *bytes_copy(struct slice s)
{
	char *copy = malloc(s.len + 1);

	if (copy != NULL && s.len > 0)
		memcpy(copy, s.at, s.len);
	return copy;
}

/* A quarter of the nodes of a level stand on the next one too. */
static unsigned map_roll(struct store_map *m)
{
	unsigned levels = 1;

	m->dice = m->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	for (uint64_t bits = m->dice >> 32; levels < MAP_LEVELS && (bits & 3) == 0; bits >>= 2)
		levels++;
	return levels;
}

/* The last node before the key on every level; returns the first node at or after it. */
static struct store_map_node *map_find(
	const struct store_map *m, struct slice key, struct store_map_node **ret_before)
{
	struct store_map_node *at = m->head;

	if (at == NULL)
		return NULL;
	for (unsigned level = MAP_LEVELS; level-- > 0;) {
		while (at->next[level] != NULL &&
			slice_order(store_map_key(at->next[level]), key) < 0)
			at = at->next[level];
		if (ret_before != NULL)
			ret_before[level] = at;
	}
	return at->next[0];
}

static bool map_insert(struct store_map *m, struct slice key, char *value, size_t value_len)
{
	struct store_map_node *before[MAP_LEVELS];
	struct store_map_node *n;
	char *key_copy = bytes_copy(key);

	if (m->head == NULL)
		m->head = node_new(MAP_LEVELS);
	n = node_new(map_roll(m));
	if (m->head == NULL || n == NULL || key_copy == NULL) {
		free(key_copy);
		node_free(n);
		return false;
	}
	n->key = key_copy;
	n->key_len = key.len;
	n->value = value;
	n->value_len = value_len;
	(void)map_find(m, key, before);
	for (unsigned level = 0; level < n->levels; level++) {
		n->next[level] = before[level]->next[level];
		before[level]->next[level] = n;
	}
	m->count++;
	return true;
}

bool store_map_set(struct store_map *m, struct slice key, struct slice value)
{
	struct store_map_node *n = map_find(m, key, NULL);
	char *copy = bytes_copy(value);

	if (copy == NULL)
		return false;
	if (n != NULL && slice_same(store_map_key(n), key)) {
		free(n->value);
		n->value = copy;
		n->value_len = value.len;
		return true;
	}
	if (!map_insert(m, key, copy, value.len)) {
		free(copy);
		return false;
	}
	return true;
}

bool store_map_get(const struct store_map *m, struct slice key, struct slice *ret_value)
{
	const struct store_map_node *n = map_find(m, key, NULL);

	if (n == NULL || !slice_same(store_map_key(n), key))
		return false;
	*ret_value = store_map_value(n);
	return true;
}

void store_map_remove(struct store_map *m, struct slice key)
{
	struct store_map_node *before[MAP_LEVELS];
	struct store_map_node *n = map_find(m, key, before);

	if (n == NULL || !slice_same(store_map_key(n), key))
		return;
	for (unsigned level = 0; level < n->levels; level++)
		before[level]->next[level] = n->next[level];
	node_free(n);
	m->count--;
}

void store_map_done(struct store_map *m)
{
	struct store_map_node *n = m->head;

	while (n != NULL) {
		struct store_map_node *next = n->next[0];

		node_free(n);
		n = next;
	}
	*m = (struct store_map){ 0 };
}

const struct store_map_node *store_map_seek(const struct store_map *m, struct slice key)
{
	return map_find(m, key, NULL);
}

const struct store_map_node *store_map_next(const struct store_map_node *n)
{
	return n->next[0];
}

struct slice store_map_key(const struct store_map_node *n)
{
	return (struct slice){ n->key, n->key_len };
}

struct slice store_map_value(const struct store_map_node *n)
{
	return (struct slice){ n->value, n->value_len };
}
