/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * store - keys in partitions, and blobs. Knows nothing of mail.
 *
 * A *partition* is a name (1..64 bytes), a version and up to 50,000 keys. A version starts at 0
 * (nothing was ever written) and grows by one with every commit that names the partition.
 * A *transaction* is a list of commits, at most one a partition, with the blobs they refer to. It
 * is all or none: after store_wait() said STORE_OK it is on disk and survives kill -9 and power
 * loss; after STORE_CONFLICT nothing of it exists. An engine that spans machines may answer
 * STORE_UNKNOWN: the deadline passed and the caller must look (the version of its first partition
 * tells). After STORE_FAILED it is usually not there; when the disk failed in the middle of a
 * write it may turn out, whole, once the store has mended itself. So a caller that knows a version
 * forgets it.
 *
 * Order: transactions take effect in the order of store_submit(). That is what lets a caller hold
 * its own lock while it submits, let go, and only then wait: two mails for one mailbox share a
 * sync, and the second may expect the version that the first will make. When the first fails, the
 * second gets STORE_CONFLICT.
 * Group commit: transactions that are submitted while a sync runs share the next one.
 * Damage: a torn end of the log, which nobody was promised, is cut off. When acknowledged commits
 * are missing from it, opening is FAULT_NEVER and says where; is_read_only and may_salvage open it
 * all the same, with all that can be read, and store_check() reports it.
 * Mending: after a full disk or another failed write every commit is FAULT_LATER, and reads go on;
 * the first commit after the disk takes data again is written as if nothing had been.
 *
 * Not here: names of things, encoding of values, caching of mail.
 * Threads: every function from any thread.
 * Deadlines: `patience_ms` bounds the wait for others; a write that already runs is waited for, as
 * a local disk cannot be told to stop.
 * Ownership: all slices are borrowed for the call; a transaction, with all it points to, belongs to
 * the store from store_submit() until store_wait() came back.
 * Limits: LIMIT_KEY_BYTES, LIMIT_VALUE_BYTES, LIMIT_COMMIT_BYTES, LIMIT_COMMIT_KEYS,
 * LIMIT_SCAN_ROWS; going over one is FAULT_NEVER and our own bug.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/id.h"
#include "base/slice.h"

struct store;

enum store_answer { STORE_OK, STORE_CONFLICT, STORE_UNKNOWN, STORE_FAILED };
#define STORE_ANY_VERSION UINT64_MAX

struct store_set {
	struct slice key, value;
};

struct store_commit {
	struct slice partition;
	uint64_t expect; /* the version the partition must have, or STORE_ANY_VERSION */
	const struct store_set *sets;
	size_t set_count;
	const struct slice *removes; /* removing what is not there is no error */
	size_t remove_count;
	uint64_t ret_version; /* set when the answer is STORE_OK */
};

/*
 * A piece of a blob. Chunks are numbered from 0; all but the last are LIMIT_BLOB_CHUNK_BYTES long.
 */
struct store_chunk {
	struct id blob;
	uint32_t number;
	struct slice bytes;
};

struct store_waiter;
enum store_fate { STORE_FATE_RUN, STORE_FATE_ANSWERED, STORE_FATE_HIDDEN };

struct store_txn {
	struct store_commit *commits;
	size_t commit_count;
	const struct store_chunk *chunks; /* written with the commits; each a blob's last chunk */
	size_t chunk_count;
	const struct id *drops; /* blobs to forget, whole; of earlier, finished transactions */
	size_t drop_count;
	bool may_be_lazy; /* needs no sync of its own: a trace line, a read mark */
	/* The store's, from submit to wait: */
	struct store_txn *next;
	struct store_waiter *waiter;
	enum store_answer answer;
	enum store_fate fate;
	bool is_done;
	size_t bytes;
	struct error error;
};

struct store_options {
	const char *path;       /* directory; store_mem ignores it */
	uint64_t memory_bytes;  /* for caches and write buffers together; 0 is the default */
	uint32_t patience_ms;   /* longest wait of any call; 0 is the default (30 s) */
	bool may_create;        /* make the directory and an empty store when there is none */
	bool is_read_only;      /* for `mailvisor check` beside a stopped server */
	bool may_salvage;       /* for `mailvisor check --repair`: open a damaged log too */
	uint32_t fault_percent; /* tests: of 100 submits so many answer CONFLICT or UNKNOWN */
	uint64_t fault_seed;
};

struct store_stats {
	uint64_t syncs, transactions, commits, conflicts, bytes_written, blobs_written,
		blobs_dropped;
};

struct store_row {
	struct slice key, value; /* point into the page */
};

/*
 * A page of rows, in key order. Zero it first; a page may be used for many scans; give it back with
 * store_page_done(). It ends before `limit` rows when its bytes reach LIMIT_SCAN_BYTES.
 */
struct store_page {
	struct store_row *rows;
	size_t row_count;
	bool is_last;     /* nothing with that prefix comes after these rows */
	bool has_changed; /* `expect` was given and the partition is at another version: no rows */
	uint64_t version; /* of the partition, when the rows were read */
	struct buf bytes; /* what the rows point to */
	size_t row_room;
};

struct store_scan {
	struct slice partition;
	struct slice prefix; /* only keys that start so; empty is all */
	struct slice after;  /* only keys greater than this; empty is from the start */
	uint64_t expect;     /* STORE_ANY_VERSION, or answer has_changed at another version */
	size_t limit;        /* rows, 1..LIMIT_SCAN_ROWS */
};

/* A first chunk that is wanted together with others. */
struct store_wish {
	struct id blob;
	struct slice bytes; /* the answer; empty: not read */
	void *pin;          /* the engine's */
};

