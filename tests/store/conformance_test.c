/* SPDX-License-Identifier: MIT */
/*
 * The contract of store.h, one test a sentence, run against every engine of store_engines[].
 */
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANY STORE_ANY_VERSION

static void test_nothing_was_written(struct kit *k)
{
	assert_int_equal(kit_version(k->store, "p"), 0);
	kit_expect(k->store, "p", "k", NULL);
	kit_expect_rows(k->store, "p", "", 10, "");
}

static void test_versions_grow_by_one(struct kit *k)
{
	assert_int_equal(kit_put(k->store, "p", 0, "k", "one"), STORE_OK);
	assert_int_equal(kit_put(k->store, "p", 1, "k", "two"), STORE_OK);
	assert_int_equal(kit_put(k->store, "p", ANY, "l", ""), STORE_OK);
	assert_int_equal(kit_version(k->store, "p"), 3);
	assert_int_equal(kit_version(k->store, "q"), 0);
	kit_expect(k->store, "p", "k", "two");
	kit_expect(k->store, "p", "l", "");
}

static void test_removes(struct kit *k)
{
	struct slice removes[] = { S("k"), S("never there") };
	struct store_commit commit = {
		.partition = S("p"), .expect = 1, .removes = removes, .remove_count = COUNT(removes)
	};
	struct store_txn txn = { .commits = &commit, .commit_count = 1 };

	assert_int_equal(kit_put(k->store, "p", 0, "k", "v"), STORE_OK);
	assert_int_equal(store_commit(k->store, &txn), STORE_OK);
	assert_int_equal(commit.ret_version, 2);
	kit_expect(k->store, "p", "k", NULL);
	kit_expect_rows(k->store, "p", "", 10, "");
	assert_int_equal(kit_version(k->store, "p"), 2);
}

static void test_conflict_leaves_nothing(struct kit *k)
{
	struct store_set set = { S_INIT("k"), S_INIT("v") };
	struct store_commit commits[] = {
		{ .partition = S("a"), .expect = 0, .sets = &set, .set_count = 1 },
		{ .partition = S("b"), .expect = 5, .sets = &set, .set_count = 1 },
	};
	struct store_chunk chunk = { kit_blob(1), 0, S("body") };
	struct store_txn txn = { .commits = commits,
		.commit_count = COUNT(commits),
		.chunks = &chunk,
		.chunk_count = 1 };
	auto_buf body = { .max = LIMIT_BLOB_CHUNK_BYTES };
	struct error e = { 0 };
	struct store_stats stats;
	bool is_found = true;

	assert_int_equal(store_commit(k->store, &txn), STORE_CONFLICT);
	assert_int_equal(kit_version(k->store, "a"), 0);
	kit_expect(k->store, "a", "k", NULL);
	assert_true(store_chunk_read(k->store, kit_blob(1), 0, &body, &is_found, &e));
	assert_false(is_found);
	store_stats_get(k->store, &stats);
	assert_int_equal(stats.conflicts, 1);
}

/* The second is submitted before the first is waited for, and expects what the first will make. */
static void test_order_is_that_of_submit(struct kit *k)
{
	struct store_set sets[] = { { S_INIT("k"), S_INIT("1") }, { S_INIT("k"), S_INIT("2") },
		{ S_INIT("k"), S_INIT("3") } };
	struct store_commit commits[3];
	struct store_txn txns[3];

	for (size_t i = 0; i < COUNT(txns); i++) {
		commits[i] = (struct store_commit){
			.partition = S("p"), .expect = i, .sets = &sets[i], .set_count = 1
		};
		txns[i] = (struct store_txn){ .commits = &commits[i], .commit_count = 1 };
		store_submit(k->store, &txns[i]);
	}
	for (size_t i = COUNT(txns); i-- > 0;) {
		assert_int_equal(store_wait(k->store, &txns[i]), STORE_OK);
		assert_int_equal(commits[i].ret_version, i + 1);
	}
	kit_expect(k->store, "p", "k", "3");
}

