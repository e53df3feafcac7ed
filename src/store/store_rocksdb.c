/* SPDX-License-Identifier: MIT */
#include "store/store_rocksdb.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* So much must fit before a full disk counts as mended: what opening again flushes, and some. */
enum { MEND_PROBE_BYTES = 16 << 20 };

struct rocks *rocks_of(struct store *s)
{
	invariant(s->engine == &store_rocksdb);
	return (struct rocks *)s;
}

bool rocks_fail(
	const struct rocks *r, struct error *e, enum fault fault, const char *what, char *message)
{
	/* RocksDB's words for a lock that is held: by another process, or by this one. */
	bool is_locked = strstr(message, "LOCK: ") != NULL &&
			 (strstr(message, "hile lock file") != NULL ||
				 strstr(message, "lock hold by current process") != NULL);

	if (is_locked)
		(void)fail(e, FAULT_NEVER, "store '%s' is in use by another process", r->path);
	else
		(void)fail(e, fault, "store '%s': %s: %s", r->path, what, message);
	rocksdb_free(message);
	return false;
}

struct rocks_hold rocks_enter(struct rocks *r)
{
	invariant(pthread_rwlock_rdlock(&r->handle) == 0);
	return (struct rocks_hold){ r };
}

void rocks_leave(struct rocks_hold *hold)
{
	invariant(pthread_rwlock_unlock(&hold->rocks->handle) == 0);
}

bool rocks_is_open(const struct rocks *r, struct error *e)
{
	return r->db != NULL ||
	       fail(e, FAULT_LATER, "store '%s' is closed after a failed write", r->path);
}

static void rocks_close_handle(struct rocks *r)
{
	if (r->db == NULL)
		return;
	for (size_t i = 0; i < FAMILY_COUNT; i++)
		rocksdb_column_family_handle_destroy(r->families[i]);
	rocksdb_close(r->db);
	r->db = NULL;
}

static bool rocks_refuse(const struct rocks *r, struct error *e)
{
	return fail(e, FAULT_NEVER,
		"store '%s': damage in '%s' at byte %" PRIu64
		": acknowledged commits are missing; 'mailvisor check --repair' saves the rest",
		r->path, r->log.file, r->log.at);
}

/* The families, with what opening says when it fails; NULL: it did. */
static rocksdb_t *rocks_open_raw(struct rocks *r, bool is_read_only, char **ret_message)
{
	const char *const names[] = { "default", "blobs" };
	const rocksdb_options_t *const options[] = { r->setup.families[FAMILY_ROWS],
		r->setup.families[FAMILY_BLOBS] };

	if (is_read_only)
		return rocksdb_open_for_read_only_column_families(options[FAMILY_ROWS], r->path,
			FAMILY_COUNT, names, options, r->families, 0, ret_message);
	return rocksdb_open_column_families(options[FAMILY_ROWS], r->path, FAMILY_COUNT, names,
		options, r->families, ret_message);
}

/*
 * RocksDB deletes the logs that it needs no more, the newest first: kill -9 in the middle leaves old
 * ones and a gap behind them, which is no damage. So a log that looks damaged is looked at once
 * more from the first that is needed, as RocksDB's own list of files says; reading it changes nothing.
 */
static bool rocks_log_read_needed(struct rocks *r, struct error *e)
{
	char *message = NULL;
	uint64_t first = 0;

	rocksdb_options_set_wal_recovery_mode(
		r->setup.families[FAMILY_ROWS], rocksdb_skip_any_corrupted_records_recovery);
	r->db = rocks_open_raw(r, true, &message);
	rocksdb_free(message);
	if (r->db == NULL || message != NULL ||
		rocksdb_property_int(r->db, "rocksdb.min-log-number-to-keep", &first) != 0)
		first = 0;
	rocks_close_handle(r);
	return first == 0 || rocks_log_read(r->path, first, &r->log, e);
}

