/* SPDX-License-Identifier: MIT */
#include "kit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int tree_remove_one(const char *path, const struct stat *what, int kind, struct FTW *where)
{
	(void)what;
	(void)kind;
	(void)where;
	return remove(path);
}

void kit_remove_tree(const char *path)
{
	(void)nftw(path, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void kit_reopen(struct kit *k)
{
	struct error e = { 0 };

	if (!store_open(k->engine, &(struct store_options){ .path = k->path, .may_create = true },
		    &k->store, &e))
		kit_fail("%s", e.text);
	assert_ptr_equal(store_engine_of(k->store), k->engine);
}

void kit_open(struct kit *k, const struct store_engine *engine)
{
	k->engine = engine;
	(void)snprintf(k->path, sizeof k->path, "/tmp/mailvisor-store-XXXXXX");
	assert_non_null(mkdtemp(k->path));
	kit_reopen(k);
}

void kit_close_only(struct kit *k)
{
	store_close(k->store);
	k->store = NULL;
}

void kit_done(struct kit *k)
{
	kit_close_only(k);
	kit_remove_tree(k->path);
}

bool kit_is_durable(const struct kit *k)
{
	return k->engine != &store_mem;
}

enum store_answer kit_put(
	struct store *s, const char *partition, uint64_t expect, const char *key, const char *value)
{
	struct store_set set = { slice_of(key), slice_of(value) };
	struct store_commit commit = {
		.partition = slice_of(partition), .expect = expect, .sets = &set, .set_count = 1
	};
	struct store_txn txn = { .commits = &commit, .commit_count = 1 };
	enum store_answer answer = store_commit(s, &txn);

	if (answer == STORE_OK && expect != STORE_ANY_VERSION)
		assert_int_equal(commit.ret_version, expect + 1);
	return answer;
}

uint64_t kit_version(struct store *s, const char *partition)
{
	struct error e = { 0 };
	uint64_t version = 0;

	if (!store_version(s, slice_of(partition), &version, &e))
		kit_fail("%s", e.text);
	return version;
}

void kit_expect(struct store *s, const char *partition, const char *key, const char *value)
{
	auto_buf got = { .max = LIMIT_VALUE_BYTES };
	struct error e = { 0 };
	bool is_found = false;

	if (!store_get(s, slice_of(partition), slice_of(key), &got, &is_found, &e))
		kit_fail("%s", e.text);
	assert_int_equal(is_found, value != NULL);
	if (value != NULL)
		assert_true(slice_same(buf_slice(&got), slice_of(value)));
}

void kit_expect_rows(
	struct store *s, const char *partition, const char *prefix, size_t limit, const char *rows)
{
	struct store_scan scan = { .partition = slice_of(partition),
		.prefix = slice_of(prefix),
		.expect = STORE_ANY_VERSION,
		.limit = limit };
	struct store_page page = { 0 };
	auto_buf after = { .max = LIMIT_KEY_BYTES }, text = { .max = 1 << 20 };
	struct error e = { 0 };

	do {
		if (!store_scan(s, &scan, &page, &e))
			kit_fail("%s", e.text);
		assert_true(page.row_count <= limit);
		assert_true(page.is_last || page.row_count > 0);
		for (size_t i = 0; i < page.row_count; i++)
			assert_true(buf_add_format(&text, "%s%.*s=%.*s", text.len > 0 ? " " : "",
				S_FMT(page.rows[i].key), S_FMT(page.rows[i].value)));
		if (page.row_count > 0) {
			buf_clear(&after);
			assert_true(buf_add(&after, page.rows[page.row_count - 1].key));
			scan.after = buf_slice(&after);
		}
	} while (!page.is_last);
	store_page_done(&page);
	assert_true(buf_add_byte(&text, '\0'));
	assert_string_equal(text.at, rows);
}

struct id kit_blob(unsigned number)
{
	struct id id = { { 0 } };

	id.bytes[ID_BYTES - 1] = (uint8_t)number;
	id.bytes[ID_BYTES - 2] = (uint8_t)(number >> 8);
	id.bytes[0] = 0xff; /* the largest first byte: nothing may take it for the end */
	return id;
}

void kit_fill(char *room, size_t bytes, uint64_t seed)
{
	for (size_t i = 0; i < bytes; i++) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		room[i] = (char)(seed >> 56);
	}
}

void kit_expect_blob(struct kit *k, unsigned blob, uint32_t number, const char *bytes, size_t len)
{
	auto_buf body = { .max = LIMIT_BLOB_CHUNK_BYTES };
	struct error e = { 0 };
	bool is_found = false;

	if (!store_chunk_read(k->store, kit_blob(blob), number, &body, &is_found, &e))
		kit_fail("%s", e.text);
	assert_int_equal(is_found, bytes != NULL);
	if (bytes != NULL)
		assert_true(slice_same(buf_slice(&body), (struct slice){ bytes, len }));
}
