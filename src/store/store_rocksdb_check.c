/* SPDX-License-Identifier: MIT */
#include "store/store_rocksdb.h"
#include "store/store_verify.h"

/* One walk over a family, which verifies RocksDB's own checksums as well as ours. */
struct check_walk {
	struct rocks *r;
	rocksdb_readoptions_t *how;
	rocksdb_iterator_t *at;
	rocksdb_writebatch_t *removals;
};

static void walk_begin(struct check_walk *w, struct rocks *r, enum rocks_family family)
{
	w->r = r;
	w->how = rocksdb_readoptions_create();
	rocksdb_readoptions_set_fill_cache(w->how, 0);
	w->at = rocksdb_create_iterator_cf(r->db, w->how, r->families[family]);
	w->removals = rocksdb_writebatch_create();
	rocksdb_iter_seek_to_first(w->at);
}

/* Ends the walk: with the reason when RocksDB could not go on, else with the removals written. */
static bool walk_end(struct check_walk *w, bool is_good, struct error *e)
{
	char *message = NULL;

	if (is_good)
		rocksdb_iter_get_error(w->at, &message);
	if (is_good && message == NULL && rocksdb_writebatch_count(w->removals) > 0)
		rocksdb_write(w->r->db, w->r->setup.synced, w->removals, &message);
	rocksdb_iter_destroy(w->at);
	rocksdb_readoptions_destroy(w->how);
	rocksdb_writebatch_destroy(w->removals);
	if (message != NULL)
		return rocks_fail(w->r, e, FAULT_NEVER, "check", message);
	return is_good;
}

/* True when the record is sound; *ret_value is what it holds, or nothing. */
static bool walk_see(const struct check_walk *w, struct slice *ret_key, struct slice *ret_value)
{
	struct slice record;

	*ret_value = S("");
	ret_key->at = rocksdb_iter_key(w->at, &ret_key->len);
	record.at = rocksdb_iter_value(w->at, &record.len);
	return store_record_open(*ret_key, record, ret_value);
}

static bool check_rows(struct rocks *r, struct store_verify *v, struct error *e)
{
	struct check_walk w;
	bool is_good = true;

	walk_begin(&w, r, FAMILY_ROWS);
	for (; is_good && rocksdb_iter_valid(w.at); rocksdb_iter_next(w.at)) {
		struct slice key, value;
		bool must_remove, is_sound = walk_see(&w, &key, &value);

		is_good = store_verify_row(v, key, value, is_sound, &must_remove, e);
		if (is_good && must_remove)
			rocksdb_writebatch_delete_cf(
				w.removals, r->families[FAMILY_ROWS], key.at, key.len);
	}
	return walk_end(&w, is_good, e);
}

static bool check_blobs(struct rocks *r, struct store_verify *v, struct error *e)
{
	struct check_walk w;
	struct id remove;
	bool is_good = true;

	walk_begin(&w, r, FAMILY_BLOBS);
	for (; is_good && rocksdb_iter_valid(w.at); rocksdb_iter_next(w.at)) {
		struct slice key, value;
		bool is_sound = walk_see(&w, &key, &value);

		if (store_verify_chunk(v, key, value, is_sound, &remove))
			is_good = rocks_batch_drop(r, w.removals, remove, e);
	}
	if (is_good && store_verify_end(v, &remove))
		is_good = rocks_batch_drop(r, w.removals, remove, e);
	return walk_end(&w, is_good, e);
}

bool rocks_check(struct store *s, const struct store_check *how, struct error *e)
{
	struct rocks *r = rocks_of(s);
	struct store_verify v = { .how = how };

	if (how->may_salvage && r->is_read_only)
		return fail(e, FAULT_NEVER, "store '%s' is open for reading only", r->path);
	ROCKS_READING(r);
	if (!rocks_is_open(r, e) || !check_rows(r, &v, e) || !check_blobs(r, &v, e))
		return false;
	if (how->may_salvage) {
		HOLDING(&r->lock);
		store_version_cache_clear(&r->versions);
	}
	return true;
}
