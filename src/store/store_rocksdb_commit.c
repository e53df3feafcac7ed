/* SPDX-License-Identifier: MIT */
#include "store/store_rocksdb.h"

enum { BATCH_KEPT_BYTES = 256 << 10 }; /* a write batch that grew larger gives its memory back */

/* What a batch did, added to the statistics when it is written. */
struct tally {
	struct store_stats stats;
	bool needs_sync;
};

static void batch_put(struct rocks *r, rocksdb_writebatch_t *batch, enum rocks_family family,
	struct slice key, struct slice value)
{
	struct store_record_head head = store_record_head(key, value);
	const char *parts[] = { head.bytes, value.at };
	const size_t lens[] = { sizeof head.bytes, value.len };

	rocksdb_writebatch_putv_cf(batch, r->families[family], 1, &key.at, &key.len,
		value.len > 0 ? 2 : 1, parts, lens);
}

static void batch_put_chunk(
	struct rocks *r, rocksdb_writebatch_t *batch, const struct store_chunk *chunk)
{
	struct store_key key;
	char number[4];

	batch_put(r, batch, FAMILY_BLOBS, store_key_chunk(&key, chunk->blob, chunk->number),
		chunk->bytes);
	if (chunk->number == 0)
		return;
	store_save_u32(number, chunk->number);
	batch_put(r, batch, FAMILY_BLOBS, store_key_chunk(&key, chunk->blob, STORE_CHUNK_TAIL),
		(struct slice){ number, sizeof number });
}

/*
 * Chunk by chunk: a range removal would be shorter here, and be paid for by every read of its
 * neighbours until compaction. Almost every blob is one chunk, and has no tail.
 */
bool rocks_batch_drop(struct rocks *r, rocksdb_writebatch_t *batch, struct id blob, struct error *e)
{
	rocksdb_column_family_handle_t *family = r->families[FAMILY_BLOBS];
	rocksdb_pinnableslice_t *pin;
	struct store_key key, behind;
	struct slice at = store_key_chunk(&key, blob, STORE_CHUNK_TAIL), value;
	struct error damage = { 0 };
	uint32_t last = 0;

	if (!rocks_pin(r, FAMILY_BLOBS, at, &pin, &value, &damage)) {
		if (damage.fault != FAULT_NEVER) {
			*e = damage;
			return false;
		}
		/* The tail is damaged: nobody knows how many there are. */
		at = store_key_chunk(&key, blob, 0);
		value = store_key_behind(&behind, id_slice(&blob));
		rocksdb_writebatch_delete_range_cf(
			batch, family, at.at, at.len, value.at, value.len);
		return true;
	}
	if (pin != NULL) {
		last = store_load_u32(value.at);
		rocksdb_pinnableslice_destroy(pin);
		rocksdb_writebatch_delete_cf(batch, family, at.at, at.len);
	}
	for (uint64_t number = 0; number <= last; number++) {
		at = store_key_chunk(&key, blob, (uint32_t)number);
		rocksdb_writebatch_delete_cf(batch, family, at.at, at.len);
	}
	return true;
}

static bool version_now(struct rocks *r, struct slice partition, uint64_t *ret, struct error *e)
{
	if (store_version_plan_get(&r->plan, partition, ret))
		return true;
	{
		HOLDING(&r->lock);
		if (store_version_cache_get(&r->versions, partition, ret))
			return true;
	}
	return rocks_read_version(r, partition, ret, e);
}

/* Do all partitions have the versions that the transaction expects? Sets ret_version of each. */
static enum store_answer txn_fits(struct rocks *r, struct store_txn *txn)
{
	for (size_t i = 0; i < txn->commit_count; i++) {
		struct store_commit *c = &txn->commits[i];
		uint64_t version;

		if (!version_now(r, c->partition, &version, &txn->error))
			return STORE_FAILED;
		if (c->expect != STORE_ANY_VERSION && c->expect != version)
			return STORE_CONFLICT;
		c->ret_version = version + 1;
	}
	return STORE_OK;
}

