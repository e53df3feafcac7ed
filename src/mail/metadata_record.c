/* SPDX-License-Identifier: MIT */
#include "mail/metadata_parts.h"

#include "base/record.h"
#include "mail/batch.h"

enum {
	VALUE_VERSION = 1,
	SUM_VERSION = 1,
	REMOVE_TRIES = 1000, /* pages, and those that somebody else was faster with */
};

bool metadata_value_encode(struct slice value, struct buf *out)
{
	return record_u8(out, VALUE_VERSION) && record_text(out, value);
}

bool metadata_value_decode(struct slice stored, struct slice *ret)
{
	struct cursor c = cursor_over(stored);
	struct slice value;

	if (record_read_u8(&c) != VALUE_VERSION)
		return false;
	value = record_read_text(&c);
	if (!cursor_finished(&c))
		return false;
	*ret = value;
	return true;
}

bool metadata_sum_encode(const struct metadata_sum *sum, struct buf *out)
{
	return record_u8(out, SUM_VERSION) && record_number(out, sum->own.entries) &&
	       record_number(out, sum->own.bytes) && record_number(out, sum->others.entries) &&
	       record_number(out, sum->others.bytes);
}

bool metadata_sum_decode(struct slice stored, struct metadata_sum *ret)
{
	struct cursor c = cursor_over(stored);
	struct metadata_sum sum;

	if (record_read_u8(&c) != SUM_VERSION)
		return false;
	sum.own.entries = record_read_number(&c);
	sum.own.bytes = record_read_number(&c);
	sum.others.entries = record_read_number(&c);
	sum.others.bytes = record_read_number(&c);
	if (!cursor_finished(&c))
		return false;
	*ret = sum;
	return true;
}

static struct metadata_count *count_of(struct metadata_sum *sum, struct id owner, struct slice key)
{
	struct slice reader = slice_first(slice_skip(key, ID_BYTES + 1), ID_BYTES);

	if (key.len > 2 * ID_BYTES && key.at[ID_BYTES] == 'p' &&
		!slice_same(reader, id_slice(&owner)))
		return &sum->others;
	return &sum->own;
}

void metadata_sum_add(
	struct metadata_sum *sum, struct id owner, struct slice key, struct slice stored)
{
	struct metadata_count *count = count_of(sum, owner, key);

	count->entries++;
	count->bytes += key.len + stored.len;
}

static uint64_t less(uint64_t value, uint64_t by)
{
	/* The sum is verified by `mailvisor check`; a wrong one must not wrap. */
	return by > value ? 0 : value - by;
}

void metadata_sum_take(
	struct metadata_sum *sum, struct id owner, struct slice key, struct slice stored)
{
	struct metadata_count *count = count_of(sum, owner, key);

	count->entries = less(count->entries, 1);
	count->bytes = less(count->bytes, key.len + stored.len);
}

bool metadata_sum_read(struct store *store, struct id account, struct metadata_sum *ret,
	uint64_t *ret_version, struct error *e)
{
	struct key partition = key_of_id('M', account);
	auto_buf value = { .max = METADATA_SUM_BYTES };
	bool is_found;

	*ret = (struct metadata_sum){ 0 };
	/* The version first: what is read after it may be newer, and then the commit is refused. */
	if (!store_version(store, key_slice(&partition), ret_version, e) ||
		!store_get(store, key_slice(&partition), S("c"), &value, &is_found, e))
		return false;
	return !is_found || metadata_sum_decode(buf_slice(&value), ret) ||
	       fail(e, FAULT_NEVER, "count the entries of METADATA: a record is damaged");
}

/* *ret_again false: nothing is left. */
static bool page_remove(struct store *store, struct id account, const struct store_page *page,
	bool *ret_again, struct error *e)
{
	struct key partition = key_of_id('M', account);
	char room[METADATA_SUM_BYTES];
	struct buf value = BUF_OVER(room);
	struct metadata_sum sum;
	uint64_t version;
	auto_batch b;

	batch_begin(&b, 1, 0);
	*ret_again = page->row_count > 0;
	if (page->row_count == 0)
		return true;
	if (!metadata_sum_read(store, account, &sum, &version, e))
		return false;
	if (version != page->version)
		return true;
	batch_commit(&b, &partition, version, 1, page->row_count);
	for (size_t i = 0; i < page->row_count; i++) {
		batch_remove(&b, page->rows[i].key);
		metadata_sum_take(&sum, account, page->rows[i].key, page->rows[i].value);
	}
	invariant(metadata_sum_encode(&sum, &value));
	batch_set(&b, S("c"), buf_slice(&value));
	return batch_write(&b, store, e) != STORE_FAILED;
}

bool metadata_remove_folder(
	struct store *store, struct id account, struct id folder, struct error *e)
{
	ON_EXIT(store_page_done) struct store_page page = { 0 };
	struct key partition = key_of_id('M', account);
	struct store_scan scan = { .partition = key_slice(&partition),
		.prefix = id_slice(&folder),
		.expect = STORE_ANY_VERSION,
		.limit = LIMIT_COMMIT_KEYS / 2 };
	bool is_again = true;

	for (unsigned i = 0; i < REMOVE_TRIES && is_again; i++)
		if (!store_scan(store, &scan, &page, e) ||
			!page_remove(store, account, &page, &is_again, e))
			return false;
	return !is_again || fail(e, FAULT_LATER, "remove METADATA: others keep changing it");
}
