/* SPDX-License-Identifier: MIT */
#include "store/store_engine.h"

#include <stdlib.h>

/* One row more than LIMIT_SCAN_BYTES may still come in whole. */
enum { PAGE_BYTES_MAX = LIMIT_SCAN_BYTES + LIMIT_KEY_BYTES + LIMIT_VALUE_BYTES };

void store_page_begin(struct store_page *page)
{
	page->row_count = 0;
	page->is_last = page->has_changed = false;
	page->version = 0;
	page->bytes.max = PAGE_BYTES_MAX;
	buf_clear(&page->bytes);
}

static bool page_grow(struct store_page *page, struct error *e)
{
	size_t room = page->row_room == 0 ? 16 : 2 * page->row_room;
	struct store_row *rows = realloc(page->rows, room * sizeof *rows);

	if (rows == NULL)
		return fail(e, FAULT_LATER, "scan: no memory for %zu rows", room);
	page->rows = rows;
	page->row_room = room;
	return true;
}

/* The lengths only: the bytes may still move, store_page_seal() sets the pointers. */
bool store_page_add(struct store_page *page, struct slice key, struct slice value, struct error *e)
{
	if (page->row_count == page->row_room && !page_grow(page, e))
		return false;
	if (!buf_add(&page->bytes, key) || !buf_add(&page->bytes, value))
		return fail(e, FAULT_LATER, "scan: no memory for a row of %zu bytes",
			key.len + value.len);
	page->rows[page->row_count++] =
		(struct store_row){ { NULL, key.len }, { NULL, value.len } };
	return true;
}

bool store_page_is_full(const struct store_page *page, size_t limit)
{
	return page->row_count == limit || page->bytes.len >= LIMIT_SCAN_BYTES;
}

void store_page_seal(struct store_page *page)
{
	const char *at = page->bytes.at;

	for (size_t i = 0; i < page->row_count; i++) {
		struct store_row *row = &page->rows[i];

		row->key.at = at;
		row->value.at = at + row->key.len;
		at += row->key.len + row->value.len;
	}
}

void store_page_done(struct store_page *page)
{
	free(page->rows);
	buf_done(&page->bytes);
	*page = (struct store_page){ 0 };
}
