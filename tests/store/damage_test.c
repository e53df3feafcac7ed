/* SPDX-License-Identifier: MIT */
/*
 * Damage on disk is never silent: a byte of the log or of a blob file that changed, a log that was
 * cut or lost. And what a crash leaves, a torn end that nobody was promised, is no damage.
 *
 * Each row makes a store in a child that is killed with its log unflushed, harms the files, and
 * looks at what opening, check and salvage say.
 */
#include "crashed.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct seen {
	unsigned logs, keys, blobs;
};

static void see_finding(void *context, enum store_finding finding, struct slice what)
{
	struct seen *seen = context;

	assert_true(what.len > 0);
	seen->logs += finding == STORE_FINDING_DAMAGED_LOG;
	seen->keys += finding == STORE_FINDING_DAMAGED_KEY;
	seen->blobs += finding == STORE_FINDING_DAMAGED_BLOB;
}

/* What `mailvisor check` does, with and without --repair. */
static struct seen check_as(const struct kit *k, bool may_salvage)
{
	struct store_options options = {
		.path = k->path, .is_read_only = !may_salvage, .may_salvage = may_salvage
	};
	struct seen seen = { 0 };
	struct store_check how = {
		.report = see_finding, .context = &seen, .may_salvage = may_salvage
	};
	struct error e = { 0 };
	struct store *s;

	if (!store_open(k->engine, &options, &s, &e) || !store_check(s, &how, &e))
		kit_fail("%s", e.text);
	store_close(s);
	return seen;
}

/* How many of the first `count` mails are there, whole. Nothing reads wrong. */
static unsigned count_mails(struct store *s, unsigned count)
{
	static char body[BODY_BYTES];
	auto_buf got = { .max = LIMIT_BLOB_CHUNK_BYTES };
	unsigned there = 0;

	for (unsigned i = 0; i < count; i++) {
		struct error e = { 0 };
		bool is_found;

		buf_clear(&got);
		if (!store_chunk_read(s, kit_blob(i), 0, &got, &is_found, &e))
			kit_fail("%s", e.text);
		body_fill(body, i);
		if (is_found)
			assert_true(
				slice_same(buf_slice(&got), (struct slice){ body, sizeof body }));
		there += is_found;
	}
	return there;
}

static void expect_refused(const struct kit *k)
{
	struct store_options options = { .path = k->path, .may_create = true };
	struct error e = { 0 };
	struct store *s = NULL;

	assert_false(store_open(k->engine, &options, &s, &e));
	assert_int_equal(e.fault, FAULT_NEVER);
	if (strstr(e.text, "check --repair") == NULL)
		kit_fail("'%s' does not say what to do", e.text);
}

/* Opening refuses, check says so, repair saves at least so many, and then all is well. */
static void expect_damage(struct kit *k, unsigned saved_min)
{
	unsigned saved;

	expect_refused(k);
	expect_refused(k); /* refusing changed nothing */
	assert_int_equal(check_as(k, false).logs, 1);
	assert_int_equal(check_as(k, true).logs, 1);
	assert_memory_equal(&((struct seen){ 0 }), &((struct seen[]){ check_as(k, false) }[0]),
		sizeof(struct seen));
	kit_reopen(k);
	saved = count_mails(k->store, MAILS);
	if (saved < saved_min)
		kit_fail("%u of %d saved, not %u", saved, MAILS, saved_min);
	assert_int_equal(kit_put(k->store, "q", 0, "new", "one"), STORE_OK);
	kit_close_only(k);
	kit_reopen(k);
	kit_expect(k->store, "q", "new", "one");
	kit_done(k);
}

/* Opens as if nothing were wrong, with all that was acknowledged; check says the same. */
static void expect_no_damage(struct kit *k)
{
	assert_int_equal(check_as(k, false).logs, 0);
	kit_reopen(k);
	assert_int_equal(count_mails(k->store, MAILS), MAILS);
	assert_true(kit_version(k->store, "p") >= MAILS);
	assert_int_equal(count_mails(k->store, (unsigned)kit_version(k->store, "p")),
		kit_version(k->store, "p"));
	assert_int_equal(kit_put(k->store, "q", 0, "new", "one"), STORE_OK);
	kit_close_only(k);
	assert_int_equal(check_as(k, false).logs, 0);
	kit_reopen(k);
	kit_expect(k->store, "q", "new", "one");
	kit_done(k);
}

/* A block of the log holds parts of up to five of these mails. */
enum { LOST_MAX = 6 };

