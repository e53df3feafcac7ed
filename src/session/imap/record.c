/* SPDX-License-Identifier: MIT */
#include "session/imap/record.h"

enum { RECORDS_PAGE_ROWS = 250 /* about a KiB each */ };

static bool records_load(struct imap_records *r, uint32_t uid, uint32_t last, struct error *e)
{
	r->at = 0;
	if (!structures_list(r->folder, uid - 1, last, RECORDS_PAGE_ROWS, &r->page, e))
		return false;
	r->until = r->page.is_last || r->page.count == 0 ? last : r->page.at[r->page.count - 1].uid;
	return true;
}

/* From the bytes, as they stream past. */
static bool record_feed(struct imap_records *r, const struct entry *entry,
	struct structure_builder *b, struct error *e)
{
	ON_EXIT(body_close) struct body_reader reader;
	struct slice piece;

	body_open(&reader, r->store, entry);
	reader.at = entry->prefix.len;
	for (;;) { /* ends with the message */
		if (!body_next(&reader, &piece, e))
			return false;
		if (piece.len == 0)
			break;
		if (!structure_feed(b, piece))
			return fail(e, FAULT_LATER, "look into a message: out of memory");
	}
	buf_clear(&r->made);
	r->made.max = STRUCTURE_RECORD_BYTES_MAX;
	return structure_end(b, &r->made) ||
	       fail(e, FAULT_LATER, "look into a message: out of memory");
}

static bool record_make(
	struct imap_records *r, const struct entry *entry, struct slice *ret, struct error *e)
{
	struct structure_builder *b = structure_new();
	bool is_good;

	if (b == NULL)
		return fail(e, FAULT_LATER, "look into a message: out of memory");
	is_good = record_feed(r, entry, b, e);
	structure_free(b);
	if (!is_good)
		return false;
	if (!r->has_keeper)
		structures_begin(&r->keeper, r->folder);
	r->has_keeper = true;
	structures_keep(&r->keeper, entry->uid, buf_slice(&r->made));
	*ret = buf_slice(&r->made);
	return true;
}

bool imap_records_find(struct imap_records *r, const struct entry *entry, uint32_t last,
	struct slice *ret, struct error *e)
{
	if (entry->uid > r->until &&
		!records_load(r, entry->uid, last > entry->uid ? last : entry->uid, e))
		return false;
	while (r->at < r->page.count && r->page.at[r->at].uid < entry->uid)
		r->at++;
	if (r->at < r->page.count && r->page.at[r->at].uid == entry->uid) {
		*ret = r->page.at[r->at].record;
		return true;
	}
	return record_make(r, entry, ret, e);
}

bool imap_records_summary(struct imap_records *r, const struct entry *entry, uint32_t last,
	struct structure_summary *ret, struct error *e)
{
	struct slice record;

	if (!imap_records_find(r, entry, last, &record, e))
		return false;
	if (structure_summary(record, ret))
		return true;
	if (!record_make(r, entry, &record, e))
		return false;
	return structure_summary(record, ret) ||
	       fail(e, FAULT_NEVER, "look into a message: its record cannot be read");
}

bool imap_records_structure(struct imap_records *r, const struct entry *entry, uint32_t last,
	struct arena *arena, struct structure *ret, struct error *e)
{
	struct slice record;

	if (!imap_records_find(r, entry, last, &record, e))
		return false;
	if (structure_decode(record, arena, ret))
		return true;
	if (!record_make(r, entry, &record, e))
		return false;
	return structure_decode(record, arena, ret) ||
	       fail(e, FAULT_NEVER, "look into a message: its record cannot be read");
}

void imap_records_done(struct imap_records *r)
{
	if (r->has_keeper)
		structures_end(&r->keeper);
	structure_page_done(&r->page);
	buf_done(&r->made);
}
