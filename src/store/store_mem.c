/* SPDX-License-Identifier: MIT */
/*
 * store_mem - the store in memory: for tests, and to measure how much of our time is the disk's.
 *
 * One lock, and every transaction takes effect inside store_submit(), so the order needs no queue.
 * When memory runs out in the middle of a transaction, half of it stands: from then on every call
 * fails, as after a crash.
 */
#include "store/store_map.h"
#include "store/store_verify.h"

#include "base/lock.h"

#include <inttypes.h>
#include <stdlib.h>

struct mem_store {
	struct store base;
	struct lock lock;
	/* under lock: */
	struct store_map rows, blobs;
	struct store_stats stats;
	bool is_broken;
};

static struct mem_store *mem_of(struct store *s)
{
	invariant(s->engine == &store_mem);
	return (struct mem_store *)s;
}

static bool mem_fail(struct mem_store *m, struct error *e)
{
	m->is_broken = true;
	return fail(e, FAULT_LATER, "memory ran out: the store in memory is lost");
}

static bool mem_open(const struct store_options *options, struct store **ret, struct error *e)
{
	struct mem_store *m = calloc(1, sizeof *m);

	if (m == NULL)
		return fail(e, FAULT_LATER, "open a store in memory: no memory");
	store_init(&m->base, &store_mem, options);
	lock_init(&m->lock, RANK_STORE);
	*ret = &m->base;
	return true;
}

static void mem_close(struct store *s)
{
	struct mem_store *m = mem_of(s);

	store_map_done(&m->rows);
	store_map_done(&m->blobs);
	lock_done(&m->lock);
	free(m);
}

static uint64_t mem_version_now(const struct mem_store *m, struct slice partition)
{
	struct store_key key;
	struct slice value;

	if (!store_map_get(&m->rows, store_key_version(&key, partition), &value))
		return 0;
	invariant(value.len == sizeof(uint64_t));
	return store_load_u64(value.at);
}

static bool mem_put_chunk(struct mem_store *m, const struct store_chunk *chunk)
{
	struct store_key key;
	char number[4];

	store_save_u32(number, chunk->number);
	m->stats.bytes_written += chunk->bytes.len;
	m->stats.blobs_written += chunk->number == 0;
	if (!store_map_set(
		    &m->blobs, store_key_chunk(&key, chunk->blob, chunk->number), chunk->bytes))
		return false;
	return chunk->number == 0 ||
	       store_map_set(&m->blobs, store_key_chunk(&key, chunk->blob, STORE_CHUNK_TAIL),
		       (struct slice){ number, sizeof number });
}

static void mem_drop(struct mem_store *m, struct id blob)
{
	struct store_key from;
	struct slice prefix = id_slice(&blob);
	const struct store_map_node *n;

	/* One search for each chunk: a removal ends the walk, and dropping is rare here. */
	while ((n = store_map_seek(&m->blobs, store_key_chunk(&from, blob, 0))) != NULL &&
		slice_starts(store_map_key(n), prefix))
		store_map_remove(&m->blobs, store_map_key(n));
	m->stats.blobs_dropped++;
}

static bool mem_apply_commit(struct mem_store *m, struct store_commit *c)
{
	struct store_key key;
	char version[8];

	for (size_t i = 0; i < c->set_count; i++) {
		const struct store_set *set = &c->sets[i];

		if (!store_map_set(
			    &m->rows, store_key_row(&key, c->partition, set->key), set->value))
			return false;
		m->stats.bytes_written += set->key.len + set->value.len;
	}
	for (size_t i = 0; i < c->remove_count; i++)
		store_map_remove(&m->rows, store_key_row(&key, c->partition, c->removes[i]));
	c->ret_version = mem_version_now(m, c->partition) + 1;
	store_save_u64(version, c->ret_version);
	m->stats.commits++;
	return store_map_set(&m->rows, store_key_version(&key, c->partition),
		(struct slice){ version, sizeof version });
}

static bool mem_apply(struct mem_store *m, struct store_txn *txn)
{
	for (size_t i = 0; i < txn->chunk_count; i++) {
		if (!mem_put_chunk(m, &txn->chunks[i]))
			return false;
	}
	for (size_t i = 0; i < txn->commit_count; i++) {
		if (!mem_apply_commit(m, &txn->commits[i]))
			return false;
	}
	for (size_t i = 0; i < txn->drop_count; i++)
		mem_drop(m, txn->drops[i]);
	return true;
}

static bool mem_versions_fit(const struct mem_store *m, const struct store_txn *txn)
{
	for (size_t i = 0; i < txn->commit_count; i++) {
		const struct store_commit *c = &txn->commits[i];

		if (c->expect != STORE_ANY_VERSION && c->expect != mem_version_now(m, c->partition))
			return false;
	}
	return true;
}

static void mem_submit(struct store *s, struct store_txn *txn)
{
	struct mem_store *m = mem_of(s);

	HOLDING(&m->lock);
	m->stats.transactions++;
	txn->is_done = true;
	txn->answer = STORE_OK;
	if (m->is_broken) {
		(void)mem_fail(m, &txn->error);
		txn->answer = STORE_FAILED;
	} else if (!mem_versions_fit(m, txn)) {
		m->stats.conflicts++;
		txn->answer = STORE_CONFLICT;
	} else if (!mem_apply(m, txn)) {
		(void)mem_fail(m, &txn->error);
		txn->answer = STORE_FAILED;
	}
}

