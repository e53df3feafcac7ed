/* SPDX-License-Identifier: MIT */
#include "net/crowd.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

/* Open addressing with linear steps; a removed entry is closed up by moving its followers. */
struct crowd_entry {
	struct peer_key key;
	unsigned count; /* 0: empty */
};

void crowd_done(struct crowd *c)
{
	free(c->entries);
	*c = (struct crowd){ 0 };
}

/* FNV-1a. An attacker who owns many networks gains long chains of at most LIMIT_SESSIONS entries. */
static size_t home_of(const struct crowd *c, struct peer_key key)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < sizeof key.bytes; i++)
		hash = (hash ^ key.bytes[i]) * UINT64_C(1099511628211);
	return (size_t)(hash ^ hash >> 32) & (c->room - 1);
}

/* The key's entry, or the empty one where it belongs. Needs at least one empty entry. */
static struct crowd_entry *find(const struct crowd *c, struct peer_key key)
{
	size_t at = home_of(c, key);

	while (c->entries[at].count > 0 && memcmp(&c->entries[at].key, &key, sizeof key) != 0)
		at = (at + 1) & (c->room - 1);
	return &c->entries[at];
}

static bool grow(struct crowd *c)
{
	struct crowd fresh = { .room = c->room == 0 ? FIRST_ROOM : 2 * c->room, .used = c->used };

	fresh.entries = calloc(fresh.room, sizeof *fresh.entries);
	if (fresh.entries == NULL)
		return false;
	for (size_t i = 0; i < c->room; i++) {
		if (c->entries[i].count > 0)
			*find(&fresh, c->entries[i].key) = c->entries[i];
	}
	free(c->entries);
	*c = fresh;
	return true;
}

bool crowd_add(struct crowd *c, struct peer_key key, unsigned max)
{
	struct crowd_entry *entry;

	/* At most three quarters full. */
	if (4 * (c->used + 1) > 3 * c->room && !grow(c))
		return false;
	entry = find(c, key);
	if (entry->count >= max)
		return false;
	if (entry->count == 0)
		c->used++;
	entry->key = key;
	entry->count++;
	return true;
}

/* Moves back what had to step over the entry at `hole`. */
static void close_up(struct crowd *c, size_t hole)
{
	size_t mask = c->room - 1;

	for (size_t at = (hole + 1) & mask; c->entries[at].count > 0; at = (at + 1) & mask) {
		size_t home = home_of(c, c->entries[at].key);

		/* Its way from home to here leads over the hole. */
		if (((at - home) & mask) >= ((at - hole) & mask)) {
			c->entries[hole] = c->entries[at];
			c->entries[at].count = 0;
			hole = at;
		}
	}
}

void crowd_remove(struct crowd *c, struct peer_key key)
{
	struct crowd_entry *entry = c->room == 0 ? NULL : find(c, key);

	invariant(entry != NULL && entry->count > 0);
	if (--entry->count > 0)
		return;
	c->used--;
	close_up(c, (size_t)(entry - c->entries));
}

unsigned crowd_count(const struct crowd *c, struct peer_key key)
{
	return c->room == 0 ? 0 : find(c, key)->count;
}