static void batch_add_commit(struct rocks *r, const struct store_commit *c, struct tally *tally)
{
	struct store_key key;
	struct slice row;

	for (size_t i = 0; i < c->set_count; i++) {
		row = store_key_row(&key, c->partition, c->sets[i].key);
		batch_put(r, r->batch, FAMILY_ROWS, row, c->sets[i].value);
	}
	for (size_t i = 0; i < c->remove_count; i++) {
		row = store_key_row(&key, c->partition, c->removes[i]);
		rocksdb_writebatch_delete_cf(r->batch, r->families[FAMILY_ROWS], row.at, row.len);
	}
	store_version_plan_set(&r->plan, c->partition, c->ret_version);
	tally->stats.commits++;
}

/*
 * Once a partition, however many commits to it are in the batch: nobody ever sees a part of a batch, on disk or in
 * memory. Mails of one moment share the partition of their timelines.
 */
static void batch_add_versions(struct rocks *r)
{
	struct store_key key;
	char version[8];

	for (size_t i = 0; i < r->plan.room; i++) {
		const struct store_planned *slot = &r->plan.slots[i];

		if (slot->name.len == 0)
			continue;
		store_save_u64(version, slot->version);
		batch_put(r, r->batch, FAMILY_ROWS, store_key_version(&key, slot->name),
			(struct slice){ version, sizeof version });
	}
}

/* All or none of them are in the batch: they read, and so may fail. */
static bool batch_add_drops(struct rocks *r, struct store_txn *txn)
{
	char *message = NULL;

	if (txn->drop_count == 0)
		return true;
	rocksdb_writebatch_set_save_point(r->batch);
	for (size_t i = 0; i < txn->drop_count; i++) {
		if (!rocks_batch_drop(r, r->batch, txn->drops[i], &txn->error)) {
			rocksdb_writebatch_rollback_to_save_point(r->batch, &message);
			invariant(message == NULL); /* fails only without a save point */
			return false;
		}
	}
	rocksdb_writebatch_pop_save_point(r->batch, &message);
	invariant(message == NULL);
	return true;
}

/* Nothing of it is in the batch unless the answer is STORE_OK. */
static enum store_answer batch_add(struct rocks *r, struct store_txn *txn, struct tally *tally)
{
	enum store_answer answer = txn_fits(r, txn);

	tally->stats.transactions++;
	tally->stats.conflicts += answer == STORE_CONFLICT;
	if (answer != STORE_OK)
		return answer;
	if (!batch_add_drops(r, txn))
		return STORE_FAILED;
	for (size_t i = 0; i < txn->commit_count; i++)
		batch_add_commit(r, &txn->commits[i], tally);
	for (size_t i = 0; i < txn->chunk_count; i++) {
		batch_put_chunk(r, r->batch, &txn->chunks[i]);
		tally->stats.blobs_written += txn->chunks[i].number == 0;
	}
	tally->stats.blobs_dropped += txn->drop_count;
	tally->needs_sync = tally->needs_sync || !txn->may_be_lazy;
	return STORE_OK;
}

static bool batch_begin(
	struct rocks *r, struct store_txn *const *txns, size_t count, struct error *e)
{
	struct rocks_claim claim;
	size_t commit_count = 0;

	if (r->is_read_only)
		return fail(e, FAULT_NEVER, "store '%s' is open for reading only", r->path);
	if (!rocks_mend(r, e))
		return false;
	for (size_t i = 0; i < count; i++)
		commit_count += txns[i]->commit_count;
	if (!store_version_plan_begin(&r->plan, commit_count))
		return fail(e, FAULT_LATER, "commit: no memory for %zu partitions", commit_count);
	rocksdb_writebatch_clear(r->batch);
	claim = rocks_claim(r->synced);
	rocksdb_writebatch_put_log_data(r->batch, claim.bytes, sizeof claim.bytes);
	return true;
}

static bool batch_write(
	struct rocks *r, rocksdb_writebatch_t *batch, bool needs_sync, struct error *e)
{
	char *message = NULL;

	rocksdb_write(r->db, needs_sync ? r->setup.synced : r->setup.lazy, batch, &message);
	if (message == NULL)
		return true;
	__atomic_store_n(&r->is_broken, true, __ATOMIC_RELEASE);
	return rocks_fail(r, e, FAULT_LATER, "write", message);
}

