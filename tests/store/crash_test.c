/* SPDX-License-Identifier: MIT */
/*
 * kill -9 at random moments, again and again on one store: everything acknowledged is there, whole
 * and in order, and beyond it at most the one transaction that each writer had under way.
 *
 * The store is only ever opened in children: a writer that is killed, and a reader that verifies.
 */
#include "kit.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 12, WRITERS = 4, BODY_BYTES = 10240, WRITES_MAX = 100000 };

struct ack {
	uint32_t writer;
	uint64_t version;
};
struct writer {
	struct store *store;
	uint32_t number;
	int acks;
	pthread_t thread;
};

static struct id crash_blob(uint32_t writer, uint64_t version)
{
	struct id id = { { (uint8_t)writer } };

	memcpy(id.bytes + 8, &version, sizeof version);
	return id;
}

static void crash_body(char body[BODY_BYTES], uint32_t writer, uint64_t version)
{
	kit_fill(body, BODY_BYTES, version * WRITERS + writer);
}

static void crash_name(char room[32], uint32_t writer)
{
	(void)snprintf(room, 32, "writer/%u", writer);
}

/*
 * Every third is lazy: it may be lost, but only together with all that follow. So it is not acked.
 */
static bool crash_is_lazy(uint64_t version)
{
	return version % 3 == 2;
}

static enum store_answer crash_write(struct writer *w, uint64_t version)
{
	static _Thread_local char body[BODY_BYTES];
	char name[32], key[32];
	struct store_chunk chunk = { crash_blob(w->number, version), 0, { body, sizeof body } };
	struct store_set set = { S_INIT(""), { (const char *)&version, sizeof version } };
	struct store_commit commit = { .expect = version, .sets = &set, .set_count = 1 };
	struct store_txn txn = { .commits = &commit,
		.commit_count = 1,
		.chunks = &chunk,
		.chunk_count = 1,
		.may_be_lazy = crash_is_lazy(version) };

	crash_name(name, w->number);
	commit.partition = slice_of(name);
	(void)snprintf(key, sizeof key, "%012llu", (unsigned long long)version);
	set.key = slice_of(key);
	crash_body(body, w->number, version);
	return store_commit(w->store, &txn);
}

static void *writer_run(void *context)
{
	struct writer *w = context;
	char name[32];
	uint64_t version;

	crash_name(name, w->number);
	version = kit_version(w->store, name);
	for (unsigned i = 0; i < WRITES_MAX; i++, version++) {
		struct ack ack = { w->number, version + 1 };

		if (crash_write(w, version) != STORE_OK)
			_exit(3);
		if (!crash_is_lazy(version) && write(w->acks, &ack, sizeof ack) != sizeof ack)
			_exit(4);
	}
	return NULL;
}

static _Noreturn void writer_main(const char *path, int acks)
{
	struct store_options options = { .path = path, .may_create = true };
	static struct writer writers[WRITERS];
	struct store *store;
	struct error e = { 0 };

	if (!store_open(&store_rocksdb, &options, &store, &e)) {
		(void)fprintf(stderr, "%s\n", e.text);
		_exit(2);
	}
	for (uint32_t i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ .store = store, .number = i, .acks = acks };
		if (pthread_create(&writers[i].thread, NULL, writer_run, &writers[i]) != 0)
			_exit(2);
	}
	for (;;)
		(void)pause();
}

