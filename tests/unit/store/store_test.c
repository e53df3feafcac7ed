/* SPDX-License-Identifier: MIT */
/* The parts of the store that stand alone: checksums, keys, maps, versions, pages, the queue. */
#include "check.h"

#include "store/store_map.h"
#include "store/store_queue.h"
#include "store/store_verify.h"
#include "store/store_versions.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* RFC 3720 B.4, and the check value of every catalogue: "123456789". */
static void test_crc32c(void **state)
{
	char zeros[32] = { 0 }, ones[32], rising[32], falling[32];
	const struct {
		struct slice bytes;
		uint32_t crc;
	} rows[] = {
		{ S(""), 0 },
		{ S("a"), 0xc1d04330 },
		{ S("123456789"), 0xe3069283 },
		{ { zeros, 32 }, 0x8a9136aa },
		{ { ones, 32 }, 0x62a8ab43 },
		{ { rising, 32 }, 0x46dd794e },
		{ { falling, 32 }, 0x113fdb5c },
	};

	(void)state;
	for (int i = 0; i < 32; i++) {
		ones[i] = (char)0xff;
		rising[i] = (char)i;
		falling[i] = (char)(31 - i);
	}
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice s = rows[i].bytes;

		check_row(store_crc32c(0, s) == rows[i].crc, i);
		for (size_t cut = 0; cut <= s.len; cut++) {
			uint32_t crc = store_crc32c(0, slice_first(s, cut));

			check_row(store_crc32c(crc, slice_skip(s, cut)) == rows[i].crc, i);
		}
	}
}

/* Every length and alignment near the steps in which the processor takes them, bit by bit. */
static void test_crc32c_lengths(void **state)
{
	static char bytes[12000];
	uint32_t crc = UINT32_MAX;

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++) {
		bytes[i] = (char)(i * i >> 3);
		crc ^= (unsigned char)bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
		check_row(store_crc32c(0, (struct slice){ bytes, i + 1 }) == ~crc, i);
	}
}

static void test_record(void **state)
{
	char record[STORE_RECORD_HEAD_BYTES + 5];
	struct store_record_head head = store_record_head(S("key"), S("value"));
	struct slice value;

	(void)state;
	memcpy(record, head.bytes, sizeof head.bytes);
	memcpy(record + sizeof head.bytes, "value", 5);
	check(store_record_open(S("key"), (struct slice){ record, sizeof record }, &value));
	check(slice_same(value, S("value")));
	check(!store_record_open(S("kez"), (struct slice){ record, sizeof record }, &value));
	for (size_t len = 0; len < sizeof record; len++)
		check_row(!store_record_open(S("key"), (struct slice){ record, len }, &value), len);
	for (size_t bit = 0; bit < 8 * sizeof record; bit++) {
		record[bit / 8] = (char)(record[bit / 8] ^ 1 << bit % 8);
		check_row(!store_record_open(
				  S("key"), (struct slice){ record, sizeof record }, &value),
			bit);
		record[bit / 8] = (char)(record[bit / 8] ^ 1 << bit % 8);
	}
}

static void test_keys_sort(void **state)
{
	static const struct {
		struct slice partition, key;
	} rows[] = { { S_INIT("a"), S_INIT("\0") }, { S_INIT("a"), S_INIT("b") },
		{ S_INIT("a"), S_INIT("b\0") }, { S_INIT("b"), S_INIT("\xff") },
		{ S_INIT("\xff"), S_INIT("\xff\xff") }, { S_INIT("a\1"), S_INIT("a") },
		{ S_INIT("aa"), S_INIT("\0") } };
	struct store_key before = { 0 }, now, version;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice at = store_key_row(&now, rows[i].partition, rows[i].key), partition,
			     key;
		bool is_version;

		check_row(store_key_parse(at, &partition, &key, &is_version) && !is_version, i);
		check_row(slice_same(partition, rows[i].partition), i);
		check_row(slice_same(key, rows[i].key), i);
		check_row(slice_order((struct slice){ before.bytes, before.len }, at) < 0, i);
		check_row(slice_order(store_key_version(&version, rows[i].partition), at) < 0, i);
		before = now;
	}
}

