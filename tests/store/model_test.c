/* SPDX-License-Identifier: MIT */
/*
 * The same random transactions through every engine side by side: same answers, same versions, same
 * rows, same chunks, also after the durable ones were closed and opened again. A few partitions,
 * keys and blobs only, so that they meet often.
 */
#include "kit.h"

#include <stdio.h>
#include <string.h>

enum { ENGINES_MAX = 8, ROUNDS = 60, TXNS = 24, PARTITIONS = 5, KEYS = 40, BLOBS = 30 };
enum { COMMITS_MAX = 3, SETS_MAX = 4, CHUNK_BYTES_MAX = 3000 };

/* One random transaction, with room for all it points to; copied for each engine. */
struct plan {
	struct store_txn txn;
	struct store_commit commits[COMMITS_MAX];
	struct store_set sets[COMMITS_MAX][SETS_MAX];
	struct slice removes[COMMITS_MAX][1];
	struct store_chunk chunk;
	struct id drop;
};

static char partitions[PARTITIONS][8], keys[KEYS][8], noise[CHUNK_BYTES_MAX];
static uint64_t dice;
static unsigned seen[STORE_FAILED];

static uint64_t roll(uint64_t below)
{
	dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (dice >> 33) % below;
}

static void plan_commit(struct plan *p, size_t number, const uint64_t versions[PARTITIONS])
{
	size_t partition = (size_t)(roll(2) + 2 * number); /* each at most once a transaction */
	struct store_commit *c = &p->commits[number];

	*c = (struct store_commit){ .partition = slice_of(partitions[partition % PARTITIONS]),
		.expect = STORE_ANY_VERSION,
		.sets = p->sets[number],
		.removes = p->removes[number] };
	if (roll(3) > 0)
		c->expect = versions[partition % PARTITIONS] + (roll(4) == 0);
	c->set_count = (size_t)roll(SETS_MAX + 1);
	for (size_t i = 0; i < c->set_count; i++)
		p->sets[number][i] = (struct store_set){ slice_of(keys[roll(KEYS)]),
			{ noise + roll(64), (size_t)roll(64) } };
	c->remove_count = (size_t)roll(2);
	p->removes[number][0] = slice_of(keys[roll(KEYS)]);
	/* Sets and removes of one key in one commit have no order: leave the removal out. */
	for (size_t i = 0; i < c->set_count; i++) {
		if (slice_same(p->sets[number][i].key, p->removes[number][0]))
			c->remove_count = 0;
	}
}

static void plan_make(struct plan *p, const uint64_t versions[PARTITIONS])
{
	*p = (struct plan){
		.txn = { .commits = p->commits, .chunks = &p->chunk, .drops = &p->drop }
	};
	p->txn.commit_count = (size_t)roll(COMMITS_MAX);
	for (size_t i = 0; i < p->txn.commit_count; i++)
		plan_commit(p, i, versions);
	p->txn.chunk_count = (size_t)roll(2);
	p->chunk = (struct store_chunk){ kit_blob((unsigned)roll(BLOBS / 2)), 0,
		{ noise, (size_t)roll(CHUNK_BYTES_MAX) } };
	p->txn.drop_count = roll(3) == 0;
	p->drop = kit_blob(BLOBS / 2 + (unsigned)roll(BLOBS / 2));
	p->txn.may_be_lazy = true;
}

/* Runs the plan everywhere; the engines must agree. Returns whether it was done. */
static bool plan_run(const struct kit *kits, size_t kit_count, struct plan *p)
{
	enum store_answer answers[ENGINES_MAX] = { STORE_FAILED };
	uint64_t versions[ENGINES_MAX][COMMITS_MAX];

	for (size_t k = 0; k < kit_count; k++) {
		answers[k] = store_commit(kits[k].store, &p->txn);
		assert_int_equal(answers[k], answers[0]);
		for (size_t i = 0; answers[k] == STORE_OK && i < p->txn.commit_count; i++) {
			versions[k][i] = p->commits[i].ret_version;
			assert_int_equal(versions[k][i], versions[0][i]);
		}
	}
	assert_true(answers[0] == STORE_OK || answers[0] == STORE_CONFLICT);
	seen[answers[0]]++;
	return answers[0] == STORE_OK;
}