static enum store_answer mem_wait(struct store *s, struct store_txn *txn)
{
	(void)s;
	invariant(txn->is_done);
	return txn->answer;
}

static bool mem_get(struct store *s, struct slice partition, struct slice key,
	struct buf *ret_value, bool *ret_found, struct error *e)
{
	struct mem_store *m = mem_of(s);
	struct store_key row;
	struct slice value;

	HOLDING(&m->lock);
	if (m->is_broken)
		return mem_fail(m, e);
	*ret_found = store_map_get(&m->rows, store_key_row(&row, partition, key), &value);
	if (*ret_found && !buf_add(ret_value, value))
		return fail(e, FAULT_LATER, "get from '%.*s': no room for %zu bytes",
			S_FMT(partition), value.len);
	return true;
}

static bool mem_version(struct store *s, struct slice partition, uint64_t *ret, struct error *e)
{
	struct mem_store *m = mem_of(s);

	HOLDING(&m->lock);
	if (m->is_broken)
		return mem_fail(m, e);
	*ret = mem_version_now(m, partition);
	return true;
}

static bool mem_scan_rows(struct mem_store *m, const struct store_scan *scan,
	struct store_page *page, struct error *e)
{
	struct store_key from, prefix_key;
	struct slice prefix = store_key_row(&prefix_key, scan->partition, scan->prefix);
	struct slice after = store_key_row(&from, scan->partition, scan->after);
	size_t head = 2 + scan->partition.len;
	const struct store_map_node *n;

	n = store_map_seek(&m->rows, slice_order(after, prefix) > 0 ? after : prefix);
	if (n != NULL && scan->after.len > 0 && slice_same(store_map_key(n), after))
		n = store_map_next(n);
	for (; n != NULL && slice_starts(store_map_key(n), prefix); n = store_map_next(n)) {
		if (store_page_is_full(page, scan->limit))
			return true;
		if (!store_page_add(
			    page, slice_skip(store_map_key(n), head), store_map_value(n), e))
			return false;
	}
	page->is_last = true;
	return true;
}

static bool mem_scan(
	struct store *s, const struct store_scan *scan, struct store_page *ret, struct error *e)
{
	struct mem_store *m = mem_of(s);

	HOLDING(&m->lock);
	if (m->is_broken)
		return mem_fail(m, e);
	ret->version = mem_version_now(m, scan->partition);
	if (scan->expect != STORE_ANY_VERSION && scan->expect != ret->version) {
		ret->has_changed = true;
		return true;
	}
	if (!mem_scan_rows(m, scan, ret, e))
		return false;
	store_page_seal(ret);
	return true;
}

static bool mem_chunk_write(struct store *s, const struct store_chunk *chunk, struct error *e)
{
	struct mem_store *m = mem_of(s);

	HOLDING(&m->lock);
	if (m->is_broken || !mem_put_chunk(m, chunk))
		return mem_fail(m, e);
	return true;
}

static bool mem_chunk_read(struct store *s, struct id blob, uint32_t number, struct buf *ret,
	bool *ret_found, struct error *e)
{
	struct mem_store *m = mem_of(s);
	struct store_key key;
	struct slice value;

	HOLDING(&m->lock);
	if (m->is_broken)
		return mem_fail(m, e);
	*ret_found = store_map_get(&m->blobs, store_key_chunk(&key, blob, number), &value);
	if (*ret_found && !buf_add(ret, value))
		return fail(e, FAULT_LATER, "read chunk %" PRIu32 ": no room for %zu bytes", number,
			value.len);
	return true;
}

static void mem_stats(struct store *s, struct store_stats *ret)
{
	struct mem_store *m = mem_of(s);

	HOLDING(&m->lock);
	*ret = m->stats;
}

/* Nobody writes meanwhile (store.h), so no lock is held while the caller looks at rows. */
static bool mem_check_rows(struct mem_store *m, struct store_verify *v, struct error *e)
{
	const struct store_map_node *n = store_map_seek(&m->rows, S(""));
	bool must_remove;

	for (; n != NULL; n = store_map_next(n)) {
		if (!store_verify_row(
			    v, store_map_key(n), store_map_value(n), true, &must_remove, e))
			return false;
		invariant(!must_remove);
	}
	return true;
}

static bool mem_check(struct store *s, const struct store_check *how, struct error *e)
{
	struct mem_store *m = mem_of(s);
	struct store_verify v = { .how = how };
	const struct store_map_node *n;
	struct id remove;

	if (!mem_check_rows(m, &v, e))
		return false;
	for (n = store_map_seek(&m->blobs, S("")); n != NULL;) {
		bool must_remove =
			store_verify_chunk(&v, store_map_key(n), store_map_value(n), true, &remove);

		n = store_map_next(n);
		if (must_remove)
			mem_drop(m, remove); /* the blob before: not where n stands */
	}
	if (store_verify_end(&v, &remove))
		mem_drop(m, remove);
	return true;
}

const struct store_engine store_mem = {
	.name = "mem",
	.open = mem_open,
	.close = mem_close,
	.submit = mem_submit,
	.wait = mem_wait,
	.get = mem_get,
	.version = mem_version,
	.scan = mem_scan,
	.chunk_write = mem_chunk_write,
	.chunk_read = mem_chunk_read,
	.stats = mem_stats,
	.check = mem_check,
};