/*
 * The torn end is cut off before RocksDB sees it. So it may insist on a sound log: what it finds
 * bad and we did not is damage too. A damaged log is only opened to look at it or to salvage.
 */
static bool rocks_prepare_log(struct rocks *r, bool is_read_only, struct error *e)
{
	const struct rocks_log *log = &r->log;
	int mode = rocksdb_absolute_consistency_recovery;

	if (!rocks_log_read(r->path, 0, &r->log, e) ||
		(log->is_damaged && !rocks_log_read_needed(r, e)))
		return false;
	if (log->is_damaged && !is_read_only && !r->may_salvage)
		return rocks_refuse(r, e);
	if (log->is_damaged || r->may_salvage)
		mode = rocksdb_skip_any_corrupted_records_recovery;
	else if (log->has_scars || (log->has_hole && (is_read_only || !log->has_first)))
		mode = rocksdb_point_in_time_recovery;
	rocksdb_options_set_wal_recovery_mode(r->setup.families[FAMILY_ROWS], mode);
	return log->is_damaged || !log->has_hole || !log->has_first || is_read_only ||
	       rocks_log_cut(r->path, log, e);
}

static bool rocks_open_files(struct rocks *r, bool is_read_only, struct error *e)
{
	char *message = NULL;

	r->db = rocks_open_raw(r, is_read_only, &message);
	if (message != NULL)
		return rocks_fail(r, e, FAULT_NEVER, "open", message);
	rocks_log_compare(&r->log, rocksdb_get_latest_sequence_number(r->db));
	return true;
}

static bool rocks_open_handle(struct rocks *r, bool is_read_only, struct error *e)
{
	if (!rocks_prepare_log(r, is_read_only, e) || !rocks_open_files(r, is_read_only, e))
		return false;
	if (r->log.is_damaged && !is_read_only && !r->may_salvage) {
		rocks_close_handle(r);
		return rocks_refuse(r, e);
	}
	r->synced = r->log.claimed;
	return true;
}

bool rocks_flush(struct rocks *r, struct error *e)
{
	rocksdb_flushoptions_t *how = rocksdb_flushoptions_create();
	char *message = NULL;

	for (size_t i = 0; i < FAMILY_COUNT && message == NULL; i++)
		rocksdb_flush_cf(r->db, how, r->families[i], &message);
	rocksdb_flushoptions_destroy(how);
	return message == NULL || rocks_fail(r, e, FAULT_LATER, "flush", message);
}

/* Does the directory take data? RocksDB would give up half way, and tell us less. */
static bool rocks_probe(const struct rocks *r, struct error *e)
{
	char path[PATH_MAX];
	int problem;
	auto_fd fd = -1;

	(void)snprintf(path, sizeof path, "%s/probe.tmp", r->path);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(e, FAULT_LATER, "store '%s': create '%s': %m", r->path, path);
	problem = posix_fallocate(fd, 0, MEND_PROBE_BYTES);
	(void)unlink(path);
	errno = problem;
	return problem == 0 || fail(e, FAULT_LATER, "store '%s': write: %m", r->path);
}

/* When it cannot be opened for writing after all, reads at least go on. */
static bool rocks_open_again(struct rocks *r, struct error *e)
{
	struct error ignored = { 0 };

	rocks_close_handle(r);
	if (rocks_open_handle(r, false, e) && rocks_flush(r, e))
		return true;
	e->fault = FAULT_LATER;
	if (r->db == NULL)
		(void)rocks_open_handle(r, true, &ignored);
	return false;
}

/*
 * RocksDB refuses all writes after one failed, and its C interface cannot resume. What it wrote may
 * or may not be on disk: after fsync failed the kernel may have dropped the pages. So the log is
 * read again and its content flushed into tables, before anything is acknowledged once more.
 */