static void test_a_failure_fails_what_builds_on_it(struct kit *k)
{
	static const struct {
		uint64_t expect;
		enum store_answer answer;
	} rows[] = { { 3, STORE_CONFLICT }, { 4, STORE_CONFLICT }, { 0, STORE_OK },
		{ 0, STORE_CONFLICT }, { 1, STORE_OK }, { ANY, STORE_OK } };
	struct store_commit commits[COUNT(rows)];
	struct store_txn txns[COUNT(rows)];

	for (size_t i = 0; i < COUNT(rows); i++) {
		commits[i] = (struct store_commit){ .partition = S("p"), .expect = rows[i].expect };
		txns[i] = (struct store_txn){ .commits = &commits[i], .commit_count = 1 };
		store_submit(k->store, &txns[i]);
	}
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(store_wait(k->store, &txns[i]), rows[i].answer);
	assert_int_equal(kit_version(k->store, "p"), 3);
}

static void test_one_transaction_many_partitions(struct kit *k)
{
	enum { MANY = 300 };
	struct store_commit commits[MANY];
	char names[MANY][8];
	struct store_set set = { S_INIT("k"), S_INIT("v") };
	struct store_txn txn = { .commits = commits, .commit_count = MANY };

	for (size_t i = 0; i < MANY; i++) {
		(void)snprintf(names[i], sizeof names[i], "p%zu", i);
		commits[i] = (struct store_commit){
			.partition = slice_of(names[i]), .expect = 0, .sets = &set, .set_count = 1
		};
	}
	assert_int_equal(store_commit(k->store, &txn), STORE_OK);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(commits[i].ret_version, 1);
		assert_int_equal(kit_version(k->store, names[i]), 1);
		kit_expect(k->store, names[i], "k", "v");
	}
}

static void test_scan_keeps_to_its_prefix_in_order(struct kit *k)
{
	static const char *const keys[] = { "b", "a", "ab", "aa", "a\xff", "a\xff\xff", "c" };

	for (size_t i = 0; i < COUNT(keys); i++) {
		assert_int_equal(kit_put(k->store, "p", ANY, keys[i], "1"), STORE_OK);
		assert_int_equal(kit_put(k->store, "p\x01", ANY, keys[i], "2"), STORE_OK);
		assert_int_equal(kit_put(k->store, "pp", ANY, keys[i], "3"), STORE_OK);
		assert_int_equal(kit_put(k->store, "o", ANY, keys[i], "4"), STORE_OK);
	}
	for (size_t limit = 1; limit <= COUNT(keys) + 1; limit++) {
		kit_expect_rows(
			k->store, "p", "", limit, "a=1 aa=1 ab=1 a\xff=1 a\xff\xff=1 b=1 c=1");
		kit_expect_rows(k->store, "pp", "a", limit, "a=3 aa=3 ab=3 a\xff=3 a\xff\xff=3");
		kit_expect_rows(k->store, "p\x01", "a\xff", limit, "a\xff=2 a\xff\xff=2");
		kit_expect_rows(k->store, "o", "bb", limit, "");
		kit_expect_rows(k->store, "o", "c", limit, "c=4");
	}
}

static void test_scan_answers_has_changed(struct kit *k)
{
	struct store_scan scan = { .partition = S("p"), .expect = 1, .limit = 10 };
	struct store_page page = { 0 };
	struct error e = { 0 };

	assert_int_equal(kit_put(k->store, "p", 0, "k", "v"), STORE_OK);
	assert_true(store_scan(k->store, &scan, &page, &e));
	assert_true(!page.has_changed && page.is_last && page.row_count == 1 && page.version == 1);
	assert_int_equal(kit_put(k->store, "p", 1, "l", "v"), STORE_OK);
	assert_true(store_scan(k->store, &scan, &page, &e));
	assert_true(page.has_changed && page.row_count == 0 && page.version == 2);
	store_page_done(&page);
}

/*
 * Rows of 60 KiB: a page ends by bytes before it ends by rows, and nothing is lost between pages.
 */
