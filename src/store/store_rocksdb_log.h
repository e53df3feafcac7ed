/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * store_rocksdb_log - is the log of commits whole? Private to store_rocksdb*.c.
 *
 * RocksDB reads its log up to the first bad byte and forgets the rest: right for the torn end that
 * a crash leaves, silent loss when the disk changed a byte. To tell one from the other we keep what
 * was synced in two places: the *mark*, a file beside the log that every synced commit overwrites
 * (exact after kill -9; after a power cut as old as the kernel's write-back), and the *claim*,
 * which each commit carries in the log about those before it. What is missing above both was never
 * acknowledged; what is missing below is damage.
 *
 * Layout of a log: blocks of 32 KiB; in them fragments [crc 4][length 2][type 1][bytes]; fragments
 * make a record [sequence 8][count 4][claim][...], and sequences follow each other without a gap.
 * Not here: opening (store_rocksdb.c), what the records hold (RocksDB).
 * Threads: rocks_mark_write by the leader only, the rest while the store is opened.
 * Limits: LOG_FILES_MAX logs.
 */
#include "store/store_engine.h"

enum {
	LOG_FILES_MAX = 1024, /* there are two or three; WAL_BYTES bounds their sum */
	LOG_NAME_BYTES = 32,
	LOG_CLAIM_BYTES = 9,
};

struct rocks_log {
	char file[LOG_NAME_BYTES]; /* where the first missing record stood, or what lies there */
	uint64_t at;               /* ... and at which byte */
	bool has_hole;             /* something is missing there */
	bool has_scars;            /* bad bytes, but nothing is missing */
	bool has_first;            /* a good record stands before the hole */
	uint64_t next;             /* the sequence that should stand in the hole */
	uint64_t after;            /* good records behind it */
	uint64_t missing;          /* keys, at least */
	uint64_t claimed;          /* all up to this sequence was synced */
	bool is_damaged;           /* the verdict: synced commits are missing */
};

/* Reads the mark and the logs in `path` whose number is not below `first`. */
MUST_CHECK bool rocks_log_read(
	const char *path, uint64_t first, struct rocks_log *ret, struct error *e);
/* After opening: RocksDB found all up to `sequence`. Completes the verdict. */
void rocks_log_compare(struct rocks_log *log, uint64_t sequence);
/* Cuts off the torn end, which nobody was promised. */
MUST_CHECK bool rocks_log_cut(const char *path, const struct rocks_log *log, struct error *e);

/* The mark: -1 when it cannot be opened, with the reason. */
int rocks_mark_open(const char *path, struct error *e);
/* False when it cannot be trusted; 0 when nothing was ever claimed. */
MUST_CHECK bool rocks_mark_read(const char *path, uint64_t *ret_sequence);
/* Failing only makes the mark older than it could be. */
void rocks_mark_write(int fd, uint64_t sequence);

/* What a commit says about those before it, for rocksdb_writebatch_put_log_data(). */
struct rocks_claim {
	char bytes[LOG_CLAIM_BYTES];
};
struct rocks_claim rocks_claim(uint64_t sequence);