static void test_key_parse(void **state)
{
	static const struct {
		struct slice bytes;
		bool is_good;
	} rows[] = {
		{ S_INIT(""), false },
		{ S_INIT("\0format"), false },
		{ S_INIT("\1p"), false },
		{ S_INIT("\1p\0"), true },
		{ S_INIT("\1p\0x"), false },
		{ S_INIT("\1p\1"), true },
		{ S_INIT("\1p\1x"), true },
		{ S_INIT("\1p\2x"), false },
		{ S_INIT("\3pp"), false },
		{ S_INIT("\x41p"), false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice partition, key;
		bool is_version;

		check_row(store_key_parse(rows[i].bytes, &partition, &key, &is_version) ==
				  rows[i].is_good,
			i);
	}
}

static void test_key_behind(void **state)
{
	static const struct {
		struct slice prefix, behind;
	} rows[] = { { S_INIT("a"), S_INIT("b") }, { S_INIT("a\xff"), S_INIT("b") },
		{ S_INIT("a\xfe\xff"), S_INIT("a\xff") }, { S_INIT("a\x7f"), S_INIT("a\x80") } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct store_key k;

		check_row(slice_same(store_key_behind(&k, rows[i].prefix), rows[i].behind), i);
	}
}

static void test_names_are_printable(void **state)
{
	static const struct {
		struct slice bytes, name;
	} rows[] = { { S_INIT("\1p\1k"), S_INIT("p k") },
		{ S_INIT("\1p\0"), S_INIT("p (version)") },
		{ S_INIT("\2p\n\1\\"), S_INIT("p\\x0a \\x5c") },
		{ S_INIT("?\xff"), S_INIT("?\\xff") } };
	char room[STORE_NAME_BYTES], long_key[STORE_ROW_KEY_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(slice_same(store_name_row(rows[i].bytes, room), rows[i].name), i);
	memset(long_key, 0x01, sizeof long_key);
	check(store_name_row((struct slice){ long_key, sizeof long_key }, room).len <= sizeof room);
}

/* The map against the plainest thing that can do the same: an array of flags. */
static void test_map(void **state)
{
	enum { KEYS = 500, STEPS = 20000 };
	static bool is_there[KEYS];
	struct store_map map = { 0 };
	uint64_t dice = 1;
	size_t count = 0;
	char text[24];

	(void)state;
	for (size_t step = 0; step < STEPS; step++) {
		size_t key = (size_t)(dice >> 33) % KEYS;
		struct slice name, value;

		dice = dice * UINT64_C(6364136223846793005) + 1;
		(void)snprintf(text, sizeof text, "%zu", key);
		name = slice_of(text);
		check_row(store_map_get(&map, name, &value) == is_there[key], step);
		if (is_there[key])
			check_row(slice_same(value, name), step);
		if ((dice >> 60) < 8) {
			check_row(store_map_set(&map, name, name), step);
			count += !is_there[key];
		} else {
			store_map_remove(&map, name);
			count -= is_there[key];
		}
		is_there[key] = (dice >> 60) < 8;
		check_row(map.count == count, step);
	}
	for (const struct store_map_node *n = store_map_seek(&map, S("")); n != NULL; count--) {
		const struct store_map_node *next = store_map_next(n);

		check(next == NULL || slice_order(store_map_key(n), store_map_key(next)) < 0);
		n = next;
	}
	check(count == 0);
	store_map_done(&map);
}

static void test_version_cache(void **state)
{
	enum { NAMES = 20000 };
	struct store_version_cache cache;
	uint64_t version;
	size_t kept = 0;
	char name[24];

	(void)state;
	check(store_version_cache_init(&cache));
	check(!store_version_cache_get(&cache, S("p"), &version));
	for (size_t i = 0; i < NAMES; i++) {
		(void)snprintf(name, sizeof name, "p%zu", i);
		store_version_cache_set(&cache, slice_of(name), i);
		store_version_cache_set(&cache, slice_of(name), i + 1);
		check_row(store_version_cache_get(&cache, slice_of(name), &version), i);
		check_row(version == i + 1, i);
	}
	/* It forgets, and never lies. */
	for (size_t i = 0; i < NAMES; i++) {
		(void)snprintf(name, sizeof name, "p%zu", i);
		if (store_version_cache_get(&cache, slice_of(name), &version)) {
			check_row(version == i + 1, i);
			kept++;
		}
	}
	check(kept > 1000 && kept < NAMES);
	store_version_cache_clear(&cache);
	check(!store_version_cache_get(&cache, slice_of(name), &version));
	store_version_cache_done(&cache);
}

static void test_version_plan(void **state)
{
	static const size_t counts[] = { 0, 1, 33, 4096, 3 };
	struct store_version_plan plan = { 0 };

	(void)state;
	for (size_t row = 0; row < COUNT(counts); row++) {
		static char names[4096][24];
		uint64_t version;

		check_row(store_version_plan_begin(&plan, counts[row]), row);
		check_row(!store_version_plan_get(&plan, S("p0"), &version), row);
		for (size_t i = 0; i < counts[row]; i++) {
			(void)snprintf(names[i], sizeof names[i], "p%zu", i);
			store_version_plan_set(&plan, slice_of(names[i]), i);
			store_version_plan_set(&plan, slice_of(names[i]), i + row);
		}
		for (size_t i = 0; i < counts[row]; i++) {
			check_row(store_version_plan_get(&plan, slice_of(names[i]), &version), row);
			check_row(version == i + row, row);
		}
	}
	store_version_plan_done(&plan);
}

/* A disk that a test can hold still. */
struct slow_disk {
	struct lock lock;
	struct signal changed;
	/* under lock: */
	bool is_held, is_busy;
	size_t batches, txns, largest;
};

static void slow_run(void *context, struct store_txn *const *txns, size_t count)
{
	struct slow_disk *d = context;

	HOLDING(&d->lock);
	d->is_busy = true;
	signal_all(&d->changed);
	while (d->is_held)
		(void)signal_wait(&d->changed, &d->lock, UINT64_MAX);
	d->is_busy = false;
	d->batches++;
	d->txns += count;
	d->largest = count > d->largest ? count : d->largest;
	for (size_t i = 0; i < count; i++)
		txns[i]->answer = STORE_OK;
}

static void slow_hold(struct slow_disk *d, bool is_held)
{
	HOLDING(&d->lock);
	d->is_held = is_held;
	signal_all(&d->changed);
}

static void slow_await_busy(struct slow_disk *d)
{
	HOLDING(&d->lock);
	while (!d->is_busy)
		(void)signal_wait(&d->changed, &d->lock, UINT64_MAX);
}

struct queue_user {
	struct store_queue *queue;
	struct store_txn txn;
	pthread_t thread;
	enum store_answer answer;
};

static void *queue_user_run(void *context)
{
	struct queue_user *u = context;

	u->answer = store_queue_wait(u->queue, &u->txn);
	return NULL;
}

static void queue_user_start(struct queue_user *u, struct store_queue *q)
{
	*u = (struct queue_user){ .queue = q };
	store_queue_submit(q, &u->txn);
	check(pthread_create(&u->thread, NULL, queue_user_run, u) == 0);
}

static void slow_init(struct slow_disk *d, struct store_queue *q, uint32_t patience_ms)
{
	*d = (struct slow_disk){ .is_held = true };
	lock_init(&d->lock, RANK_STORE_DATA);
	signal_init(&d->changed);
	store_queue_init(q, slow_run, d, patience_ms);
}

static void slow_done(struct slow_disk *d, struct store_queue *q)
{
	store_queue_done(q);
	signal_done(&d->changed);
	lock_done(&d->lock);
}

/* One writes; all that come meanwhile share the next batch, however many they are. */
static void test_queue_shares_batches(void **state)
{
	enum { USERS = 90 }; /* more than there are bells */
	static struct queue_user users[USERS];
	struct store_queue queue;
	struct slow_disk disk;

	(void)state;
	slow_init(&disk, &queue, 60000);
	queue_user_start(&users[0], &queue);
	slow_await_busy(&disk);
	for (size_t i = 1; i < USERS; i++)
		queue_user_start(&users[i], &queue);
	slow_hold(&disk, false);
	for (size_t i = 0; i < USERS; i++) {
		check_row(pthread_join(users[i].thread, NULL) == 0, i);
		check_row(users[i].answer == STORE_OK, i);
	}
	check(disk.batches == 2 && disk.txns == USERS && disk.largest == USERS - 1);
	slow_done(&disk, &queue);
}

/* Patience ends for who still stands in the queue, and not for who is being written. */
static void test_queue_patience(void **state)
{
	struct queue_user writing, middle, waiting;
	struct store_queue queue;
	struct slow_disk disk;

	(void)state;
	slow_init(&disk, &queue, 20);
	queue_user_start(&writing, &queue);
	slow_await_busy(&disk);
	queue_user_start(&middle, &queue);
	queue_user_start(&waiting, &queue);
	check(pthread_join(middle.thread, NULL) == 0);
	check(pthread_join(waiting.thread, NULL) == 0);
	check(middle.answer == STORE_FAILED && waiting.answer == STORE_FAILED);
	check(waiting.txn.error.fault == FAULT_LATER);
	slow_hold(&disk, false);
	check(pthread_join(writing.thread, NULL) == 0);
	check(writing.answer == STORE_OK && disk.txns == 1);
	queue_user_start(&waiting, &queue);
	check(pthread_join(waiting.thread, NULL) == 0);
	check(waiting.answer == STORE_OK && disk.txns == 2);
	slow_done(&disk, &queue);
}

/* A batch has its bounds, in transactions and in bytes. */
static void test_queue_cuts_batches(void **state)
{
	static const struct {
		size_t bytes, count, batches;
	} rows[] = { { 0, QUEUE_BATCH_TXNS, 1 }, { 0, QUEUE_BATCH_TXNS + 1, 2 },
		{ QUEUE_BATCH_BYTES, 3, 3 }, { QUEUE_BATCH_BYTES / 2, 4, 2 } };

	(void)state;
	for (size_t row = 0; row < COUNT(rows); row++) {
		static struct store_txn txns[QUEUE_BATCH_TXNS + 1];
		struct store_queue queue;
		struct slow_disk disk;

		slow_init(&disk, &queue, 60000);
		disk.is_held = false;
		for (size_t i = 0; i < rows[row].count; i++) {
			txns[i] = (struct store_txn){ .bytes = rows[row].bytes };
			store_queue_submit(&queue, &txns[i]);
		}
		for (size_t i = rows[row].count; i-- > 0;)
			check_row(store_queue_wait(&queue, &txns[i]) == STORE_OK, row);
		check_row(disk.batches == rows[row].batches, row);
		slow_done(&disk, &queue);
	}
}

static void test_fault_dice(void **state)
{
	static const uint32_t percents[] = { 0, 10, 50, 100 };
	enum { ROLLS = 4000 };

	(void)state;
	for (size_t row = 0; row < COUNT(percents); row++) {
		struct store a = { NULL, percents[row], 7 }, b = a;
		size_t faults = 0;

		for (size_t i = 0; i < ROLLS; i++) {
			enum store_answer of_a = STORE_OK, of_b = STORE_OK;
			enum store_fate fate = store_fault_roll(&a, &of_a);

			check_row(fate == store_fault_roll(&b, &of_b) && of_a == of_b, row);
			faults += fate != STORE_FATE_RUN;
			check_row((of_a == STORE_OK) == (fate != STORE_FATE_ANSWERED), row);
		}
		check_row(faults * 100 >= percents[row] * ROLLS * 8 / 10, row);
		check_row(faults * 100 <= percents[row] * ROLLS * 12 / 10, row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc32c),
		cmocka_unit_test(test_crc32c_lengths),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_keys_sort),
		cmocka_unit_test(test_key_parse),
		cmocka_unit_test(test_key_behind),
		cmocka_unit_test(test_names_are_printable),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_version_cache),
		cmocka_unit_test(test_version_plan),
		cmocka_unit_test(test_queue_shares_batches),
		cmocka_unit_test(test_queue_patience),
		cmocka_unit_test(test_queue_cuts_batches),
		cmocka_unit_test(test_fault_dice),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