static void test_scan_ends_a_page_by_bytes(struct kit *k)
{
	enum { ROWS = 40, BYTES = 60 << 10 };
	char *value = malloc(BYTES), key[8], last[8] = "";
	struct store_scan scan = { .partition = S("p"), .expect = ANY, .limit = LIMIT_SCAN_ROWS };
	struct store_page page = { 0 };
	struct error e = { 0 };
	size_t seen = 0, pages = 0;

	for (unsigned i = 0; i < ROWS; i++) {
		struct store_set set = { S_INIT(""), { value, BYTES } };
		struct store_commit commit = {
			.partition = S("p"), .expect = i, .sets = &set, .set_count = 1
		};
		struct store_txn txn = { .commits = &commit, .commit_count = 1 };

		(void)snprintf(key, sizeof key, "k%03u", i);
		set.key = slice_of(key);
		kit_fill(value, BYTES, i);
		assert_int_equal(store_commit(k->store, &txn), STORE_OK);
	}
	do {
		assert_true(store_scan(k->store, &scan, &page, &e));
		for (size_t i = 0; i < page.row_count; i++, seen++) {
			(void)snprintf(key, sizeof key, "k%03zu", seen);
			assert_true(slice_same(page.rows[i].key, slice_of(key)));
			kit_fill(value, BYTES, seen);
			assert_true(slice_same(page.rows[i].value, (struct slice){ value, BYTES }));
			memcpy(last, key, sizeof last);
		}
		scan.after = slice_of(last);
		pages++;
	} while (!page.is_last && pages < ROWS);
	assert_int_equal(seen, ROWS);
	assert_true(pages >= 2);
	store_page_done(&page);
	free(value);
}

static void test_limits(struct kit *k)
{
	static char bytes[LIMIT_COMMIT_BYTES + 1];
	static const struct {
		size_t partition, key, value, sets;
		bool is_good;
	} rows[] = {
		{ 1, 1, 0, 1, true },
		{ LIMIT_PARTITION_NAME_BYTES, 1, 1, 1, true },
		{ LIMIT_PARTITION_NAME_BYTES + 1, 1, 1, 1, false },
		{ 0, 1, 1, 1, false },
		{ 1, LIMIT_KEY_BYTES, 1, 1, true },
		{ 1, LIMIT_KEY_BYTES + 1, 1, 1, false },
		{ 1, 0, 1, 1, false },
		{ 1, 1, LIMIT_VALUE_BYTES, 1, true },
		{ 1, 1, LIMIT_VALUE_BYTES + 1, 1, false },
		{ 1, 1, 1, LIMIT_COMMIT_KEYS, true },
		{ 1, 1, 1, LIMIT_COMMIT_KEYS + 1, false },
		{ 1, 24, 1000, 1000, true },
		{ 1, 49, 1000, 1000, false },
	};
	struct store_set *sets = calloc(LIMIT_COMMIT_KEYS + 1, sizeof *sets);

	memset(bytes, 'x', sizeof bytes);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct store_commit commit = { .partition = { bytes, rows[i].partition },
			.expect = ANY,
			.sets = sets,
			.set_count = rows[i].sets };
		struct store_txn txn = { .commits = &commit, .commit_count = 1 };

		for (size_t j = 0; j < rows[i].sets; j++)
			sets[j] = (struct store_set){ { bytes, rows[i].key },
				{ bytes, rows[i].value } };
		if (store_commit(k->store, &txn) != (rows[i].is_good ? STORE_OK : STORE_FAILED))
			kit_fail("row %zu: %s", i, txn.error.text);
		assert_int_equal(txn.error.fault, rows[i].is_good ? FAULT_NONE : FAULT_NEVER);
	}
	free(sets);
}

static void blob_drop(struct kit *k, unsigned blob)
{
	struct id drop = kit_blob(blob);
	struct store_txn txn = { .drops = &drop, .drop_count = 1, .may_be_lazy = true };

	assert_int_equal(store_commit(k->store, &txn), STORE_OK);
}

/* Blobs 0 to 4 together, some twice: each is as chunk_read says, or is left to it. */
static void wishes_expect(struct kit *k, const char *big)
{
	static const unsigned blobs[] = { 4, 1, 3, 2, 1, 0 };
	struct store_wish wishes[COUNT(blobs)];

	for (size_t i = 0; i < COUNT(blobs); i++)
		wishes[i].blob = kit_blob(blobs[i]);
	store_chunks_pin(k->store, wishes, COUNT(blobs));
	for (size_t i = 0; i < COUNT(blobs); i++) {
		struct slice bytes = wishes[i].bytes;

		if (bytes.len > 0)
			kit_expect_blob(k, blobs[i], 0, bytes.at, bytes.len);
		if (blobs[i] == 1 && big != NULL && k->engine->chunks_pin != NULL)
			assert_true(
				slice_same(bytes, (struct slice){ big, LIMIT_BLOB_CHUNK_BYTES }));
		assert_true(bytes.len == 0 || (blobs[i] != 0 && blobs[i] != 4));
	}
	store_chunks_unpin(k->store, wishes, COUNT(blobs));
	for (size_t i = 0; i < COUNT(blobs); i++)
		assert_true(wishes[i].bytes.len == 0 && wishes[i].pin == NULL);
}