/* Returns what is there: from now on no less will do, as verifying closed the store in peace. */
static uint64_t verify_writer(struct store *s, uint32_t writer, uint64_t acked)
{
	static char body[BODY_BYTES];
	auto_buf got = { .max = LIMIT_BLOB_CHUNK_BYTES };
	struct error e = { 0 };
	char name[32], key[32];
	uint64_t version;
	bool is_found;

	crash_name(name, writer);
	version = kit_version(s, name);
	/* At most: the acknowledged, a lazy one after it, and one under way. */
	if (version < acked || version > acked + 2)
		kit_fail("writer %u: %llu acknowledged, %llu there", writer,
			(unsigned long long)acked, (unsigned long long)version);
	for (uint64_t v = 0; v < version; v++) {
		(void)snprintf(key, sizeof key, "%012llu", (unsigned long long)v);
		assert_true(store_get(s, slice_of(name), slice_of(key), &got, &is_found, &e));
		assert_true(is_found && got.len == sizeof v && memcmp(got.at, &v, sizeof v) == 0);
		buf_clear(&got);
		assert_true(store_chunk_read(s, crash_blob(writer, v), 0, &got, &is_found, &e));
		crash_body(body, writer, v);
		assert_true(is_found &&
			    slice_same(buf_slice(&got), (struct slice){ body, sizeof body }));
	}
	(void)snprintf(key, sizeof key, "%012llu", (unsigned long long)version);
	assert_true(store_get(s, slice_of(name), slice_of(key), &got, &is_found, &e));
	assert_false(is_found);
	assert_true(store_chunk_read(s, crash_blob(writer, version), 0, &got, &is_found, &e));
	assert_false(is_found);
	return version;
}

static const char *verify_path;
static uint64_t *verify_acked; /* shared with the parent */

static void verify_test(void **state)
{
	struct store_options options = { .path = verify_path, .may_create = true };
	struct store *store;
	struct error e = { 0 };

	(void)state;
	if (!store_open(&store_rocksdb, &options, &store, &e))
		kit_fail("%s", e.text);
	for (uint32_t i = 0; i < WRITERS; i++)
		verify_acked[i] = verify_writer(store, i, verify_acked[i]);
	store_close(store);
}

static int child_status(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

/*
 * Returns how many were acknowledged this time. The clock runs from the first acknowledgement, or,
 * for a crash while the store is made or opened, from the start.
 */
static uint64_t crash_once(
	const char *path, bool is_early, unsigned after_us, uint64_t acked[WRITERS])
{
	uint64_t count = 0;
	struct ack ack;
	int pipes[2], status;
	pid_t child;

	if (pipe(pipes) != 0 || (child = fork()) < 0)
		exit(2);
	if (child == 0)
		writer_main(path, pipes[1]);
	(void)close(pipes[1]);
	if (!is_early && read(pipes[0], &ack, sizeof ack) == sizeof ack) {
		acked[ack.writer] = ack.version;
		count++;
	}
	(void)usleep(after_us);
	(void)kill(child, SIGKILL);
	while (read(pipes[0], &ack, sizeof ack) == sizeof ack) {
		acked[ack.writer] = ack.version;
		count++;
	}
	(void)close(pipes[0]);
	status = child_status(child);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
		print_error("the writer ended by itself: status %#x\n", (unsigned)status);
		exit(1);
	}
	return count;
}

static bool verify_once(const char *path, uint64_t acked[WRITERS])
{
	const struct CMUnitTest tests[] = { { .name = "verify", .test_func = verify_test } };
	pid_t child = fork();

	if (child == 0) {
		verify_path = path;
		verify_acked = acked;
		exit(cmocka_run_group_tests_name("after kill -9", tests, NULL, NULL));
	}
	return child > 0 && child_status(child) == 0;
}

int main(void)
{
	char path[] = "/tmp/mailvisor-crash-XXXXXX";
	uint64_t *acked = mmap(NULL, WRITERS * sizeof *acked, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t count = 0;
	unsigned seed = (unsigned)getpid();
	bool is_good = true;

	if (acked == MAP_FAILED || mkdtemp(path) == NULL)
		return 2;
	printf("seed %u\n", seed);
	(void)fflush(stdout);
	for (unsigned round = 0; round < ROUNDS && is_good; round++) {
		bool is_early = round % 3 == 0;
		unsigned after_us = (unsigned)rand_r(&seed) % (is_early ? 40000 : 400000);

		count += crash_once(path, is_early, after_us, acked);
		is_good = verify_once(path, acked);
		if (!is_good)
			print_error("round %u failed; the store is left in %s\n", round, path);
	}
	printf("%d rounds, %llu transactions acknowledged and found\n", ROUNDS,
		(unsigned long long)count);
	if (is_good)
		kit_remove_tree(path);
	return is_good && count > 0 ? 0 : 1;
}
