/* SPDX-License-Identifier: MIT */
/*
 * The log of removals: which UIDs vanished with which modseq, so that a client that comes back can be told (RFC 7162
 * 3.2.5). It is kept for folders that IMAP has looked at, up to VANISHED_ROWS removals; what is older is below the floor.
 */
#include "mail/folder_head.h"

#include "base/record.h"

enum { VANISHED_VERSION = 1, VANISHED_TRIM = VANISHED_ROWS / 2 };

static bool is_noted(const struct folder_head *after, const struct uids *gone)
{
	return after->is_logged && gone->count <= VANISHED_RANGES;
}

void vanished_note(struct folder_head *after, const struct uids *gone)
{
	if (is_noted(after, gone))
		after->vanished_rows++;
	else
		after->vanished_floor = after->modseq;
}

static bool ranges_encode(const struct uids *gone, struct buf *out)
{
	uint32_t at = 0;

	if (!record_u8(out, VANISHED_VERSION))
		return false;
	for (size_t i = 0; i < gone->count; i++) {
		if (!record_number(out, gone->at[i].first - at) ||
			!record_number(out, gone->at[i].last - gone->at[i].first))
			return false;
		at = gone->at[i].last;
	}
	return true;
}

static bool ranges_decode(struct slice value, struct uids *ret)
{
	struct cursor c = cursor_over(value);
	uint32_t at = 0;

	if (record_read_u8(&c) != VANISHED_VERSION)
		cursor_break(&c);
	while (!cursor_at_end(&c)) {
		uint64_t first = at + record_read_number(&c);
		uint64_t last = first + record_read_number(&c);

		if (c.broken || first <= at || last > UINT32_MAX ||
			!uids_append(ret, (uint32_t)first, (uint32_t)last))
			return false;
		at = (uint32_t)last;
	}
	return !c.broken;
}

static struct key row_key(uint64_t modseq)
{
	struct key key = { .len = 0 };

	key_add_number(&key, modseq, 8);
	return key;
}

void vanished_stage(const struct folder *f, const struct folder_head *after,
	const struct uids *gone, struct batch *b)
{
	struct key partition = key_of_id('v', f->id);
	struct key key = row_key(after->modseq);
	auto_buf value = { .max = LIMIT_VALUE_BYTES };

	if (!is_noted(after, gone))
		return;
	if (!ranges_encode(gone, &value)) {
		b->is_short = true;
		return;
	}
	batch_commit(b, &partition, STORE_ANY_VERSION, 1, 0);
	batch_set(b, key_slice(&key), buf_slice(&value));
}

/* One page of the log after a modseq. */
static bool log_scan(
	struct folder *f, uint64_t modseq, size_t limit, struct store_page *page, struct error *e)
{
	struct key partition = key_of_id('v', f->id);
	struct key after = row_key(modseq);
	struct store_scan scan = { .partition = key_slice(&partition),
		.after = key_slice(&after),
		.expect = STORE_ANY_VERSION,
		.limit = limit };

	return store_scan(f->folders->store, &scan, page, e);
}

struct trim {
	const struct store_page *page;
	uint64_t floor;
};

static enum write_step trim_build(struct folder_write *w, struct batch *b, struct error *e)
{
	const struct trim *t = w->context;
	struct key partition = key_of_id('v', w->at[0]->id);
	struct folder_head *after = &w->after[0];
	uint64_t count = t->page->row_count;

	(void)e;
	if (t->floor > after->vanished_floor)
		after->vanished_floor = t->floor;
	after->vanished_rows -= count < after->vanished_rows ? count : after->vanished_rows;
	if (t->page->is_last)
		after->vanished_rows = 0;
	folder_write_heads(w, b);
	batch_commit(b, &partition, STORE_ANY_VERSION, 0, t->page->row_count + 1);
	for (size_t i = 0; i < t->page->row_count; i++)
		batch_remove(b, t->page->rows[i].key);
	return WRITE_GO;
}

bool vanished_trim(struct folder *f, struct error *e)
{
	ON_EXIT(store_page_done) struct store_page page = { 0 };
	struct trim t = { .page = &page };
	struct folder_write w = { .at = { f },
		.count = 1,
		.commit_max = 1,
		.what = "forget old removals",
		.is_lazy = true,
		.is_silent = true,
		.build = trim_build,
		.context = &t };

	{
		HOLDING(&f->folders->lock);
		if (f->next.vanished_rows < VANISHED_ROWS)
			return true;
	}
	if (!log_scan(f, 0, VANISHED_TRIM, &page, e))
		return false;
	if (page.row_count > 0)
		t.floor = key_read_number(page.rows[page.row_count - 1].key);
	return folder_write_run(&w, e);
}

static bool log_add(const struct store_page *page, struct uids *ret, struct error *e)
{
	for (size_t i = 0; i < page->row_count; i++) {
		auto_uids gone = { 0 };

		if (!ranges_decode(page->rows[i].value, &gone))
			return fail(e, FAULT_NEVER, "read which messages were removed: damaged");
		if (!uids_join(ret, &gone, ret))
			return fail(
				e, FAULT_LATER, "read which messages were removed: out of memory");
	}
	return true;
}

bool vanished_since(
	struct folder *f, uint64_t modseq, struct uids *ret, bool *ret_all, struct error *e)
{
	ON_EXIT(store_page_done) struct store_page page = { 0 };
	uint64_t after = modseq;

	{
		HOLDING(&f->folders->lock);
		*ret_all = f->committed.vanished_floor <= modseq;
	}
	while (*ret_all && !page.is_last) {
		if (!log_scan(f, after, LIMIT_SCAN_ROWS, &page, e) || !log_add(&page, ret, e))
			return false;
		if (page.row_count == 0)
			break;
		after = key_read_number(page.rows[page.row_count - 1].key);
	}
	return true;
}
