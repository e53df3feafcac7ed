/* SPDX-License-Identifier: MIT */
/*
 * What only a store on disk has: it outlives its process, belongs to one opener, knows its format,
 * finds damage, and comes back after a full disk.
 */
#include "kit.h"

/* The one test that reaches inside, to damage what the contract cannot. */
#include "store/store_rocksdb.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

static void expect_open_fails(
	const struct kit *k, const struct store_options *options, const char *reason)
{
	struct error e = { 0 };
	struct store *s = NULL;

	assert_false(store_open(k->engine, options, &s, &e));
	assert_null(s);
	if (strstr(e.text, reason) == NULL)
		kit_fail("'%s' does not say '%s'", e.text, reason);
	assert_true(strstr(e.text, options->path) != NULL);
}

static void test_outlives_its_process(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k, &store_rocksdb);
	assert_int_equal(kit_put(k.store, "p", 0, "k", "v"), STORE_OK);
	for (uint64_t i = 1; i < 5; i++) {
		kit_close_only(&k);
		kit_reopen(&k);
		kit_expect(k.store, "p", "k", "v");
		assert_int_equal(kit_version(k.store, "p"), i);
		assert_int_equal(kit_put(k.store, "p", i, "k", "v"), STORE_OK);
	}
	kit_done(&k);
}

static void test_one_opener(void **state)
{
	struct store_options options = { .may_create = true };
	struct kit k;

	(void)state;
	kit_open(&k, &store_rocksdb);
	options.path = k.path;
	expect_open_fails(&k, &options, "is in use by another process");
	kit_done(&k);
}

static void test_no_store(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k, &store_rocksdb);
	expect_open_fails(
		&k, &(struct store_options){ .path = "/tmp/mailvisor-no-such" }, "there is none");
	expect_open_fails(&k,
		&(struct store_options){ .path = "/tmp/mailvisor-no/such", .may_create = true },
		"No such file");
	kit_done(&k);
}

static void raw_put(struct kit *k, enum rocks_family family, struct slice key, struct slice value)
{
	struct rocks *r = rocks_of(k->store);
	char *message = NULL;

	rocksdb_put_cf(r->db, r->setup.synced, r->families[family], key.at, key.len, value.at,
		value.len, &message);
	assert_null(message);
}

static void test_format(void **state)
{
	static const struct {
		uint32_t format;
		bool is_good;
	} rows[] = { { STORE_FORMAT_OLDEST, true }, { STORE_FORMAT, true },
		{ STORE_FORMAT + 1, false }, { STORE_FORMAT_OLDEST - 1, false } };
	struct kit k;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct store_options options = { .may_create = true };
		char record[8];
		struct slice value = { record + 4, 4 };
		struct store_record_head head;

		kit_open(&k, &store_rocksdb);
		options.path = k.path;
		store_save_u32(record + 4, rows[i].format);
		head = store_record_head(STORE_FORMAT_KEY, value);
		memcpy(record, head.bytes, sizeof head.bytes);
		raw_put(&k, FAMILY_ROWS, STORE_FORMAT_KEY, (struct slice){ record, sizeof record });
		kit_close_only(&k);
		if (rows[i].is_good)
			kit_reopen(&k);
		else
			expect_open_fails(&k, &options, "has format");
		kit_done(&k);
	}
}

static void test_read_only(void **state)
{
	struct store_options options = { .is_read_only = true };
	struct error e = { 0 };
	struct store_set set = { S_INIT("k"), S_INIT("w") };
	struct store_commit commit = { .partition = S("p"), .sets = &set, .set_count = 1 };
	struct store_txn txn = { .commits = &commit, .commit_count = 1 };
	struct kit k;

	(void)state;
	kit_open(&k, &store_rocksdb);
	assert_int_equal(kit_put(k.store, "p", 0, "k", "v"), STORE_OK);
	kit_close_only(&k);
	options.path = k.path;
	assert_true(store_open(&store_rocksdb, &options, &k.store, &e));
	kit_expect(k.store, "p", "k", "v");
	assert_int_equal(store_commit(k.store, &txn), STORE_FAILED);
	assert_int_equal(txn.error.fault, FAULT_NEVER);
	kit_done(&k);
}

