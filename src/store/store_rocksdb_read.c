/* SPDX-License-Identifier: MIT */
#include "store/store_rocksdb.h"

#include <inttypes.h>
#include <string.h>

/* Reading again does not help against damage. */
static enum fault rocks_fault_of(const char *message)
{
	return slice_starts(slice_of(message), S("Corruption")) ? FAULT_NEVER : FAULT_LATER;
}

bool rocks_pin(struct rocks *r, enum rocks_family family, struct slice key,
	rocksdb_pinnableslice_t **ret_pin, struct slice *ret_value, struct error *e)
{
	char *message = NULL;
	struct slice record;
	rocksdb_pinnableslice_t *pin = rocksdb_get_pinned_cf(
		r->db, r->setup.read, r->families[family], key.at, key.len, &message);

	if (message != NULL)
		return rocks_fail(r, e, rocks_fault_of(message), "read", message);
	*ret_pin = pin;
	if (pin == NULL)
		return true;
	record.at = rocksdb_pinnableslice_value(pin, &record.len);
	if (!store_record_open(key, record, ret_value)) {
		char room[STORE_NAME_BYTES];

		rocksdb_pinnableslice_destroy(pin);
		return fail(e, FAULT_NEVER, "store '%s': read '%.60s': the record is damaged",
			r->path, store_name_row(slice_first(key, 14), room).at);
	}
	return true;
}

/*
 * A version's record has eight bytes; its checksum was right, so anything else is another format.
 */
static bool version_parse(const struct rocks *r, struct slice partition, struct slice value,
	uint64_t *ret, struct error *e)
{
	if (value.len != sizeof *ret)
		return fail(e, FAULT_NEVER, "store '%s': version of '%.*s' has %zu bytes, not 8",
			r->path, S_FMT(partition), value.len);
	*ret = store_load_u64(value.at);
	return true;
}

bool rocks_read_version(struct rocks *r, struct slice partition, uint64_t *ret, struct error *e)
{
	rocksdb_pinnableslice_t *pin;
	struct store_key key;
	struct slice value;
	bool is_good;

	if (!rocks_pin(r, FAMILY_ROWS, store_key_version(&key, partition), &pin, &value, e))
		return false;
	if (pin == NULL) {
		*ret = 0;
		return true;
	}
	is_good = version_parse(r, partition, value, ret, e);
	rocksdb_pinnableslice_destroy(pin);
	return is_good;
}

/* Copies what a key holds, when it is there. */
static bool rocks_copy(struct rocks *r, enum rocks_family family, struct slice key, struct buf *ret,
	bool *ret_found, struct error *e)
{
	rocksdb_pinnableslice_t *pin;
	struct slice value;
	bool has_room;

	ROCKS_READING(r);
	if (!rocks_is_open(r, e) || !rocks_pin(r, family, key, &pin, &value, e))
		return false;
	*ret_found = pin != NULL;
	if (pin == NULL)
		return true;
	has_room = buf_add(ret, value);
	rocksdb_pinnableslice_destroy(pin);
	return has_room ||
	       fail(e, FAULT_LATER, "store '%s': read: no room for %zu bytes", r->path, value.len);
}

bool rocks_get(struct store *s, struct slice partition, struct slice key, struct buf *ret_value,
	bool *ret_found, struct error *e)
{
	struct store_key row;

	return rocks_copy(rocks_of(s), FAMILY_ROWS, store_key_row(&row, partition, key), ret_value,
		ret_found, e);
}

bool rocks_chunk_read(struct store *s, struct id blob, uint32_t number, struct buf *ret,
	bool *ret_found, struct error *e)
{
	struct store_key key;

	return rocks_copy(
		rocks_of(s), FAMILY_BLOBS, store_key_chunk(&key, blob, number), ret, ret_found, e);
}

/*
 * Only what stands in a blob file is kept: its bytes belong to the pin alone. A small value is a part of a cached block,
 * which a pin should not hold for as long as a client takes to read.
 */
static void wish_fulfil(
	struct store_wish *wish, struct slice key, rocksdb_pinnableslice_t *pin, char *message)
{
	struct slice record;

	rocksdb_free(message);
	if (pin == NULL)
		return;
	record.at = rocksdb_pinnableslice_value(pin, &record.len);
	if (record.len >= ROCKS_BLOB_MIN_BYTES && store_record_open(key, record, &wish->bytes))
		wish->pin = pin;
	else
		rocksdb_pinnableslice_destroy(pin);
}

void rocks_chunks_pin(struct store *s, struct store_wish *wishes, size_t count)
{
	struct rocks *r = rocks_of(s);
	char *messages[STORE_WISHES_MAX] = { NULL };
	rocksdb_pinnableslice_t *pins[STORE_WISHES_MAX] = { NULL };
	char names[STORE_WISHES_MAX][STORE_BLOB_KEY_BYTES];
	const char *keys[STORE_WISHES_MAX];
	size_t lens[STORE_WISHES_MAX];
	struct store_key key;

	for (size_t i = 0; i < count; i++) {
		struct slice name = store_key_chunk(&key, wishes[i].blob, 0);

		invariant(name.len == sizeof names[i]);
		memcpy(names[i], name.at, sizeof names[i]);
		keys[i] = names[i];
		lens[i] = sizeof names[i];
	}
	ROCKS_READING(r);
	if (r->db == NULL)
		return;
	rocksdb_batched_multi_get_cf(r->db, r->setup.read, r->families[FAMILY_BLOBS], count, keys,
		lens, pins, messages, false);
	for (size_t i = 0; i < count; i++)
		wish_fulfil(&wishes[i], (struct slice){ keys[i], lens[i] }, pins[i], messages[i]);
}