/*
 * Writes the leader's batch. What was in the log before it, and as much of it as cannot have been
 * numbered by others meanwhile (chunks written ahead), is on disk after its sync: that is marked.
 */
static bool batch_write_marked(struct rocks *r, bool needs_sync, struct error *e)
{
	uint64_t before = rocksdb_get_latest_sequence_number(r->db);
	int count = rocksdb_writebatch_count(r->batch);

	if (count == 0)
		return true;
	if (!batch_write(r, r->batch, needs_sync, e))
		return false;
	if (needs_sync) {
		r->synced = before + (uint64_t)count;
		rocks_mark_write(r->mark_fd, r->synced);
	}
	return true;
}

/* The versions become known only now, when they are on disk. */
static void batch_publish(struct rocks *r, const struct tally *tally)
{
	const struct store_stats *new = &tally->stats;

	HOLDING(&r->lock);
	for (size_t i = 0; i < r->plan.room; i++) {
		const struct store_planned *slot = &r->plan.slots[i];

		if (slot->name.len > 0)
			store_version_cache_set(&r->versions, slot->name, slot->version);
	}
	r->stats.syncs += new->syncs;
	r->stats.transactions += new->transactions;
	r->stats.commits += new->commits;
	r->stats.conflicts += new->conflicts;
	r->stats.bytes_written += new->bytes_written;
	r->stats.blobs_written += new->blobs_written;
	r->stats.blobs_dropped += new->blobs_dropped;
}

static void batch_refuse(struct store_txn *const *txns, size_t count, const struct error *e)
{
	for (size_t i = 0; i < count; i++) {
		if (txns[i]->answer != STORE_OK)
			continue;
		txns[i]->answer = STORE_FAILED;
		txns[i]->error = *e;
	}
}

static void batch_trim(struct rocks *r)
{
	size_t bytes;

	(void)rocksdb_writebatch_data(r->batch, &bytes);
	if (bytes > BATCH_KEPT_BYTES) {
		rocksdb_writebatch_destroy(r->batch);
		r->batch = rocksdb_writebatch_create();
	}
}

void rocks_run_batch(void *context, struct store_txn *const *txns, size_t count)
{
	struct rocks *r = context;
	struct tally tally = { 0 };
	struct error e = { 0 };
	bool is_written = true;

	for (size_t i = 0; i < count; i++)
		txns[i]->answer = STORE_OK;
	if (!batch_begin(r, txns, count, &e)) {
		batch_refuse(txns, count, &e);
		return;
	}
	{
		ROCKS_READING(r);
		if (rocks_is_open(r, &e)) {
			for (size_t i = 0; i < count; i++)
				txns[i]->answer = batch_add(r, txns[i], &tally);
			batch_add_versions(r);
			(void)rocksdb_writebatch_data(r->batch, &tally.stats.bytes_written);
			tally.stats.syncs = tally.needs_sync;
			is_written = batch_write_marked(r, tally.needs_sync, &e);
		} else {
			is_written = false;
		}
	}
	if (is_written)
		batch_publish(r, &tally);
	else
		batch_refuse(txns, count, &e);
	batch_trim(r);
}

bool rocks_chunk_write(struct store *s, const struct store_chunk *chunk, struct error *e)
{
	struct rocks *r = rocks_of(s);
	rocksdb_writebatch_t *batch;
	bool is_written;

	if (r->is_read_only)
		return fail(e, FAULT_NEVER, "store '%s' is open for reading only", r->path);
	if (!rocks_mend(r, e))
		return false;
	ROCKS_READING(r);
	if (!rocks_is_open(r, e))
		return false;
	batch = rocksdb_writebatch_create();
	batch_put_chunk(r, batch, chunk);
	is_written = batch_write(r, batch, false, e);
	rocksdb_writebatch_destroy(batch);
	if (is_written) {
		HOLDING(&r->lock);
		r->stats.bytes_written += chunk->bytes.len;
		r->stats.blobs_written += chunk->number == 0;
	}
	return is_written;
}