static void test_log_flip(void **state)
{
	static const unsigned permille[] = { 0, 1, 100, 250, 500, 501, 502, 750, 960, 980, 999 };
	char log[NAME_BYTES];
	struct kit k;

	(void)state;
	for (size_t i = 0; i < COUNT(permille); i++) {
		off_t bytes = crashed_store(&k, 0, log);

		file_flip(log, bytes * (off_t)permille[i] / 1000);
		expect_damage(&k, MAILS - LOST_MAX);
	}
	for (off_t at = 0; at < 40;
		at++) { /* every byte of the first record's head, and of the last */
		off_t bytes = crashed_store(&k, 0, log);

		file_flip(log, at % 2 == 0 ? at / 2 : bytes - 1 - at / 2);
		expect_damage(&k, MAILS - LOST_MAX);
	}
}

static void test_log_cut(void **state)
{
	char log[NAME_BYTES];
	struct kit k;
	off_t bytes = 1;

	(void)state;
	for (off_t at = 0; at < bytes; at += 4096) {
		bytes = crashed_store(&k, 0, log);
		assert_int_equal(truncate(log, at), 0);
		expect_damage(&k, (unsigned)(at / (BODY_BYTES + 600)));
	}
	(void)crashed_store(&k, 0, log);
	assert_int_equal(unlink(log), 0);
	expect_damage(&k, 0);
}

/* In the middle: good commits follow, of which the mark alone would not tell. */
static void test_log_hole(void **state)
{
	char log[NAME_BYTES];
	struct kit k;
	off_t bytes;

	(void)state;
	bytes = crashed_store(&k, 0, log);
	file_fill(log, bytes / 2, 4096, false);
	expect_damage(&k, MAILS - LOST_MAX);
	bytes = crashed_store(&k, 0, log);
	file_fill(log, bytes / 2, 40000, true);
	expect_damage(&k, MAILS - LOST_MAX - 4);
	bytes = crashed_store(&k, 0, log);
	file_fill(log, 0, 4096, false);
	expect_damage(&k, MAILS - LOST_MAX);
}

static void test_torn_end(void **state)
{
	static const struct {
		size_t bytes;
		bool is_garbage;
	} rows[] = { { 1, false }, { 4096, false }, { 100000, false }, { 3, true }, { 4096, true },
		{ 100000, true } };
	char log[NAME_BYTES];
	struct kit k;

	(void)state;
	(void)crashed_store(&k, 0, log);
	expect_no_damage(&k);
	for (size_t i = 0; i < COUNT(rows); i++) {
		off_t bytes = crashed_store(&k, 0, log);

		file_fill(log, bytes, rows[i].bytes, rows[i].is_garbage);
		expect_no_damage(&k);
	}
}

/* Commits that nobody waited for may be lost, in any way, together with all behind them. */
static void test_torn_lazy(void **state)
{
	char log[NAME_BYTES];
	struct kit k;
	off_t synced, all;

	(void)state;
	synced = crashed_store(&k, LAZY, log);
	all = file_bytes(log);
	assert_true(all > synced + LAZY * BODY_BYTES);
	expect_no_damage(&k);
	for (off_t at = synced; at < all; at += 4096) {
		assert_int_equal(crashed_store(&k, LAZY, log), synced);
		assert_int_equal(truncate(log, at), 0);
		expect_no_damage(&k);
		assert_int_equal(crashed_store(&k, LAZY, log), synced);
		file_flip(log, at);
		expect_no_damage(&k);
		assert_int_equal(crashed_store(&k, LAZY, log), synced);
		file_fill(log, at, 4096, false);
		expect_no_damage(&k);
	}
}

static void mark_remove(const struct kit *k)
{
	char name[NAME_BYTES];

	(void)snprintf(name, sizeof name, "%s/synced", k->path);
	assert_int_equal(unlink(name), 0);
}

/* After a power cut the mark may be old. What stands in the log itself still tells of damage. */
static void test_old_mark(void **state)
{
	char log[NAME_BYTES];
	struct kit k;
	off_t bytes;

	(void)state;
	(void)crashed_store(&k, 0, log);
	mark_remove(&k);
	expect_no_damage(&k);
	for (unsigned part = 0; part < 9; part++) {
		bytes = crashed_store(&k, 0, log);
		mark_remove(&k);
		file_flip(log, bytes * part / 10);
		expect_damage(&k, MAILS - LOST_MAX);
	}
}

static void test_damaged_mark(void **state)
{
	char log[NAME_BYTES], mark[NAME_BYTES];
	struct kit k;

	(void)state;
	for (off_t at = 0; at < 8; at++) {
		(void)crashed_store(&k, 0, log);
		(void)snprintf(mark, sizeof mark, "%s/synced", k.path);
		file_flip(mark, at);
		expect_damage(&k, MAILS);
	}
}

