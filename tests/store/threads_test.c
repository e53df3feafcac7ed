/* SPDX-License-Identifier: MIT */
/*
 * Many threads on one store, every engine: nobody waits for ever, nothing is lost or doubled, a
 * reader never sees half a transaction. Prints syncs per transaction, which is what group commit
 * is for.
 */
#include "kit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MAX = 100, TRIES_MAX = 100000 };

struct worker {
	struct kit *kit;
	unsigned number, rounds;
	pthread_t thread;
	unsigned conflicts; /* result */
};

static void workers_run(struct kit *k, unsigned count, unsigned rounds, void *(*run)(void *))
{
	static struct worker workers[THREADS_MAX];

	for (unsigned i = 0; i < count; i++) {
		workers[i] = (struct worker){ .kit = k, .number = i, .rounds = rounds };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
	}
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
}

/* Adds one to a shared counter, as a mailbox hands out uids: read, expect, retry after CONFLICT. */
static void *counter_run(void *context)
{
	struct worker *w = context;
	struct store *s = w->kit->store;

	for (unsigned round = 0; round < w->rounds; round++) {
		enum store_answer answer = STORE_CONFLICT;

		for (unsigned tries = 0; answer == STORE_CONFLICT && tries < TRIES_MAX; tries++) {
			struct error e = { 0 };
			uint64_t version;
			char text[24], key[32];
			struct store_set set = { S_INIT(""), S_INIT("v") };
			struct store_commit commit = {
				.partition = S("shared"), .sets = &set, .set_count = 1
			};
			struct store_txn txn = { .commits = &commit, .commit_count = 1 };

			if (!store_version(s, commit.partition, &version, &e))
				abort();
			(void)snprintf(key, sizeof key, "%010llu", (unsigned long long)version);
			(void)snprintf(text, sizeof text, "%u", w->number);
			set = (struct store_set){ slice_of(key), slice_of(text) };
			commit.expect = version;
			answer = store_commit(s, &txn);
		}
		if (answer != STORE_OK)
			abort();
	}
	return NULL;
}

static void test_shared_counter(struct kit *k)
{
	enum { THREADS = 8, ROUNDS = 30 };
	struct store_scan scan = {
		.partition = S("shared"), .expect = STORE_ANY_VERSION, .limit = LIMIT_SCAN_ROWS
	};
	struct store_page page = { 0 };
	struct error e = { 0 };

	workers_run(k, THREADS, ROUNDS, counter_run);
	assert_int_equal(kit_version(k->store, "shared"), THREADS * ROUNDS);
	assert_true(store_scan(k->store, &scan, &page, &e));
	assert_true(page.is_last);
	assert_int_equal(page.row_count, THREADS * ROUNDS); /* one key a version: none twice */
	store_page_done(&page);
}

/*
 * Each thread its own mailbox, and pairs of partitions that must always stand at the same version.
 */
static void *pairs_run(void *context)
{
	struct worker *w = context;
	char left[24], right[24];

	(void)snprintf(left, sizeof left, "left%u", w->number);
	(void)snprintf(right, sizeof right, "right%u", w->number);
	for (unsigned round = 0; round < w->rounds; round++) {
		struct store_set set = { S_INIT("k"), S_INIT("v") };
		struct store_commit commits[] = {
			{ .partition = slice_of(left),
				.expect = round,
				.sets = &set,
				.set_count = 1 },
			{ .partition = slice_of(right),
				.expect = round,
				.sets = &set,
				.set_count = 1 },
		};
		struct store_txn txn = {
			.commits = commits, .commit_count = 2, .may_be_lazy = round % 5 == 1
		};

		if (store_commit(w->kit->store, &txn) != STORE_OK)
			abort();
	}
	return NULL;
}

static void test_pairs(struct kit *k)
{
	enum { THREADS = 16, ROUNDS = 60 };
	struct store_stats stats;
	char name[24];

	workers_run(k, THREADS, ROUNDS, pairs_run);
	for (unsigned i = 0; i < THREADS; i++) {
		(void)snprintf(name, sizeof name, "left%u", i);
		assert_int_equal(kit_version(k->store, name), ROUNDS);
		(void)snprintf(name, sizeof name, "right%u", i);
		assert_int_equal(kit_version(k->store, name), ROUNDS);
	}
	store_stats_get(k->store, &stats);
	assert_int_equal(stats.transactions, THREADS * ROUNDS);
	assert_int_equal(stats.conflicts, 0);
	if (kit_is_durable(k))
		print_message("  %u threads: %.2f syncs a transaction\n", (unsigned)THREADS,
			(double)stats.syncs / (double)stats.transactions);
}

