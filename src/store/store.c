/* SPDX-License-Identifier: MIT */
#include "store/store_engine.h"

#include <inttypes.h>

const struct store_engine *const store_engines[] = { &store_mem, &store_rocksdb, NULL };

void store_init(
	struct store *s, const struct store_engine *engine, const struct store_options *options)
{
	s->engine = engine;
	s->fault_percent = options->fault_percent;
	s->fault_state = options->fault_seed;
}

bool store_open(const struct store_engine *engine, const struct store_options *options,
	struct store **ret, struct error *e)
{
	return engine->open(options, ret, e);
}

void store_close(struct store *s)
{
	if (s != NULL)
		s->engine->close(s);
}

const struct store_engine *store_engine_of(const struct store *s)
{
	return s->engine;
}

static bool partition_check(struct slice name, struct error *e)
{
	if (name.len == 0 || name.len > LIMIT_PARTITION_NAME_BYTES)
		return fail(e, FAULT_NEVER, "partition name of %zu bytes: 1 to %d are allowed",
			name.len, LIMIT_PARTITION_NAME_BYTES);
	return true;
}

static bool prefix_check(struct slice prefix, struct error *e)
{
	if (prefix.len > LIMIT_KEY_BYTES)
		return fail(e, FAULT_NEVER, "key of %zu bytes: at most %d are allowed", prefix.len,
			LIMIT_KEY_BYTES);
	return true;
}

/* An empty key could not be told from "from the start" in store_scan.after. */
static bool key_check(struct slice key, struct error *e)
{
	if (key.len == 0)
		return fail(e, FAULT_NEVER, "a key without bytes is not allowed");
	return prefix_check(key, e);
}

static bool chunk_check(const struct store_chunk *chunk, struct error *e)
{
	if (chunk->bytes.len > LIMIT_BLOB_CHUNK_BYTES)
		return fail(e, FAULT_NEVER, "chunk of %zu bytes: at most %d are allowed",
			chunk->bytes.len, LIMIT_BLOB_CHUNK_BYTES);
	if (chunk->number == STORE_CHUNK_TAIL)
		return fail(e, FAULT_NEVER, "chunk number %" PRIu32 " is reserved", chunk->number);
	return true;
}

/* Also adds the bytes to *bytes: the queue cuts its batches by them. */
static bool commit_check(const struct store_commit *c, size_t *bytes, struct error *e)
{
	size_t sum = 0;

	if (!partition_check(c->partition, e))
		return false;
	if (c->set_count > LIMIT_COMMIT_KEYS || c->remove_count > LIMIT_COMMIT_KEYS - c->set_count)
		return fail(e, FAULT_NEVER, "commit to '%.*s' of %zu keys: at most %d are allowed",
			S_FMT(c->partition), c->set_count + c->remove_count, LIMIT_COMMIT_KEYS);
	for (size_t i = 0; i < c->set_count; i++) {
		if (!key_check(c->sets[i].key, e))
			return false;
		if (c->sets[i].value.len > LIMIT_VALUE_BYTES)
			return fail(e, FAULT_NEVER, "value of %zu bytes: at most %d are allowed",
				c->sets[i].value.len, LIMIT_VALUE_BYTES);
		sum += c->sets[i].key.len + c->sets[i].value.len;
	}
	for (size_t i = 0; i < c->remove_count; i++) {
		if (!key_check(c->removes[i], e))
			return false;
		sum += c->removes[i].len;
	}
	if (sum > LIMIT_COMMIT_BYTES)
		return fail(e, FAULT_NEVER, "commit to '%.*s' of %zu bytes: at most %d are allowed",
			S_FMT(c->partition), sum, LIMIT_COMMIT_BYTES);
	*bytes += sum;
	return true;
}

static bool txn_check(struct store_txn *txn, struct error *e)
{
	if (txn->commit_count > LIMIT_TXN_COMMITS || txn->chunk_count > LIMIT_TXN_CHUNKS ||
		txn->drop_count > LIMIT_TXN_DROPS)
		return fail(e, FAULT_NEVER,
			"transaction of %zu commits, %zu chunks, %zu drops: %d, %d, %d are allowed",
			txn->commit_count, txn->chunk_count, txn->drop_count, LIMIT_TXN_COMMITS,
			LIMIT_TXN_CHUNKS, LIMIT_TXN_DROPS);
	txn->bytes = 0;
	for (size_t i = 0; i < txn->commit_count; i++) {
		if (!commit_check(&txn->commits[i], &txn->bytes, e))
			return false;
	}
	for (size_t i = 0; i < txn->chunk_count; i++) {
		if (!chunk_check(&txn->chunks[i], e))
			return false;
		txn->bytes += txn->chunks[i].bytes.len;
	}
	return true;
}