enum store_finding {
	STORE_FINDING_DAMAGED_KEY,
	STORE_FINDING_DAMAGED_BLOB,
	STORE_FINDING_ORPHAN_BLOB,
	STORE_FINDING_DAMAGED_LOG /* commits that were acknowledged are missing */
};
/* What `mailvisor check` found; `what` names it in printable text. */
typedef void store_check_fn(void *context, enum store_finding finding, struct slice what);

/*
 * How to check. The store does not know which blobs are meant to be there: it shows every sound row
 * first, so that the caller can note the blobs it refers to, and then asks about every blob. What
 * was noted and never asked about is missing. Nothing may be written to the store meanwhile.
 */
struct store_check {
	store_check_fn *report;
	/* May be NULL. False ends the check; *e is filled. */
	bool (*see_row)(void *context, struct slice partition, struct slice key, struct slice value,
		struct error *e);
	/* May be NULL: then no blob is an orphan. */
	bool (*is_wanted)(void *context, struct id blob);
	void *context;
	bool may_salvage; /* also remove damaged rows, damaged and orphaned blobs, for good */
};

/* One engine. Called only through the functions below, which check the limits first. */
struct store_engine {
	const char *name;
	bool (*open)(const struct store_options *options, struct store **ret, struct error *e);
	void (*close)(struct store *s);
	void (*submit)(struct store *s, struct store_txn *txn);
	enum store_answer (*wait)(struct store *s, struct store_txn *txn);
	bool (*get)(struct store *s, struct slice partition, struct slice key,
		struct buf *ret_value, bool *ret_found, struct error *e);
	bool (*version)(struct store *s, struct slice partition, uint64_t *ret, struct error *e);
	bool (*scan)(struct store *s, const struct store_scan *scan, struct store_page *ret,
		struct error *e);
	bool (*chunk_write)(struct store *s, const struct store_chunk *chunk, struct error *e);
	bool (*chunk_read)(struct store *s, struct id blob, uint32_t number, struct buf *ret,
		bool *ret_found, struct error *e);
	/* NULL: this engine gains nothing by it. */
	void (*chunks_pin)(struct store *s, struct store_wish *wishes, size_t count);
	void (*chunk_unpin)(struct store_wish *wish);
	void (*stats)(struct store *s, struct store_stats *ret);
	bool (*check)(struct store *s, const struct store_check *how, struct error *e);
	/* NULL: this engine keeps nothing on disk. */
	bool (*copy)(struct store *s, const char *path, struct error *e);
};
extern const struct store_engine store_mem, store_rocksdb;
extern const struct store_engine *const store_engines[]; /* NULL-terminated */

/* The functions callers use; each checks the limits and calls the engine. */
MUST_CHECK bool store_open(const struct store_engine *engine, const struct store_options *options,
	struct store **ret, struct error *e);
void store_close(struct store *s); /* NULL is fine */
const struct store_engine *store_engine_of(const struct store *s);

/* Queues the transaction. Cheap: no I/O, no wait; safe under a lock below RANK_STORE. */
void store_submit(struct store *s, struct store_txn *txn);
/* Waits for it (and may do the work of others meanwhile). STORE_FAILED: txn->error says why. */
MUST_CHECK enum store_answer store_wait(struct store *s, struct store_txn *txn);
/* Submit and wait. */
MUST_CHECK enum store_answer store_commit(struct store *s, struct store_txn *txn);

/* Reads the value of a key; not found is an answer. ret_value is cleared first. */
MUST_CHECK bool store_get(struct store *s, struct slice partition, struct slice key,
	struct buf *ret_value, bool *ret_found, struct error *e);
/* The partition's version, 0 when it was never written. */
MUST_CHECK bool store_version(
	struct store *s, struct slice partition, uint64_t *ret, struct error *e);
MUST_CHECK bool store_scan(
	struct store *s, const struct store_scan *scan, struct store_page *ret, struct error *e);
void store_page_done(struct store_page *page);

/*
 * Writes a chunk ahead of the transaction that will refer to it, so that a large body never stands
 * in memory. It is durable when that transaction is; without one it is an orphan that `check`
 * removes.
 */
MUST_CHECK bool store_chunk_write(
	struct store *s, const struct store_chunk *chunk, struct error *e);
/* Appends a chunk's bytes to *ret. A missing chunk is an answer. */
MUST_CHECK bool store_chunk_read(struct store *s, struct id blob, uint32_t number, struct buf *ret,
	bool *ret_found, struct error *e);

/*
 * Reads the first chunks of up to STORE_WISHES_MAX blobs side by side, which costs half of reading one after the other. It has
 * no failures: what is missing or damaged, or not worth it, stays empty, and store_chunk_read() says why. The bytes are
 * there until store_chunks_unpin(), which is due before the store closes.
 */
enum { STORE_WISHES_MAX = 32 };
void store_chunks_pin(struct store *s, struct store_wish *wishes, size_t count);
void store_chunks_unpin(struct store *s, struct store_wish *wishes, size_t count);

void store_stats_get(struct store *s, struct store_stats *ret);
/* Reads everything, verifies checksums, reports; for a store nobody serves from. */
MUST_CHECK bool store_check(struct store *s, const struct store_check *how, struct error *e);
/*
 * Makes `path`, which must not be there yet, a store of its own with all that was acknowledged before
 * the call, while others go on writing; of what they write meanwhile any whole transaction may be in
 * it. Chunks that wait for their transaction may be in it as orphans. On the same file system it
 * is cheap: tables never change, so they become hard links.
 */
MUST_CHECK bool store_copy(struct store *s, const char *path, struct error *e);
