/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * store_queue - group commit: transactions line up, and whoever waits first writes for all.
 *
 *   submit, submit, submit --> queue --> the first waiter takes all --> run() once --> all wake
 *
 * While one batch is written the queue fills again; its first waiter writes the next batch. Nobody
 * ever waits for more company: a transaction that is alone is written alone, at once.
 * Not here: what a batch does (run), versions, disks.
 * Threads: any; run() is called by one thread at a time, without the queue's lock.
 * Limits: QUEUE_BATCH_TXNS and QUEUE_BATCH_BYTES. A transaction that is still in the queue when
 * patience ends is taken out of it and fails; one that is being written is waited for, because the
 * disk cannot be told to stop.
 */
#include "base/lock.h"
#include "store/store.h"

enum {
	QUEUE_BATCH_TXNS = 256, /* more share a sync than our workers can submit */
	/* memory of one batch; a sync costs less than this much data */
	QUEUE_BATCH_BYTES = 4 << 20,
	QUEUE_WAITERS = 64, /* threads with a bell of their own; any others share one */
};

/* A bell for one waiting thread, so that a finished batch wakes only its own threads. */
struct store_waiter {
	struct signal bell;
	bool is_taken;
};

/* Sets `answer` (and `error`) of each transaction. */
typedef void store_batch_fn(void *context, struct store_txn *const *txns, size_t count);

struct store_queue {
	store_batch_fn *run;
	void *context;
	uint64_t patience_ns;
	struct lock lock;
	/* under lock: */
	struct store_txn *first, *last;
	bool is_led; /* some thread runs a batch */
	struct store_waiter waiters[QUEUE_WAITERS], shared;
};

void store_queue_init(
	struct store_queue *q, store_batch_fn *run, void *context, uint32_t patience_ms);
void store_queue_done(struct store_queue *q);
void store_queue_submit(struct store_queue *q, struct store_txn *txn);
enum store_answer store_queue_wait(struct store_queue *q, struct store_txn *txn);
