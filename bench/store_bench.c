/* SPDX-License-Identifier: MIT */
/*
 * store_bench - what the store costs: processor time and syncs for a mail, reading, opening,
 * memory.
 *
 *     store_bench ENGINE DIRECTORY THREADS MAILS [BYTES]
 *
 * A mail is one transaction as intake makes it: a mailbox's head and one entry, the spool
 * untouched, one chunk of BYTES. Processor time is that of the whole process, flushes and
 * compactions included. Prints one name=value a line; compare ratios of interleaved runs, machines
 * differ.
 */
#include "base/clock.h"
#include "base/limits.h"
#include "store/store.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { THREADS_MAX = 256, MAILS_MAX = 10000000 };

struct bench {
	struct store *store;
	uint64_t mails, bytes;
	struct id *blobs;
	uint64_t next; /* atomic */
};

static _Noreturn void bench_die(const char *what)
{
	(void)fprintf(stderr, "store_bench: %s\n", what);
	exit(1);
}

static double cpu_us(void)
{
	struct rusage used;

	(void)getrusage(RUSAGE_SELF, &used);
	return 1e6 * (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static double wall_us(void)
{
	return (double)clock_mono_ns(&clock_real) / 1e3;
}

static void mail_write(struct bench *b, const char *body, uint64_t number, unsigned thread)
{
	char partition[32], key[32], head[64], entry[200];
	struct store_set sets[2];
	struct store_commit commit = { .sets = sets, .set_count = COUNT(sets) };
	struct store_chunk chunk = { id_new(&clock_real), 0, { body, b->bytes } };
	struct store_txn txn = {
		.commits = &commit, .commit_count = 1, .chunks = &chunk, .chunk_count = 1
	};

	memset(head, 'h', sizeof head);
	memset(entry, 'e', sizeof entry);
	(void)snprintf(partition, sizeof partition, "mailbox/%u", thread);
	(void)snprintf(key, sizeof key, "u%010" PRIu64, number);
	sets[0] = (struct store_set){ S_INIT("head"), { head, sizeof head } };
	sets[1] = (struct store_set){ slice_of(key), { entry, sizeof entry } };
	commit.partition = slice_of(partition);
	commit.expect = STORE_ANY_VERSION;
	b->blobs[number] = chunk.blob;
	if (store_commit(b->store, &txn) != STORE_OK)
		bench_die(txn.error.text);
}

struct bench_thread {
	struct bench *bench;
	unsigned number;
	pthread_t thread;
};

static void *thread_run(void *context)
{
	struct bench_thread *t = context;
	struct bench *b = t->bench;
	char *body = malloc(b->bytes + 1);
	uint64_t number, seed = t->number + 1;

	for (uint64_t i = 0; i < b->bytes; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1;
		body[i] = (char)(seed >> 56);
	}
	while ((number = __atomic_fetch_add(&b->next, 1, __ATOMIC_RELAXED)) < b->mails)
		mail_write(b, body, number, t->number);
	free(body);
	return NULL;
}

static void bench_write(struct bench *b, unsigned thread_count)
{
	static struct bench_thread threads[THREADS_MAX];
	double cpu = cpu_us(), wall = wall_us();
	struct store_stats stats;

	for (unsigned i = 0; i < thread_count; i++) {
		threads[i] = (struct bench_thread){ .bench = b, .number = i };
		if (pthread_create(&threads[i].thread, NULL, thread_run, &threads[i]) != 0)
			bench_die("no thread");
	}
	for (unsigned i = 0; i < thread_count; i++)
		(void)pthread_join(threads[i].thread, NULL);
	cpu = cpu_us() - cpu;
	wall = wall_us() - wall;
	store_stats_get(b->store, &stats);
	printf("write_cpu_us=%.1f\nwrite_wall_us=%.1f\nsyncs_per_mail=%.3f\n",
		cpu / (double)b->mails, wall / (double)b->mails,
		(double)stats.syncs / (double)b->mails);
}

static void bench_read(struct bench *b, const char *name)
{
	auto_buf body = { .max = LIMIT_BLOB_CHUNK_BYTES };
	struct error e = { 0 };
	double cpu = cpu_us();

	for (uint64_t i = 0; i < b->mails; i++) {
		bool is_found;

		buf_clear(&body);
		if (!store_chunk_read(b->store, b->blobs[i], 0, &body, &is_found, &e) || !is_found)
			bench_die(is_found ? e.text : "a blob is missing");
	}
	printf("%s_cpu_us=%.2f\n", name, (cpu_us() - cpu) / (double)b->mails);
}

static void bench_scan(struct bench *b)
{
	struct store_scan scan = {
		.partition = S("mailbox/0"), .expect = STORE_ANY_VERSION, .limit = LIMIT_SCAN_ROWS
	};
	struct store_page page = { 0 };
	struct error e = { 0 };
	char after[64];
	double cpu = cpu_us();
	uint64_t rows = 0;

	do {
		if (!store_scan(b->store, &scan, &page, &e))
			bench_die(e.text);
		rows += page.row_count;
		if (page.row_count > 0 && !slice_text(page.rows[page.row_count - 1].key, after, 64))
			bench_die("a strange key");
		scan.after = slice_of(after);
	} while (!page.is_last);
	store_page_done(&page);
	printf("scan_row_cpu_us=%.3f\n", (cpu_us() - cpu) / (double)rows);
}

static void bench_memory(const char *name)
{
	char line[128];
	FILE *f = fopen("/proc/self/smaps_rollup", "re");

	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		if (strncmp(line, "Pss:", 4) == 0 || strncmp(line, "Pss_Anon:", 9) == 0) {
			printf("%s_%s", name, line);
		}
	}
	if (f != NULL)
		(void)fclose(f);
}

static void bench_open(
	struct bench *b, const struct store_engine *engine, const char *path, const char *name)
{
	struct store_options options = { .path = path, .may_create = true };
	struct error e = { 0 };
	double wall = wall_us(), cpu = cpu_us();

	if (!store_open(engine, &options, &b->store, &e))
		bench_die(e.text);
	printf("%s_open_ms=%.2f\n%s_open_cpu_ms=%.2f\n", name, (wall_us() - wall) / 1e3, name,
		(cpu_us() - cpu) / 1e3);
	bench_memory(name);
}

static void bench_close(struct bench *b, const char *name)
{
	double wall = wall_us();

	store_close(b->store);
	printf("%s_close_ms=%.2f\n", name, (wall_us() - wall) / 1e3);
}

static const struct store_engine *engine_named(const char *name)
{
	for (size_t i = 0; store_engines[i] != NULL; i++) {
		if (strcmp(store_engines[i]->name, name) == 0)
			return store_engines[i];
	}
	bench_die("no such engine");
}

int main(int argc, char **argv)
{
	struct bench b = { .bytes = 10240 };
	uint64_t threads = 0;
	const struct store_engine *engine;

	if (argc < 5 || !slice_number(slice_of(argv[3]), THREADS_MAX, &threads) ||
		!slice_number(slice_of(argv[4]), MAILS_MAX, &b.mails) ||
		(argc > 5 && !slice_number(slice_of(argv[5]), LIMIT_BLOB_CHUNK_BYTES, &b.bytes)))
		bench_die("usage: store_bench ENGINE DIRECTORY THREADS MAILS [BYTES]");
	engine = engine_named(argv[1]);
	b.blobs = calloc(b.mails + 1, sizeof *b.blobs);
	bench_open(&b, engine, argv[2], "empty");
	bench_write(&b, (unsigned)threads);
	bench_memory("written");
	bench_read(&b, "read_fresh");
	bench_read(&b, "read_again");
	bench_scan(&b);
	bench_close(&b, "full");
	if (engine != &store_mem) {
		bench_open(&b, engine, argv[2], "full");
		bench_read(&b, "read_reopened");
		bench_read(&b, "read_reopened_again");
		bench_memory("read");
		bench_close(&b, "idle");
	}
	free(b.blobs);
	return 0;
}