struct seen {
	unsigned count[4];
	char name[4][64];
};

static void see_finding(void *context, enum store_finding finding, struct slice what)
{
	struct seen *seen = context;

	seen->count[finding]++;
	assert_true(slice_text(what, seen->name[finding], sizeof seen->name[finding]));
}

static void check_expect(struct kit *k, bool may_salvage, unsigned keys, unsigned blobs)
{
	struct seen seen = { 0 };
	struct store_check how = {
		.report = see_finding, .context = &seen, .may_salvage = may_salvage
	};
	char room[ID_TEXT_BYTES + 1];
	struct error e = { 0 };

	if (!store_check(k->store, &how, &e))
		kit_fail("%s", e.text);
	assert_int_equal(seen.count[STORE_FINDING_DAMAGED_KEY], keys);
	assert_int_equal(seen.count[STORE_FINDING_DAMAGED_BLOB], blobs);
	if (keys > 0)
		assert_string_equal(seen.name[STORE_FINDING_DAMAGED_KEY], "p a\\x09b");
	if (blobs > 0) {
		(void)id_text(kit_blob(1), room);
		assert_string_equal(seen.name[STORE_FINDING_DAMAGED_BLOB], room);
	}
}

/*
 * One bit in a value, one record in the wrong place: reads say no, check names them, salvage
 * helps.
 */
static void test_damage(void **state)
{
	static char body[5000];
	struct store_chunk chunk = { kit_blob(1), 0, { body, sizeof body } };
	auto_buf got = { .max = LIMIT_BLOB_CHUNK_BYTES };
	struct store_key room;
	struct error e = { 0 }, again = { 0 };
	bool is_found;
	struct kit k;

	(void)state;
	kit_open(&k, &store_rocksdb);
	assert_int_equal(kit_put(k.store, "p", 0, "a\tb", "value"), STORE_OK);
	assert_int_equal(kit_put(k.store, "p", 1, "good", "value"), STORE_OK);
	assert_true(store_chunk_write(k.store, &chunk, &e));
	raw_put(&k, FAMILY_ROWS, store_key_row(&room, S("p"), S("a\tb")), S("\1\2\3\4value"));
	raw_put(&k, FAMILY_BLOBS, store_key_chunk(&room, kit_blob(1), 0), S("\1\2\3"));
	assert_false(store_get(k.store, S("p"), S("a\tb"), &got, &is_found, &e));
	assert_true(e.fault == FAULT_NEVER && strstr(e.text, "damaged") != NULL);
	assert_false(store_chunk_read(k.store, kit_blob(1), 0, &got, &is_found, &again));
	check_expect(&k, false, 1, 1);
	check_expect(&k, true, 1, 1);
	check_expect(&k, false, 0, 0);
	kit_expect(k.store, "p", "a\tb", NULL);
	kit_expect(k.store, "p", "good", "value");
	kit_done(&k);
}

static void write_until_full(struct kit *k, uint64_t *version, bool *ret_is_full)
{
	static char body[LIMIT_BLOB_CHUNK_BYTES];

	*ret_is_full = false;
	for (unsigned i = 0; i < 2000 && !*ret_is_full; i++) {
		struct store_set set = { S_INIT("k"), { (const char *)version, sizeof *version } };
		struct store_commit commit = {
			.partition = S("p"), .expect = *version, .sets = &set, .set_count = 1
		};
		struct store_chunk chunk = { id_new(&clock_real), 0, { body, sizeof body } };
		struct store_txn txn = {
			.commits = &commit, .commit_count = 1, .chunks = &chunk, .chunk_count = 1
		};
		enum store_answer answer;

		kit_fill(body, 64, *version);
		answer = store_commit(k->store, &txn);
		if (answer == STORE_OK) {
			(*version)++;
			continue;
		}
		assert_int_equal(answer, STORE_FAILED);
		assert_int_equal(txn.error.fault, FAULT_LATER);
		*ret_is_full = true;
	}
}

static void expect_full(struct kit *k, uint64_t *version)
{
	bool is_full;

	write_until_full(k, version, &is_full);
	assert_true(is_full);
	kit_expect(k->store, "q", "before", "yes"); /* reads go on */
}

