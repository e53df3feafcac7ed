/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * store_rocksdb - the store on a local disk; private to store_rocksdb*.c, the home of
 * <rocksdb/c.h>.
 *
 *   store_rocksdb.c         open, close, mend, statistics; the engine's table
 *   store_rocksdb_setup.c   RocksDB's many options, each with its reason
 *   store_rocksdb_commit.c  one batch: check versions, build, write once, publish
 *   store_rocksdb_read.c    get, version, scan, chunks
 *   store_rocksdb_check.c   walk over everything
 *   store_rocksdb_copy.c    a copy of everything, while it runs
 *   store_rocksdb_log.c     is the log of commits whole?
 *   store_rocksdb_mark.c    how far it was synced
 *   store_rocksdb_trim.c    memory that only opening needed
 *
 * Two column families: rows, and blobs whose chunks stand in blob files, so that compaction moves
 * only small things. Keys and records: store_engine.h.
 * Threads: `handle` is held for reading by whoever uses db, for writing by rocks_mend(), which
 * closes and opens it again after a failed write. It is taken before `lock`.
 */
#include "base/lock.h"
#include "store/store_engine.h"
#include "store/store_queue.h"
#include "store/store_rocksdb_log.h"
#include "store/store_versions.h"

#include <rocksdb/c.h>

enum { ROCKS_BLOB_MIN_BYTES = 1 << 10 /* smaller chunks stand beside their keys */ };
enum rocks_family { FAMILY_ROWS, FAMILY_BLOBS, FAMILY_COUNT };

struct rocks_setup {
	rocksdb_options_t *families[FAMILY_COUNT];
	rocksdb_cache_t *cache;
	rocksdb_writeoptions_t *synced, *lazy;
	rocksdb_readoptions_t *read;
};

struct rocks {
	struct store base;
	char *path;
	bool is_read_only, may_create, may_salvage;
	struct rocks_setup setup;
	struct store_queue queue;

	pthread_rwlock_t handle;
	/* under handle: */
	rocksdb_t *db; /* NULL: closed, and opening it again failed */
	rocksdb_column_family_handle_t *families[FAMILY_COUNT];
	struct rocks_log log; /* as it was when it was opened */

	bool is_broken; /* atomic: a write failed, so rocks_mend() opens again before the next */

	/* the leader's: */
	rocksdb_writebatch_t *batch;
	struct store_version_plan plan;
	uint64_t synced; /* the last sequence known to be on disk */
	int mark_fd;

	struct lock lock; /* RANK_STORE_DATA */
	/* under lock: */
	struct store_version_cache versions;
	struct store_stats stats;
};

struct rocks *rocks_of(struct store *s);

/* Setup. */
MUST_CHECK bool rocks_setup_init(
	struct rocks_setup *setup, const struct store_options *options, struct error *e);
void rocks_setup_done(struct rocks_setup *setup);

/* Turns RocksDB's message into a failure and frees it: "store 'PATH': WHAT: MESSAGE". */
bool rocks_fail(
	const struct rocks *r, struct error *e, enum fault fault, const char *what, char *message);

/* Holds the handle for reading to the end of the block; db is NULL when the store is closed. */
struct rocks_hold {
	struct rocks *rocks;
};
struct rocks_hold rocks_enter(struct rocks *r);
void rocks_leave(struct rocks_hold *hold);
#define ROCKS_READING(r) ON_EXIT(rocks_leave) UNUSED struct rocks_hold reading_now = rocks_enter(r)
/* Says no, with the reason, when there is no open handle. */
MUST_CHECK bool rocks_is_open(const struct rocks *r, struct error *e);

/* After a failed write: closes and opens again, once the directory takes data. Else nothing. */
MUST_CHECK bool rocks_mend(struct rocks *r, struct error *e);

/* Puts all that stands only in the log into tables, so that the log is empty. */
bool rocks_flush(struct rocks *r, struct error *e);

/* Commit. */
void rocks_run_batch(void *context, struct store_txn *const *txns, size_t count);
bool rocks_chunk_write(struct store *s, const struct store_chunk *chunk, struct error *e);
/* Adds the removal of all chunks of a blob. */
MUST_CHECK bool rocks_batch_drop(
	struct rocks *r, rocksdb_writebatch_t *batch, struct id blob, struct error *e);

/*
 * Read. A record found is pinned: rocksdb_pinnableslice_destroy(*ret_pin) after use; NULL when not
 * found.
 */
MUST_CHECK bool rocks_pin(struct rocks *r, enum rocks_family family, struct slice key,
	rocksdb_pinnableslice_t **ret_pin, struct slice *ret_value, struct error *e);
MUST_CHECK bool rocks_read_version(
	struct rocks *r, struct slice partition, uint64_t *ret, struct error *e);
bool rocks_get(struct store *s, struct slice partition, struct slice key, struct buf *ret_value,
	bool *ret_found, struct error *e);
void rocks_chunks_pin(struct store *s, struct store_wish *wishes, size_t count);
void rocks_chunk_unpin(struct store_wish *wish);
bool rocks_version(struct store *s, struct slice partition, uint64_t *ret, struct error *e);
bool rocks_scan(
	struct store *s, const struct store_scan *scan, struct store_page *ret, struct error *e);
bool rocks_chunk_read(struct store *s, struct id blob, uint32_t number, struct buf *ret,
	bool *ret_found, struct error *e);

/* Check. */
bool rocks_check(struct store *s, const struct store_check *how, struct error *e);

/* Copy. */
bool rocks_copy_store(struct store *s, const char *path, struct error *e);