bool rocks_mend(struct rocks *r, struct error *e)
{
	bool is_good = true;

	if (!__atomic_load_n(&r->is_broken, __ATOMIC_ACQUIRE))
		return true;
	if (!rocks_probe(r, e))
		return false;
	invariant(pthread_rwlock_wrlock(&r->handle) == 0);
	if (__atomic_load_n(&r->is_broken, __ATOMIC_ACQUIRE)) /* nobody else was faster */
		is_good = rocks_open_again(r, e);
	if (is_good) {
		HOLDING(&r->lock);
		store_version_cache_clear(&r->versions);
		__atomic_store_n(&r->is_broken, false, __ATOMIC_RELEASE);
	}
	invariant(pthread_rwlock_unlock(&r->handle) == 0);
	return is_good;
}

static bool format_write(struct rocks *r, struct error *e)
{
	struct slice key = STORE_FORMAT_KEY, value;
	struct store_record_head head;
	char record[STORE_RECORD_HEAD_BYTES + 4], *message = NULL;

	value = (struct slice){ record + sizeof head.bytes, 4 };
	store_save_u32(record + sizeof head.bytes, STORE_FORMAT);
	head = store_record_head(key, value);
	memcpy(record, head.bytes, sizeof head.bytes);
	rocksdb_put_cf(r->db, r->setup.synced, r->families[FAMILY_ROWS], key.at, key.len, record,
		sizeof record, &message);
	return message == NULL || rocks_fail(r, e, FAULT_LATER, "create", message);
}

static bool rocks_is_empty(struct rocks *r)
{
	rocksdb_iterator_t *walk =
		rocksdb_create_iterator_cf(r->db, r->setup.read, r->families[FAMILY_ROWS]);
	bool is_empty;

	rocksdb_iter_seek_to_first(walk);
	is_empty = !rocksdb_iter_valid(walk);
	rocksdb_iter_destroy(walk);
	return is_empty;
}

static bool format_check(struct rocks *r, struct error *e)
{
	rocksdb_pinnableslice_t *pin;
	struct slice value;
	uint32_t format;

	if (!rocks_pin(r, FAMILY_ROWS, STORE_FORMAT_KEY, &pin, &value, e))
		return false;
	if (pin == NULL) {
		if ((r->may_create && rocks_is_empty(r)) || r->may_salvage)
			return format_write(r, e);
		if (r->is_read_only && r->log.is_damaged)
			return true; /* it stood in the log, as yet, and is lost */
		return fail(
			e, FAULT_NEVER, "store '%s': there is no format version in it", r->path);
	}
	format = value.len == 4 ? store_load_u32(value.at) : UINT32_MAX;
	rocksdb_pinnableslice_destroy(pin);
	if (format < STORE_FORMAT_OLDEST || format > STORE_FORMAT)
		return fail(e, FAULT_NEVER,
			"store '%s' has format %" PRIu32 ", this program reads %d to %d", r->path,
			format, STORE_FORMAT_OLDEST, STORE_FORMAT);
	return true;
}

static bool directory_check(const struct rocks *r, struct error *e)
{
	char path[PATH_MAX];

	if (r->may_create && mkdir(r->path, 0700) != 0 && errno != EEXIST)
		return fail(e, FAULT_NEVER, "create store '%s': %m", r->path);
	(void)snprintf(path, sizeof path, "%s/CURRENT", r->path);
	if (!r->may_create && access(path, F_OK) != 0)
		return fail(
			e, FAULT_NEVER, "store '%s': there is none: open '%s': %m", r->path, path);
	return true;
}

static void rocks_free(struct rocks *r)
{
	rocks_close_handle(r);
	fd_close(&r->mark_fd);
	rocks_setup_done(&r->setup);
	if (r->batch != NULL)
		rocksdb_writebatch_destroy(r->batch);
	store_version_plan_done(&r->plan);
	store_version_cache_done(&r->versions);
	store_queue_done(&r->queue);
	invariant(pthread_rwlock_destroy(&r->handle) == 0);
	lock_done(&r->lock);
	free(r->path);
	free(r);
}