void rocks_chunk_unpin(struct store_wish *wish)
{
	rocksdb_pinnableslice_destroy(wish->pin);
}

bool rocks_version(struct store *s, struct slice partition, uint64_t *ret, struct error *e)
{
	struct rocks *r = rocks_of(s);

	{
		HOLDING(&r->lock);
		if (store_version_cache_get(&r->versions, partition, ret))
			return true;
	}
	ROCKS_READING(r);
	return rocks_is_open(r, e) && rocks_read_version(r, partition, ret, e);
}

static struct slice walk_key(const rocksdb_iterator_t *walk)
{
	struct slice key;

	key.at = rocksdb_iter_key(walk, &key.len);
	return key;
}

static bool walk_record(
	const struct rocks *r, const rocksdb_iterator_t *walk, struct slice *ret, struct error *e)
{
	struct slice record, key = walk_key(walk);

	record.at = rocksdb_iter_value(walk, &record.len);
	if (!store_record_open(key, record, ret)) {
		char room[STORE_NAME_BYTES + 1];
		struct slice name = store_name_row(key, room);

		return fail(e, FAULT_NEVER, "store '%s': scan: the record '%.*s' is damaged",
			r->path, S_FMT(name));
	}
	return true;
}

static bool walk_failed(const struct rocks *r, const rocksdb_iterator_t *walk, struct error *e)
{
	char *message = NULL;

	rocksdb_iter_get_error(walk, &message);
	return message == NULL || rocks_fail(r, e, FAULT_LATER, "scan", message);
}

/*
 * The walk's first stop is the version, which sorts before all rows: both come from one snapshot.
 */
static bool scan_version(const struct rocks *r, rocksdb_iterator_t *walk,
	const struct store_scan *scan, uint64_t *ret, struct error *e)
{
	struct store_key room;
	struct slice key = store_key_version(&room, scan->partition), value;

	*ret = 0;
	rocksdb_iter_seek(walk, key.at, key.len);
	if (!rocksdb_iter_valid(walk))
		return walk_failed(r, walk, e);
	if (!slice_same(walk_key(walk), key))
		return true; /* never written */
	if (!walk_record(r, walk, &value, e))
		return false;
	return version_parse(r, scan->partition, value, ret, e);
}

static bool scan_rows(const struct rocks *r, rocksdb_iterator_t *walk,
	const struct store_scan *scan, struct store_page *page, struct error *e)
{
	struct store_key prefix_room, after_room;
	struct slice prefix = store_key_row(&prefix_room, scan->partition, scan->prefix);
	struct slice after = store_key_row(&after_room, scan->partition, scan->after);
	struct slice from = slice_order(after, prefix) > 0 ? after : prefix;
	size_t head = 2 + scan->partition.len;

	if (from.len == head && rocksdb_iter_valid(walk)) /* from the start: we stand before it */
		rocksdb_iter_next(walk);
	else
		rocksdb_iter_seek(walk, from.at, from.len);
	if (scan->after.len > 0 && rocksdb_iter_valid(walk) && slice_same(walk_key(walk), after))
		rocksdb_iter_next(walk);
	for (; rocksdb_iter_valid(walk); rocksdb_iter_next(walk)) {
		struct slice key = walk_key(walk), value;

		if (!slice_starts(key, prefix))
			break;
		if (store_page_is_full(page, scan->limit))
			return true;
		if (!walk_record(r, walk, &value, e) ||
			!store_page_add(page, slice_skip(key, head), value, e))
			return false;
	}
	page->is_last = true;
	return walk_failed(r, walk, e);
}

static bool scan_walk(const struct rocks *r, rocksdb_iterator_t *walk,
	const struct store_scan *scan, struct store_page *page, struct error *e)
{
	if (!scan_version(r, walk, scan, &page->version, e))
		return false;
	if (scan->expect != STORE_ANY_VERSION && scan->expect != page->version) {
		page->has_changed = true;
		return true;
	}
	if (page->version == 0) {
		page->is_last = true;
		return true;
	}
	if (!scan_rows(r, walk, scan, page, e))
		return false;
	store_page_seal(page);
	return true;
}

bool rocks_scan(
	struct store *s, const struct store_scan *scan, struct store_page *ret, struct error *e)
{
	struct rocks *r = rocks_of(s);
	struct store_key version, room;
	struct slice start = store_key_version(&version, scan->partition);
	struct slice end = store_key_behind(&room, slice_first(start, start.len - 1));
	rocksdb_readoptions_t *how;
	rocksdb_iterator_t *walk;
	bool is_done;

	ROCKS_READING(r);
	if (!rocks_is_open(r, e))
		return false;
	how = rocksdb_readoptions_create();
	rocksdb_readoptions_set_verify_checksums(how, 0);
	rocksdb_readoptions_set_iterate_upper_bound(how, end.at, end.len);
	walk = rocksdb_create_iterator_cf(r->db, how, r->families[FAMILY_ROWS]);
	is_done = scan_walk(r, walk, scan, ret, e);
	rocksdb_iter_destroy(walk);
	rocksdb_readoptions_destroy(how);
	return is_done;
}