static void compare_rows(const struct kit *a, const struct kit *b)
{
	for (size_t i = 0; i < PARTITIONS; i++) {
		struct store_scan scan = { .partition = slice_of(partitions[i]),
			.prefix = slice_first(slice_of(keys[roll(KEYS)]), (size_t)roll(3)),
			.expect = STORE_ANY_VERSION,
			.limit = 1 + (size_t)roll(KEYS) };
		struct store_page of_a = { 0 }, of_b = { 0 };
		struct error e = { 0 };

		if (roll(2) == 0)
			scan.after = slice_of(keys[roll(KEYS)]);
		assert_true(store_scan(a->store, &scan, &of_a, &e));
		assert_true(store_scan(b->store, &scan, &of_b, &e));
		assert_int_equal(of_a.row_count, of_b.row_count);
		assert_int_equal(of_a.version, of_b.version);
		for (size_t row = 0; row < of_a.row_count; row++) {
			assert_true(slice_same(of_a.rows[row].key, of_b.rows[row].key));
			assert_true(slice_same(of_a.rows[row].value, of_b.rows[row].value));
		}
		store_page_done(&of_a);
		store_page_done(&of_b);
	}
}

static void compare_blobs(const struct kit *a, const struct kit *b)
{
	for (unsigned i = 0; i < BLOBS; i++) {
		auto_buf of_a = { .max = LIMIT_BLOB_CHUNK_BYTES }, of_b = of_a;
		bool is_in_a = false, is_in_b = false;
		struct error e = { 0 };

		assert_true(store_chunk_read(a->store, kit_blob(i), 0, &of_a, &is_in_a, &e));
		assert_true(store_chunk_read(b->store, kit_blob(i), 0, &of_b, &is_in_b, &e));
		assert_int_equal(is_in_a, is_in_b);
		assert_true(slice_same(buf_slice(&of_a), buf_slice(&of_b)));
	}
}

static void round_run(struct kit *kits, size_t kit_count, uint64_t versions[PARTITIONS])
{
	struct store_chunk chunk = { kit_blob(BLOBS / 2 + (unsigned)roll(BLOBS / 2)), 0,
		{ noise, (size_t)roll(CHUNK_BYTES_MAX) } };
	struct error e = { 0 };
	struct plan plan;

	for (size_t t = 0; t < TXNS; t++) {
		plan_make(&plan, versions);
		if (plan_run(kits, kit_count, &plan)) {
			for (size_t i = 0; i < PARTITIONS; i++)
				versions[i] = kit_version(kits[0].store, partitions[i]);
		}
	}
	for (size_t k = 0; k < kit_count; k++)
		assert_true(store_chunk_write(kits[k].store, &chunk, &e));
	for (size_t k = 1; k < kit_count; k++) {
		if (kit_is_durable(&kits[k]) && roll(10) == 0) {
			kit_close_only(&kits[k]);
			kit_reopen(&kits[k]);
		}
		compare_rows(&kits[0], &kits[k]);
		compare_blobs(&kits[0], &kits[k]);
	}
}

static void test_engines_agree(void **state)
{
	struct kit kits[ENGINES_MAX];
	uint64_t versions[PARTITIONS] = { 0 };
	size_t kit_count = 0;

	(void)state;
	kit_fill(noise, sizeof noise, 1);
	for (size_t i = 0; i < PARTITIONS; i++)
		(void)snprintf(partitions[i], sizeof partitions[i], "p%.*s", (int)i, "\x01\xff//");
	for (size_t i = 0; i < KEYS; i++)
		(void)snprintf(keys[i], sizeof keys[i], "%c%zu", (int)('a' + i % 3), i / 3);
	for (; store_engines[kit_count] != NULL && kit_count < ENGINES_MAX; kit_count++)
		kit_open(&kits[kit_count], store_engines[kit_count]);
	assert_true(kit_count >= 2);
	dice = 4711;
	for (size_t round = 0; round < ROUNDS; round++)
		round_run(kits, kit_count, versions);
	/* Both happened often, or this compared nothing. */
	assert_true(seen[STORE_OK] > 200 && seen[STORE_CONFLICT] > 100);
	while (kit_count > 0)
		kit_done(&kits[--kit_count]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_engines_agree) };

	return cmocka_run_group_tests_name("store model", tests, NULL, NULL);
}