static void test_blobs(struct kit *k)
{
	static char big[LIMIT_BLOB_CHUNK_BYTES];
	struct store_chunk tail = { kit_blob(1), 2, { big, 10240 } };
	struct store_chunk small = { kit_blob(2), 0, S("small") },
			   empty = { kit_blob(3), 0, S("") };
	struct store_chunk chunks[] = { tail, small, empty };
	struct store_txn txn = { .chunks = chunks, .chunk_count = COUNT(chunks) };
	struct error e = { 0 };

	kit_fill(big, sizeof big, 7);
	for (uint32_t number = 0; number < 2; number++)
		assert_true(store_chunk_write(k->store,
			&(struct store_chunk){ kit_blob(1), number, { big, sizeof big } }, &e));
	assert_int_equal(store_commit(k->store, &txn), STORE_OK);
	for (int i = 0; i < 2; i++) {
		kit_expect_blob(k, 1, 0, big, sizeof big);
		kit_expect_blob(k, 1, 1, big, sizeof big);
		kit_expect_blob(k, 1, 2, big, 10240);
		kit_expect_blob(k, 1, 3, NULL, 0);
		kit_expect_blob(k, 2, 0, "small", 5);
		kit_expect_blob(k, 3, 0, "", 0);
		kit_expect_blob(k, 4, 0, NULL, 0);
		wishes_expect(k, big);
		if (kit_is_durable(k)) {
			kit_close_only(k);
			kit_reopen(k);
		}
	}
	blob_drop(k, 1);
	blob_drop(k, 4); /* was never there */
	for (uint32_t number = 0; number < 3; number++)
		kit_expect_blob(k, 1, number, NULL, 0);
	kit_expect_blob(k, 2, 0, "small", 5);
	wishes_expect(k, NULL);
}

static void test_lazy_needs_no_sync(struct kit *k)
{
	struct store_set set = { S_INIT("k"), S_INIT("v") };
	struct store_commit commit = { .partition = S("p"), .sets = &set, .set_count = 1 };
	struct store_txn txn = { .commits = &commit, .commit_count = 1, .may_be_lazy = true };
	struct store_stats before, after;

	store_stats_get(k->store, &before);
	assert_int_equal(store_commit(k->store, &txn), STORE_OK);
	store_stats_get(k->store, &after);
	assert_int_equal(after.syncs, before.syncs);
	kit_expect(k->store, "p", "k", "v");
	assert_int_equal(kit_put(k->store, "p", 1, "k", "w"), STORE_OK);
	store_stats_get(k->store, &after);
	assert_int_equal(after.syncs, before.syncs + kit_is_durable(k));
	assert_int_equal(after.transactions, before.transactions + 2);
}

struct findings {
	unsigned rows, damaged_keys, damaged_blobs, orphans;
};

static void finding_count(void *context, enum store_finding finding, struct slice what)
{
	struct findings *f = context;

	assert_true(what.len > 0);
	f->damaged_keys += finding == STORE_FINDING_DAMAGED_KEY;
	f->damaged_blobs += finding == STORE_FINDING_DAMAGED_BLOB;
	f->orphans += finding == STORE_FINDING_ORPHAN_BLOB;
}

static bool finding_row(void *context, struct slice partition, struct slice key, struct slice value,
	struct error *e)
{
	struct findings *f = context;

	(void)e;
	assert_true(partition.len > 0 && key.len > 0 && value.len > 0);
	f->rows++;
	return true;
}

static bool blob_is_even(void *context, struct id blob)
{
	(void)context;
	return blob.bytes[ID_BYTES - 1] % 2 == 0;
}

static struct findings check_run(struct kit *k, bool may_salvage)
{
	struct findings f = { 0 };
	struct store_check how = { finding_count, finding_row, blob_is_even, &f, may_salvage };
	struct error e = { 0 };

	if (!store_check(k->store, &how, &e))
		kit_fail("%s", e.text);
	return f;
}