static void handle_init(pthread_rwlock_t *handle)
{
	pthread_rwlockattr_t how;

	invariant(pthread_rwlockattr_init(&how) == 0);
	/* Readers never nest, and must not keep a mending writer out for ever. */
	invariant(pthread_rwlockattr_setkind_np(
			  &how, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) == 0);
	invariant(pthread_rwlock_init(handle, &how) == 0);
	(void)pthread_rwlockattr_destroy(&how);
}

static struct rocks *rocks_new(const struct store_options *options)
{
	struct rocks *r = calloc(1, sizeof *r);
	uint32_t patience_ms =
		options->patience_ms == 0 ? STORE_PATIENCE_MS_DEFAULT : options->patience_ms;

	if (r == NULL)
		return NULL;
	store_init(&r->base, &store_rocksdb, options);
	r->is_read_only = options->is_read_only;
	r->may_create = options->may_create && !options->is_read_only;
	r->may_salvage = options->may_salvage && !options->is_read_only;
	r->mark_fd = -1;
	handle_init(&r->handle);
	lock_init(&r->lock, RANK_STORE_DATA);
	store_queue_init(&r->queue, rocks_run_batch, r, patience_ms);
	return r;
}

static bool rocks_start(struct rocks *r, const struct store_options *options, struct error *e)
{
	if (!rocks_setup_init(&r->setup, options, e))
		return false;
	r->path = strdup(options->path);
	r->batch = rocksdb_writebatch_create();
	if (r->path == NULL || !store_version_cache_init(&r->versions))
		return fail(e, FAULT_LATER, "open store '%s': no memory", options->path);
	if (!directory_check(r, e) || !rocks_open_handle(r, r->is_read_only, e))
		return false;
	if (!r->is_read_only && (r->mark_fd = rocks_mark_open(r->path, e)) < 0)
		return false;
	return format_check(r, e);
}

static bool rocks_open(const struct store_options *options, struct store **ret, struct error *e)
{
	struct rocks *r;

	if (options->path == NULL || options->path[0] == '\0')
		return fail(e, FAULT_NEVER, "open a store: no directory was named");
	r = rocks_new(options);
	if (r == NULL)
		return fail(e, FAULT_LATER, "open store '%s': no memory", options->path);
	if (!rocks_start(r, options, e)) {
		rocks_free(r);
		return false;
	}
	*ret = &r->base;
	return true;
}

/*
 * Flushed, so that the next start has no log to read. When that fails the log is still there. A
 * damaged one stays: it is the only witness until check salvages.
 */
static void rocks_close(struct store *s)
{
	struct rocks *r = rocks_of(s);
	struct error ignored = { 0 };

	if (r->db != NULL && !r->is_read_only && !r->is_broken && !r->log.is_damaged)
		(void)rocks_flush(r, &ignored);
	rocks_free(r);
}

static void rocks_submit(struct store *s, struct store_txn *txn)
{
	store_queue_submit(&rocks_of(s)->queue, txn);
}

static enum store_answer rocks_wait(struct store *s, struct store_txn *txn)
{
	return store_queue_wait(&rocks_of(s)->queue, txn);
}

static void rocks_stats(struct store *s, struct store_stats *ret)
{
	struct rocks *r = rocks_of(s);

	HOLDING(&r->lock);
	*ret = r->stats;
}

const struct store_engine store_rocksdb = {
	.name = "rocksdb",
	.open = rocks_open,
	.close = rocks_close,
	.submit = rocks_submit,
	.wait = rocks_wait,
	.get = rocks_get,
	.version = rocks_version,
	.scan = rocks_scan,
	.chunk_write = rocks_chunk_write,
	.chunk_read = rocks_chunk_read,
	.chunks_pin = rocks_chunks_pin,
	.chunk_unpin = rocks_chunk_unpin,
	.stats = rocks_stats,
	.check = rocks_check,
	.copy = rocks_copy_store,
};