/* Commits again without a restart. What had failed may be there or not (store.h): version tells. */
static void expect_mended(struct kit *k, uint64_t acknowledged)
{
	assert_int_equal(kit_put(k->store, "p", STORE_ANY_VERSION, "mended", "yes"), STORE_OK);
	kit_close_only(k);
	kit_reopen(k);
	kit_expect(k->store, "p", "mended", "yes");
	kit_expect(k->store, "q", "before", "yes");
	assert_true(kit_version(k->store, "p") > acknowledged);
}

static void ballast_make(const char *path)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(posix_fallocate(fileno(f), 0, 24 << 20), 0);
	assert_int_equal(fclose(f), 0);
}

/* A full disk is a failure that passes: nothing acknowledged is lost, no restart is needed. */
static void test_full_disk(void **state)
{
	char path[] = "/tmp/mailvisor-full-XXXXXX", ballast[64];
	struct kit k = { .engine = &store_rocksdb };
	uint64_t version = 0;

	(void)state;
	assert_non_null(mkdtemp(path));
	if (mount("none", path, "tmpfs", 0, "size=64m,mode=700") != 0) {
		(void)rmdir(path);
		print_message("  not run: mounting a small disk needs root\n");
		skip();
	}
	(void)snprintf(k.path, sizeof k.path, "%s/store", path);
	(void)snprintf(ballast, sizeof ballast, "%s/ballast", path);
	ballast_make(ballast);
	kit_reopen(&k);
	assert_int_equal(kit_put(k.store, "q", 0, "before", "yes"), STORE_OK);
	expect_full(&k, &version);
	assert_true(version > 10);
	expect_full(&k, &version);
	assert_int_equal(unlink(ballast), 0);
	expect_mended(&k, version);
	kit_close_only(&k);
	assert_int_equal(umount(path), 0);
	assert_int_equal(rmdir(path), 0);
}

/* The same, for any user, by the size that a file of this process may have. */
static void test_failed_write(void **state)
{
	struct rlimit before, small;
	uint64_t version = 0;
	struct kit k;

	(void)state;
	kit_open(&k, &store_rocksdb);
	assert_int_equal(kit_put(k.store, "q", 0, "before", "yes"), STORE_OK);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 2 << 20;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	expect_full(&k, &version);
	assert_true(version > 10);
	expect_full(&k, &version);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	expect_mended(&k, version);
	kit_done(&k);
}

static void expect_copy(const char *path, const char *value, const char *more)
{
	struct store_options options = { .path = path };
	struct error e = { 0 };
	struct store *s = NULL;

	if (!store_open(&store_rocksdb, &options, &s, &e))
		kit_fail("%s", e.text);
	kit_expect(s, "p", "k", value);
	kit_expect(s, "q", "more", more);
	assert_int_equal(kit_put(s, "p", STORE_ANY_VERSION, "k", "only here"), STORE_OK);
	store_close(s);
}

/* Each copy is a store of its own; what comes later is in the original alone. */
static void test_copy(void **state)
{
	char first[80], second[80];
	struct error e = { 0 };
	struct kit k;

	(void)state;
	kit_open(&k, &store_rocksdb);
	(void)snprintf(first, sizeof first, "%s.first", k.path);
	(void)snprintf(second, sizeof second, "%s.second", k.path);
	assert_int_equal(kit_put(k.store, "p", 0, "k", "v"), STORE_OK);
	assert_true(store_copy(k.store, first, &e));
	assert_int_equal(kit_put(k.store, "q", 0, "more", "mail"), STORE_OK);
	assert_true(store_copy(k.store, second, &e));
	expect_copy(first, "v", NULL);
	expect_copy(second, "v", "mail");
	kit_expect(k.store, "p", "k", "v");
	assert_false(store_copy(k.store, second, &e));
	assert_int_equal(e.fault, FAULT_LATER);
	kit_remove_tree(first);
	kit_remove_tree(second);
	kit_done(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outlives_its_process),
		cmocka_unit_test(test_one_opener),
		cmocka_unit_test(test_no_store),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_failed_write),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests_name("store rocksdb", tests, NULL, NULL);
}
