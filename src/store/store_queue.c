/* SPDX-License-Identifier: MIT */
#include "store/store_queue.h"

struct store_batch {
	struct store_txn *txns[QUEUE_BATCH_TXNS];
	size_t count;
};

/* Whom to wake after the lock was let go: each waiter of the batch, and the next leader. */
struct wake_list {
	struct store_waiter *waiters[QUEUE_BATCH_TXNS + 1];
	size_t count;
};

void store_queue_init(
	struct store_queue *q, store_batch_fn *run, void *context, uint32_t patience_ms)
{
	*q = (struct store_queue){ .run = run, .context = context };
	q->patience_ns = patience_ms * NS_PER_MS;
	lock_init(&q->lock, RANK_STORE);
	signal_init(&q->shared.bell);
	for (size_t i = 0; i < COUNT(q->waiters); i++)
		signal_init(&q->waiters[i].bell);
}

void store_queue_done(struct store_queue *q)
{
	invariant(q->first == NULL && !q->is_led);
	for (size_t i = 0; i < COUNT(q->waiters); i++)
		signal_done(&q->waiters[i].bell);
	signal_done(&q->shared.bell);
	lock_done(&q->lock);
}

void store_queue_submit(struct store_queue *q, struct store_txn *txn)
{
	HOLDING(&q->lock);
	if (q->first == NULL)
		q->first = txn;
	else
		q->last->next = txn;
	q->last = txn;
}

static struct store_waiter *waiter_take(struct store_queue *q)
{
	for (size_t i = 0; i < COUNT(q->waiters); i++) {
		if (!q->waiters[i].is_taken) {
			q->waiters[i].is_taken = true;
			return &q->waiters[i];
		}
	}
	return &q->shared;
}

/* True when the transaction was still in the queue; it is not any more. */
static bool queue_withdraw(struct store_queue *q, struct store_txn *txn)
{
	struct store_txn *before = NULL;

	for (struct store_txn *t = q->first; t != txn; t = t->next) {
		if (t == NULL)
			return false;
		before = t;
	}
	if (before == NULL)
		q->first = txn->next;
	else
		before->next = txn->next;
	if (q->last == txn)
		q->last = before;
	txn->next = NULL;
	txn->is_done = true;
	txn->answer = STORE_FAILED;
	(void)fail(&txn->error, FAULT_LATER, "commit: the disk did not take it within %llu ms",
		(unsigned long long)(q->patience_ns / NS_PER_MS));
	return true;
}

static void batch_take(struct store_queue *q, struct store_batch *ret)
{
	size_t bytes = 0;

	ret->count = 0;
	while (q->first != NULL && ret->count < COUNT(ret->txns) && bytes < QUEUE_BATCH_BYTES) {
		struct store_txn *txn = q->first;

		bytes += txn->bytes;
		q->first = txn->next;
		ret->txns[ret->count++] = txn;
	}
	if (q->first == NULL)
		q->last = NULL;
}

/* Waits until the transaction is done (true), or it is our turn to write the batch (false). */
static bool queue_turn(struct store_queue *q, struct store_txn *txn, uint64_t until_ns,
	struct store_batch *ret_batch)
{
	HOLDING(&q->lock);
	if (!txn->is_done && q->is_led)
		txn->waiter = waiter_take(q);
	while (!txn->is_done && q->is_led) {
		bool is_in_time = signal_wait(&txn->waiter->bell, &q->lock, until_ns);

		if (is_in_time || txn->is_done || !q->is_led)
			continue;
		if (!queue_withdraw(q, txn))
			until_ns = UINT64_MAX; /* it is being written */
	}
	if (txn->waiter != NULL)
		txn->waiter->is_taken = false;
	txn->waiter = NULL;
	if (txn->is_done)
		return true;
	q->is_led = true;
	batch_take(q, ret_batch);
	return false;
}

static void wake_add(struct wake_list *list, struct store_waiter *waiter)
{
	if (waiter != NULL)
		list->waiters[list->count++] = waiter;
}

/* From is_done on, a transaction belongs to its caller again and is not touched. */
static void queue_finish(
	struct store_queue *q, const struct store_batch *batch, struct wake_list *ret)
{
	const struct store_txn *next;

	HOLDING(&q->lock);
	for (size_t i = 0; i < batch->count; i++) {
		wake_add(ret, batch->txns[i]->waiter);
		batch->txns[i]->is_done = true;
	}
	q->is_led = false;
	/* The first that sleeps leads next. When none does, whoever comes first will. */
	for (next = q->first; next != NULL && next->waiter == NULL;)
		next = next->next;
	if (next != NULL)
		wake_add(ret, next->waiter);
}

/*
 * The bells ring after the lock was let go, so that nobody wakes only to stand before it. A bell
 * outlives its waiter; ringing for one who already left wakes the next user for nothing, no more.
 */
static void queue_ring(struct wake_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		signal_all(&list->waiters[i]->bell);
}

static void queue_lead(struct store_queue *q, const struct store_batch *batch)
{
	struct wake_list wake;

	q->run(q->context, batch->txns, batch->count);
	wake.count = 0;
	queue_finish(q, batch, &wake);
	queue_ring(&wake);
}

enum store_answer store_queue_wait(struct store_queue *q, struct store_txn *txn)
{
	uint64_t until_ns = clock_mono_ns(&clock_real) + q->patience_ns;
	struct store_batch batch;

	while (!queue_turn(q, txn, until_ns, &batch))
		queue_lead(q, &batch);
	return txn->answer;
}
