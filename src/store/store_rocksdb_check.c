/* SPDX-License-Identifier: MIT */
#include "store/store_rocksdb.h"
#include "store/store_verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

/* Is there a chunk that cannot be read at or behind `from`, and before `end`? */
static bool has_unreadable(const struct check_walk *w, struct slice from, struct slice end)
{
	rocksdb_readoptions_t *how = rocksdb_readoptions_create();
	rocksdb_iterator_t *at;
	char *message = NULL;

	rocksdb_readoptions_set_fill_cache(how, 0);
	rocksdb_readoptions_set_iterate_upper_bound(how, end.at, end.len);
	at = rocksdb_create_iterator_cf(w->r->db, how, w->r->families[FAMILY_BLOBS]);
	rocksdb_iter_seek(at, from.at, from.len);
	rocksdb_iter_get_error(at, &message);
	rocksdb_iter_destroy(at);
	rocksdb_readoptions_destroy(how);
	rocksdb_free(message);
	return message != NULL;
}

/*
 * A walk that meets a chunk whose bytes cannot be read ends, and does not tell at which key. But
 * it is the first one after those seen, so its key is found bit by bit, by walks that end earlier.
 */
static void find_unreadable(
	const struct check_walk *w, struct slice from, char ret_key[STORE_BLOB_KEY_BYTES])
{
	memset(ret_key, 0, STORE_BLOB_KEY_BYTES);
	for (size_t bit = 0; bit < 8 * (size_t)STORE_BLOB_KEY_BYTES; bit++) {
		char *byte = &ret_key[bit / 8];
		char with_bit = (char)(*byte | 0x80 >> bit % 8), without = *byte;

		*byte = with_bit;
		if (has_unreadable(w, from, (struct slice){ ret_key, STORE_BLOB_KEY_BYTES }))
			*byte = without;
	}
}

static bool is_blob_problem(const struct check_walk *w)
{
	char *message = NULL;
	bool is_blob;

	rocksdb_iter_get_error(w->at, &message);
	is_blob = message != NULL && strcasestr(message, "blob") != NULL;
	rocksdb_free(message);
	return is_blob;
}

struct blob_walk {
	struct check_walk w;
	struct store_verify *verify;
	char seen[STORE_BLOB_KEY_BYTES + 1]; /* behind the last key seen, before any other */
	size_t seen_len;
};

static bool blob_take(
	struct blob_walk *b, struct slice key, struct slice value, bool is_sound, struct error *e)
{
	struct id remove;

	if (key.len == STORE_BLOB_KEY_BYTES) {
		memmove(b->seen, key.at, key.len);
		b->seen[key.len] = '\0';
		b->seen_len = sizeof b->seen;
	}
	return !store_verify_chunk(b->verify, key, value, is_sound, &remove) ||
	       rocks_batch_drop(b->w.r, b->w.removals, remove, e);
}

/* Goes on behind a chunk that cannot be read, which is damage. */
static bool blob_step_over(struct blob_walk *b, struct error *e)
{
	char key[STORE_BLOB_KEY_BYTES];
	struct slice found = { key, sizeof key };

	find_unreadable(&b->w, (struct slice){ b->seen, b->seen_len }, key);
	if (!blob_take(b, found, S(""), false, e))
		return false;
	rocksdb_iter_destroy(b->w.at);
	b->w.at = rocksdb_create_iterator_cf(b->w.r->db, b->w.how, b->w.r->families[FAMILY_BLOBS]);
	rocksdb_iter_seek(b->w.at, b->seen, b->seen_len);
	return true;
}

static bool check_blobs(struct rocks *r, struct store_verify *v, struct error *e)
{
	struct blob_walk b = { .verify = v };
	struct id remove;
	bool is_good = true, is_more = true;

	walk_begin(&b.w, r, FAMILY_BLOBS);
	while (is_good && is_more) {
		struct slice key, value;

		if (rocksdb_iter_valid(b.w.at)) {
			bool is_sound = walk_see(&b.w, &key, &value);

			is_good = blob_take(&b, key, value, is_sound, e);
			rocksdb_iter_next(b.w.at);
		} else {
			is_more = is_blob_problem(&b.w);
			is_good = !is_more || blob_step_over(&b, e);
		}
	}
	if (is_good && store_verify_end(v, &remove))
		is_good = rocks_batch_drop(r, b.w.removals, remove, e);
	return walk_end(&b.w, is_good, e);
}

static void check_log(const struct rocks *r, const struct store_check *how)
{
	char words[96];

	if (!r->log.is_damaged)
		return;
	(void)snprintf(words, sizeof words,
		"'%s' at byte %" PRIu64 ", changes lost: %" PRIu64 " or more", r->log.file,
		r->log.at, r->log.missing);
	how->report(how->context, STORE_FINDING_DAMAGED_LOG, slice_of(words));
}

/* What was saved goes into tables, and the damaged log with it; what is missing is missed no more. */
static bool salvage_end(struct rocks *r, struct error *e)
{
	if (!rocks_flush(r, e))
		return false;
	r->synced = rocksdb_get_latest_sequence_number(r->db);
	rocks_mark_write(r->mark_fd, r->synced);
	r->log = (struct rocks_log){ .claimed = r->synced };
	HOLDING(&r->lock);
	store_version_cache_clear(&r->versions);
	return true;
}

bool rocks_check(struct store *s, const struct store_check *how, struct error *e)
{
	struct rocks *r = rocks_of(s);
	struct store_verify v = { .how = how };

	if (how->may_salvage && r->is_read_only)
		return fail(e, FAULT_NEVER, "store '%s' is open for reading only", r->path);
	check_log(r, how);
	ROCKS_READING(r);
	if (!rocks_is_open(r, e) || !check_rows(r, &v, e) || !check_blobs(r, &v, e))
		return false;
	return !how->may_salvage || salvage_end(r, e);
}
