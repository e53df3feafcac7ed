/* SPDX-License-Identifier: MIT */
#include "mail/table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { TABLE_HEADS_FIRST = 256 };

static struct table_node **head_of(const struct table *t, uint64_t hash)
{
	return &t->heads[hash & (t->head_count - 1)];
}

bool table_init(struct table *t)
{
	*t = (struct table){ .head_count = TABLE_HEADS_FIRST };
	t->heads = calloc(t->head_count, sizeof(struct table_node *));
	return t->heads != NULL;
}

void table_done(struct table *t)
{
	free(t->heads);
	*t = (struct table){ 0 };
}

static void table_grow(struct table *t)
{
	struct table bigger = { .head_count = 2 * t->head_count, .count = t->count };

	bigger.heads = calloc(bigger.head_count, sizeof(struct table_node *));
	if (bigger.heads == NULL)
		return;
	for (size_t i = 0; i < t->head_count; i++) {
		while (t->heads[i] != NULL) {
			struct table_node *node = t->heads[i];
			struct table_node **head = head_of(&bigger, node->hash);

			t->heads[i] = node->next;
			node->next = *head;
			*head = node;
		}
	}
	free(t->heads);
	*t = bigger;
}

void table_add(struct table *t, struct table_node *node, uint64_t hash)
{
	struct table_node **head;

	if (t->count >= t->head_count)
		table_grow(t);
	head = head_of(t, hash);
	node->hash = hash;
	node->next = *head;
	*head = node;
	t->count++;
}

void table_remove(struct table *t, struct table_node *node)
{
	struct table_node **at = head_of(t, node->hash);

	while (*at != NULL && *at != node)
		at = &(*at)->next;
	invariant(*at == node);
	*at = node->next;
	node->next = NULL;
	t->count--;
}

static struct table_node *same_hash(struct table_node *node, uint64_t hash)
{
	while (node != NULL && node->hash != hash)
		node = node->next;
	return node;
}

struct table_node *table_first(const struct table *t, uint64_t hash)
{
	return same_hash(*head_of(t, hash), hash);
}

struct table_node *table_next(const struct table_node *node)
{
	return same_hash(node->next, node->hash);
}

struct table_node *table_take_any(struct table *t)
{
	for (size_t i = 0; i < t->head_count; i++) {
		struct table_node *node = t->heads[i];

		if (node != NULL) {
			t->heads[i] = node->next;
			t->count--;
			return node;
		}
	}
	return NULL;
}

static uint64_t hash_keys[2];
static pthread_once_t hash_keys_once = PTHREAD_ONCE_INIT;

static void hash_keys_make(void)
{
	/* Without the kernel's randomness the time is still better than a constant. */
	if (getrandom(hash_keys, sizeof hash_keys, GRND_NONBLOCK) != (ssize_t)sizeof hash_keys)
		hash_keys[0] = (uint64_t)time(NULL) * UINT64_C(0x9e3779b97f4a7c15);
	hash_keys[0] |= 1;
	hash_keys[1] |= 1;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t table_hash(struct slice s)
{
	uint64_t hash;

	(void)pthread_once(&hash_keys_once, hash_keys_make);
	hash = hash_keys[0] ^ s.len;
	for (size_t at = 0; at < s.len; at += 8) {
		uint64_t word = 0;
		size_t len = s.len - at < 8 ? s.len - at : 8;

		memcpy(&word, s.at + at, len);
		hash = mix(hash ^ word, hash_keys[1] ^ UINT64_C(0x9e3779b97f4a7c15));
	}
	return mix(hash, hash_keys[0]);
}
