/* SPDX-License-Identifier: MIT */
#include "store/store_versions.h"

#include <stdlib.h>
#include <string.h>

/* 4,096 partitions, 320 KiB when all are in use; calloc touches no page before that. */
enum { CACHE_PAIRS = 2048 };
enum { PLAN_ROOM_FIRST = 64, PLAN_ROOM_KEPT = 4096 };

/* FNV-1a: names are short. */
static size_t name_hash(struct slice name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (unsigned char)name.at[i]) * UINT64_C(0x100000001b3);
	return (size_t)(hash ^ hash >> 32);
}

bool store_version_cache_init(struct store_version_cache *c)
{
	c->entries = calloc(2 * CACHE_PAIRS, sizeof *c->entries);
	return c->entries != NULL;
}

void store_version_cache_done(struct store_version_cache *c)
{
	free(c->entries);
	c->entries = NULL;
}

static struct store_version_entry *cache_pair(
	const struct store_version_cache *c, struct slice name)
{
	return &c->entries[2 * (name_hash(name) % CACHE_PAIRS)];
}

static bool entry_is(const struct store_version_entry *entry, struct slice name)
{
	return entry->name_bytes == name.len && memcmp(entry->name, name.at, name.len) == 0;
}

bool store_version_cache_get(const struct store_version_cache *c, struct slice name, uint64_t *ret)
{
	const struct store_version_entry *pair = cache_pair(c, name);

	for (size_t i = 0; i < 2; i++) {
		if (entry_is(&pair[i], name)) {
			*ret = pair[i].version;
			return true;
		}
	}
	return false;
}

void store_version_cache_set(struct store_version_cache *c, struct slice name, uint64_t version)
{
	struct store_version_entry *pair = cache_pair(c, name);

	invariant(name.len > 0 && name.len <= sizeof pair->name);
	if (!entry_is(&pair[0], name)) {
		pair[1] = pair[0];
		pair[0].name_bytes = (uint8_t)name.len;
		memcpy(pair[0].name, name.at, name.len);
	}
	pair[0].version = version;
}

void store_version_cache_clear(struct store_version_cache *c)
{
	memset(c->entries, 0, 2 * CACHE_PAIRS * sizeof *c->entries);
}

bool store_version_plan_begin(struct store_version_plan *p, size_t count)
{
	size_t room = PLAN_ROOM_FIRST;
	struct store_planned *slots;

	while (room < 2 * count)
		room *= 2;
	p->count = 0;
	if (p->room >= room && p->room <= PLAN_ROOM_KEPT) {
		memset(p->slots, 0, p->room * sizeof *p->slots);
		return true;
	}
	slots = calloc(room, sizeof *slots);
	if (slots == NULL)
		return false;
	free(p->slots);
	p->slots = slots;
	p->room = room;
	return true;
}

void store_version_plan_done(struct store_version_plan *p)
{
	free(p->slots);
	*p = (struct store_version_plan){ 0 };
}

/* The slot with that name, or the empty one where it belongs. */
static struct store_planned *plan_slot(const struct store_version_plan *p, struct slice name)
{
	size_t at = name_hash(name) & (p->room - 1);

	while (p->slots[at].name.len > 0 && !slice_same(p->slots[at].name, name))
		at = (at + 1) & (p->room - 1);
	return &p->slots[at];
}

bool store_version_plan_get(const struct store_version_plan *p, struct slice name, uint64_t *ret)
{
	const struct store_planned *slot = plan_slot(p, name);

	if (slot->name.len == 0)
		return false;
	*ret = slot->version;
	return true;
}

void store_version_plan_set(struct store_version_plan *p, struct slice name, uint64_t version)
{
	struct store_planned *slot = plan_slot(p, name);

	if (slot->name.len == 0)
		invariant(++p->count <= p->room / 2);
	*slot = (struct store_planned){ name, version };
}
