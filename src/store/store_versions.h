/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * store_versions - versions of partitions in memory; private to this folder.
 *
 * Two tables. A *cache* forgets: a bounded number of partitions, the older of two is overwritten. A
 * *plan* does not: it holds what the batch now being put together will make of its partitions.
 * Threads: one at a time, the caller locks.
 * Owns: copies of the names in a cache; a plan borrows them for the batch.
 */
#include "base/limits.h"
#include "base/slice.h"

struct store_version_entry {
	uint64_t version;
	uint8_t name_bytes; /* 0: empty */
	char name[LIMIT_PARTITION_NAME_BYTES];
};
struct store_version_cache {
	struct store_version_entry *entries; /* pairs: the newer first */
};
MUST_CHECK bool store_version_cache_init(struct store_version_cache *c);
void store_version_cache_done(struct store_version_cache *c);
bool store_version_cache_get(const struct store_version_cache *c, struct slice name, uint64_t *ret);
void store_version_cache_set(struct store_version_cache *c, struct slice name, uint64_t version);
void store_version_cache_clear(struct store_version_cache *c);

struct store_version_plan {
	struct store_planned {
		struct slice name;
		uint64_t version;
	} * slots;
	size_t room, count; /* room is a power of two, at most half full */
};
/* Empties the plan and makes room for so many partitions. */
MUST_CHECK bool store_version_plan_begin(struct store_version_plan *p, size_t count);
void store_version_plan_done(struct store_version_plan *p);
bool store_version_plan_get(const struct store_version_plan *p, struct slice name, uint64_t *ret);
void store_version_plan_set(struct store_version_plan *p, struct slice name, uint64_t version);
