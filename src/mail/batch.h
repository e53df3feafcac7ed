/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * batch - builds one store transaction, and carries it through an engine that may answer CONFLICT or UNKNOWN.
 *
 * A batch owns copies of all keys and values. When memory runs out it remembers that (`is_short`) and every later
 * call does nothing, so that a builder checks once, at the end, as with a cursor.
 * Threads: one user. Limits: BATCH_ARENA_BYTES in all; the store's limits a commit are the caller's duty.
 */
#include "base/arena.h"
#include "mail/keys.h"
#include "store/store.h"

enum {
	/* LIMIT_EXPANDED_RCPT_COUNT heads and entries take under 2 MiB */
	BATCH_ARENA_BYTES = 8 << 20,
	BATCH_TRIES = 40, /* each try of a healthy engine succeeds; of a faulty one, most do */
};

struct batch_part;
struct batch {
	struct arena arena;
	struct store_txn txn;
	struct batch_part *parts; /* beside txn.commits */
	size_t commit_room;
	struct id *drops;
	size_t drop_room;
	bool is_short;
};
#define auto_batch ON_EXIT(batch_done) struct batch

void batch_begin(struct batch *b, size_t commit_max, size_t drop_max);
void batch_done(struct batch *b);
/* Opens a commit; those after it go to its partition. */
void batch_commit(struct batch *b, const struct key *partition, uint64_t expect, size_t set_max,
	size_t remove_max);
void batch_set(struct batch *b, struct slice key, struct slice value);
void batch_remove(struct batch *b, struct slice key);
void batch_drop(struct batch *b, struct id blob);
bool batch_is_empty(const struct batch *b);

/* Hands the transaction to the store (again). */
void batch_submit(struct batch *b, struct store *store);
/* After UNKNOWN or FAILED: did it happen? Tells by the version of the partition of commit 0, which nobody else may
 * write meanwhile, so its `expect` must be a number. */
MUST_CHECK enum store_answer batch_settle(struct batch *b, struct store *store, struct error *e);
/*
 * Submits and waits, again and again (BATCH_TRIES) while it cannot have happened. For writers who alone write to
 * commit 0's partition (a turn, see directory and folder_remove). STORE_OK, STORE_CONFLICT (somebody else changed
 * something) or STORE_FAILED with e.
 */
MUST_CHECK enum store_answer batch_write(struct batch *b, struct store *store, struct error *e);
/* The same for a batch without harm when it happens twice: tries until it did. */
MUST_CHECK bool batch_write_again(struct batch *b, struct store *store, struct error *e);