void store_submit(struct store *s, struct store_txn *txn)
{
	txn->next = NULL;
	txn->waiter = NULL;
	txn->is_done = false;
	error_clear(&txn->error);
	if (!txn_check(txn, &txn->error)) {
		txn->fate = STORE_FATE_ANSWERED;
		txn->answer = STORE_FAILED;
		return;
	}
	txn->fate = store_fault_roll(s, &txn->answer);
	if (txn->fate != STORE_FATE_ANSWERED)
		s->engine->submit(s, txn);
}

enum store_answer store_wait(struct store *s, struct store_txn *txn)
{
	enum store_answer answer;

	if (txn->fate == STORE_FATE_ANSWERED)
		return txn->answer;
	answer = s->engine->wait(s, txn);
	return txn->fate == STORE_FATE_HIDDEN ? STORE_UNKNOWN : answer;
}

enum store_answer store_commit(struct store *s, struct store_txn *txn)
{
	store_submit(s, txn);
	return store_wait(s, txn);
}

bool store_get(struct store *s, struct slice partition, struct slice key, struct buf *ret_value,
	bool *ret_found, struct error *e)
{
	if (!partition_check(partition, e) || !key_check(key, e))
		return false;
	buf_clear(ret_value);
	return s->engine->get(s, partition, key, ret_value, ret_found, e);
}

bool store_version(struct store *s, struct slice partition, uint64_t *ret, struct error *e)
{
	return partition_check(partition, e) && s->engine->version(s, partition, ret, e);
}

bool store_scan(
	struct store *s, const struct store_scan *scan, struct store_page *ret, struct error *e)
{
	if (!partition_check(scan->partition, e) || !prefix_check(scan->prefix, e) ||
		!prefix_check(scan->after, e))
		return false;
	if (scan->limit == 0 || scan->limit > LIMIT_SCAN_ROWS)
		return fail(e, FAULT_NEVER, "scan of '%.*s' for %zu rows: 1 to %d are allowed",
			S_FMT(scan->partition), scan->limit, LIMIT_SCAN_ROWS);
	store_page_begin(ret);
	return s->engine->scan(s, scan, ret, e);
}

bool store_chunk_write(struct store *s, const struct store_chunk *chunk, struct error *e)
{
	return chunk_check(chunk, e) && s->engine->chunk_write(s, chunk, e);
}

bool store_chunk_read(struct store *s, struct id blob, uint32_t number, struct buf *ret,
	bool *ret_found, struct error *e)
{
	if (!chunk_check(&(struct store_chunk){ .number = number }, e))
		return false;
	return s->engine->chunk_read(s, blob, number, ret, ret_found, e);
}

void store_chunks_pin(struct store *s, struct store_wish *wishes, size_t count)
{
	invariant(count <= STORE_WISHES_MAX);
	for (size_t i = 0; i < count; i++)
		wishes[i] = (struct store_wish){ .blob = wishes[i].blob };
	if (count > 0 && s->engine->chunks_pin != NULL)
		s->engine->chunks_pin(s, wishes, count);
}

void store_chunks_unpin(struct store *s, struct store_wish *wishes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (wishes[i].pin != NULL)
			s->engine->chunk_unpin(&wishes[i]);
		wishes[i] = (struct store_wish){ .blob = wishes[i].blob };
	}
}

void store_stats_get(struct store *s, struct store_stats *ret)
{
	s->engine->stats(s, ret);
}

bool store_check(struct store *s, const struct store_check *how, struct error *e)
{
	return s->engine->check(s, how, e);
}

bool store_copy(struct store *s, const char *path, struct error *e)
{
	if (s->engine->copy == NULL)
		return fail(e, FAULT_NEVER,
			"copy to '%s': a store of engine '%s' is in memory only", path,
			s->engine->name);
	return s->engine->copy(s, path, e);
}