/* Mails in tables and blob files; the name of the blob file. */
static void closed_store(struct kit *k, char ret_file[NAME_BYTES])
{
	char log[NAME_BYTES];

	(void)crashed_store(k, 0, log);
	kit_reopen(k);
	kit_close_only(k);
	assert_true(file_find(k, ".blob", ret_file));
	assert_true(file_bytes(ret_file) > MAILS * BODY_BYTES);
}

/* How many of them come when many are wished for; what comes is sound. */
static unsigned count_pinned(struct store *s)
{
	unsigned count = 0;

	for (unsigned from = 0; from < MAILS; from += STORE_WISHES_MAX) {
		unsigned wanted = MAILS - from < STORE_WISHES_MAX ? MAILS - from : STORE_WISHES_MAX;
		struct store_wish wishes[STORE_WISHES_MAX];

		for (unsigned i = 0; i < wanted; i++)
			wishes[i].blob = kit_blob(from + i);
		store_chunks_pin(s, wishes, wanted);
		for (unsigned i = 0; i < wanted; i++) {
			auto_buf one = { .max = LIMIT_BLOB_CHUNK_BYTES };
			struct error e = { 0 };
			bool is_found;

			if (wishes[i].bytes.len == 0)
				continue;
			assert_true(
				store_chunk_read(s, kit_blob(from + i), 0, &one, &is_found, &e));
			assert_true(slice_same(buf_slice(&one), wishes[i].bytes));
			count++;
		}
		store_chunks_unpin(s, wishes, wanted);
	}
	return count;
}

static void expect_blobs_lost(struct kit *k, unsigned lost)
{
	kit_reopen(k);
	assert_int_equal(count_pinned(k->store), MAILS - lost);
	kit_close_only(k);

	assert_int_equal(check_as(k, false).blobs, lost);
	assert_int_equal(check_as(k, false).blobs, lost);
	assert_int_equal(check_as(k, true).blobs, lost);
	assert_int_equal(check_as(k, false).blobs, 0);
	kit_reopen(k);
	assert_int_equal(count_mails(k->store, MAILS), MAILS - lost);
	kit_done(k);
}

/* A byte in each of `lost` bodies, wherever they are; the record is longer than the body. */
static void test_blob_flip(void **state)
{
	char file[NAME_BYTES];
	struct kit k;
	off_t bytes;

	(void)state;
	for (unsigned lost = 1; lost <= MAILS; lost += lost < 3 ? 1 : MAILS - 3) {
		closed_store(&k, file);
		bytes = file_bytes(file);
		for (unsigned i = 0; i < lost; i++)
			file_flip(file, bytes * (2 * i + 1) / (2 * MAILS));
		expect_blobs_lost(&k, lost);
	}
}

static void test_blob_cut(void **state)
{
	char file[NAME_BYTES];
	struct kit k;

	(void)state;
	closed_store(&k, file);
	assert_int_equal(truncate(file, file_bytes(file) / 2), 0);
	expect_blobs_lost(&k, MAILS);
	closed_store(&k, file);
	assert_int_equal(truncate(file, 0), 0);
	expect_blobs_lost(&k, MAILS);
	closed_store(&k, file);
	assert_int_equal(unlink(file), 0);
	expect_blobs_lost(&k, MAILS);
}

/*
 * Killed while it deleted logs that nobody needs, RocksDB leaves older ones with a gap behind them: a
 * hard link keeps the first log where deleting it did not come to.
 */
static void test_old_log(void **state)
{
	char old[NAME_BYTES], kept[NAME_BYTES + 8], log[NAME_BYTES];
	struct kit k;

	(void)state;
	for (int harm = 0; harm < 2; harm++) {
		off_t bytes;

		(void)crashed_store(&k, 0, old);
		(void)snprintf(kept, sizeof kept, "%s.kept", old);
		assert_int_equal(link(old, kept), 0);
		kit_reopen(&k);
		mail_write(k.store, MAILS, false);
		kit_close_only(&k); /* all is in tables now */
		assert_int_equal(access(old, F_OK), -1);
		bytes = crash(&k, 0, log);
		assert_int_equal(rename(kept, old), 0);
		if (harm == 0) {
			expect_no_damage(&k);
			continue;
		}
		file_fill(log, bytes / 2, 4096,
			false); /* but what is needed is looked at all the same */
		expect_damage(&k, MAILS);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_flip),
		cmocka_unit_test(test_log_cut),
		cmocka_unit_test(test_log_hole),
		cmocka_unit_test(test_old_log),
		cmocka_unit_test(test_torn_end),
		cmocka_unit_test(test_torn_lazy),
		cmocka_unit_test(test_old_mark),
		cmocka_unit_test(test_damaged_mark),
		cmocka_unit_test(test_blob_flip),
		cmocka_unit_test(test_blob_cut),
	};

	if (argc == 4)
		return child_main(argv);
	return cmocka_run_group_tests_name("store damage", tests, NULL, NULL);
}