/* Blobs 0..4 are whole, 5 (unwanted) and 6 (wanted) lack their first chunk. */
static void test_check(struct kit *k)
{
	static char big[LIMIT_BLOB_CHUNK_BYTES];
	struct error e = { 0 };
	struct findings f;

	for (unsigned i = 0; i < 7; i++) {
		struct store_chunk chunk = { kit_blob(i), i < 5 ? 0 : 1, { big, 100 } };

		assert_true(store_chunk_write(k->store, &chunk, &e));
		assert_int_equal(
			kit_put(k->store, "p", i, i % 2 == 0 ? "even" : "odd", "v"), STORE_OK);
	}
	f = check_run(k, false);
	assert_true(f.rows == 2 && f.damaged_keys == 0 && f.damaged_blobs == 1 && f.orphans == 3);
	f = check_run(k, true);
	assert_true(f.rows == 2 && f.damaged_keys == 0 && f.damaged_blobs == 1 && f.orphans == 3);
	f = check_run(k, false);
	assert_true(f.rows == 2 && f.damaged_keys == 0 && f.damaged_blobs == 0 && f.orphans == 0);
	kit_expect_blob(k, 2, 0, big, 100);
	kit_expect_blob(k, 3, 0, NULL, 0);
}

/* A third of all is answered at random; what was answered OK is there, CONFLICT is not. */
static void test_fault_mode(struct kit *k)
{
	enum { TRIES = 300 };
	unsigned answers[STORE_FAILED + 1] = { 0 }, hidden = 0;
	struct store_options options = {
		.path = k->path, .may_create = true, .fault_percent = 33, .fault_seed = 4711
	};
	struct error e = { 0 };
	uint64_t before = 0, now;

	kit_close_only(k);
	assert_true(store_open(k->engine, &options, &k->store, &e));
	for (unsigned i = 0; i < TRIES; i++) {
		enum store_answer answer = kit_put(k->store, "p", before, "k", "v");

		now = kit_version(k->store, "p");
		answers[answer]++;
		if (answer == STORE_UNKNOWN)
			hidden += now == before + 1;
		else
			assert_int_equal(now, before + (answer == STORE_OK));
		before = now;
	}
	assert_int_equal(answers[STORE_FAILED], 0);
	assert_true(answers[STORE_OK] > TRIES / 2);
	assert_true(answers[STORE_CONFLICT] > 10);
	assert_true(hidden > 5 && answers[STORE_UNKNOWN] > hidden + 5);
}

/* Every test, for every engine; the state is the engine. */
/* clang-format off */
static const struct {
	const char *name;
	void (*run)(struct kit *k);
} tests[] = {
	{ "nothing was written", test_nothing_was_written },
	{ "versions grow by one", test_versions_grow_by_one },
	{ "removes", test_removes },
	{ "conflict leaves nothing", test_conflict_leaves_nothing },
	{ "order is that of submit", test_order_is_that_of_submit },
	{ "a failure fails what builds on it", test_a_failure_fails_what_builds_on_it },
	{ "one transaction, many partitions", test_one_transaction_many_partitions },
	{ "scan keeps to its prefix, in order", test_scan_keeps_to_its_prefix_in_order },
	{ "scan answers has_changed", test_scan_answers_has_changed },
	{ "scan ends a page by bytes", test_scan_ends_a_page_by_bytes },
	{ "limits", test_limits },
	{ "blobs", test_blobs },
	{ "lazy needs no sync", test_lazy_needs_no_sync },
	{ "check", test_check },
	{ "fault mode", test_fault_mode },
};
/* clang-format on */

struct row {
	const struct store_engine *engine;
	size_t test;
	char name[96];
};

static void row_run(void **state)
{
	const struct row *row = *state;
	struct kit kit;

	kit_open(&kit, row->engine);
	tests[row->test].run(&kit);
	kit_done(&kit);
}

int main(void)
{
	static struct row rows[8 * COUNT(tests)];
	static struct CMUnitTest all[COUNT(rows)];
	size_t count = 0;

	for (size_t e = 0; store_engines[e] != NULL; e++) {
		for (size_t t = 0; t < COUNT(tests) && count < COUNT(rows); t++, count++) {
			rows[count].engine = store_engines[e];
			rows[count].test = t;
			(void)snprintf(rows[count].name, sizeof rows[count].name, "%s: %s",
				store_engines[e]->name, tests[t].name);
			all[count] = (struct CMUnitTest){ .name = rows[count].name,
				.test_func = row_run,
				.initial_state = &rows[count] };
		}
	}
	return _cmocka_run_group_tests("store conformance", all, count, NULL, NULL);
}