/* More threads than bells; transactions that were submitted long before anybody waits for them. */
static void *crowd_run(void *context)
{
	struct worker *w = context;
	struct store_commit commits[3];
	struct store_txn txns[3];
	char name[24];

	(void)snprintf(name, sizeof name, "crowd%u", w->number);
	for (unsigned round = 0; round < w->rounds; round++) {
		for (unsigned i = 0; i < COUNT(txns); i++) {
			commits[i] = (struct store_commit){ .partition = slice_of(name),
				.expect = round * COUNT(txns) + i };
			txns[i] = (struct store_txn){
				.commits = &commits[i], .commit_count = 1, .may_be_lazy = true
			};
			store_submit(w->kit->store, &txns[i]);
		}
		for (unsigned i = 0; i < COUNT(txns); i++) {
			if (store_wait(w->kit->store, &txns[i]) != STORE_OK)
				abort();
		}
	}
	return NULL;
}

static void test_crowd(struct kit *k)
{
	enum { ROUNDS = 20 };
	char name[24];

	workers_run(k, THREADS_MAX, ROUNDS, crowd_run);
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		(void)snprintf(name, sizeof name, "crowd%u", i);
		assert_int_equal(kit_version(k->store, name), 3 * ROUNDS);
	}
}

/* The writer moves a token between two keys of one partition; a scan must see it exactly once. */
static bool reader_stop;

static void *reader_run(void *context)
{
	struct worker *w = context;
	struct store_scan scan = {
		.partition = S("token"), .expect = STORE_ANY_VERSION, .limit = 10
	};
	struct store_page page = { 0 };

	while (!__atomic_load_n(&reader_stop, __ATOMIC_ACQUIRE)) {
		struct error e = { 0 };

		if (!store_scan(w->kit->store, &scan, &page, &e))
			abort();
		if (page.version > 0 &&
			(page.row_count != 1 ||
				page.rows[0].key.at[0] != (page.version % 2 == 1 ? 'b' : 'a')))
			abort();
	}
	store_page_done(&page);
	return NULL;
}

static void test_readers_see_whole_transactions(struct kit *k)
{
	struct worker reader = { .kit = k };

	__atomic_store_n(&reader_stop, false, __ATOMIC_RELEASE);
	assert_int_equal(pthread_create(&reader.thread, NULL, reader_run, &reader), 0);
	for (unsigned i = 0; i < 200; i++) {
		struct slice keys[] = { S("a"), S("b") };
		struct store_set set = { keys[i % 2 == 0], S_INIT("token") };
		struct store_commit commit = { .partition = S("token"),
			.expect = i,
			.sets = &set,
			.set_count = 1,
			.removes = &keys[i % 2],
			.remove_count = 1 };
		struct store_txn txn = {
			.commits = &commit, .commit_count = 1, .may_be_lazy = true
		};

		assert_int_equal(store_commit(k->store, &txn), STORE_OK);
	}
	__atomic_store_n(&reader_stop, true, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(reader.thread, NULL), 0);
}

static void all_tests(void **state)
{
	static void (*const tests[])(struct kit *) = { test_shared_counter, test_pairs, test_crowd,
		test_readers_see_whole_transactions };
	const size_t *engine = *state;

	for (size_t i = 0; i < COUNT(tests); i++) {
		struct kit kit;

		kit_open(&kit, store_engines[*engine]);
		tests[i](&kit);
		kit_done(&kit);
	}
}

int main(void)
{
	static struct CMUnitTest all[8];
	static size_t numbers[COUNT(all)];
	size_t count = 0;

	for (; store_engines[count] != NULL && count < COUNT(all); count++) {
		numbers[count] = count;
		all[count] = (struct CMUnitTest){ .name = store_engines[count]->name,
			.test_func = all_tests,
			.initial_state = &numbers[count] };
	}
	return _cmocka_run_group_tests("store threads", all, count, NULL, NULL);
}
