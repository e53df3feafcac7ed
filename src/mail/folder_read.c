/* SPDX-License-Identifier: MIT */
#include "mail/folder_head.h"

#include <stdlib.h>

bool folder_is_being_removed(const struct folder *f, uint32_t uid)
{
	size_t from = 0, to = f->removing_count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (f->removing[middle] == uid)
			return true;
		if (f->removing[middle] < uid)
			from = middle + 1;
		else
			to = middle;
	}
	return false;
}

void entry_page_done(struct entry_page *page)
{
	free(page->at);
	store_page_done(&page->page);
	*page = (struct entry_page){ 0 };
}

static bool page_room(struct entry_page *page, size_t count, struct error *e)
{
	struct entry *at;

	if (count <= page->room)
		return true;
	at = realloc(page->at, count * sizeof *at);
	if (at == NULL)
		return fail(e, FAULT_LATER, "list a folder: out of memory");
	page->at = at;
	page->room = count;
	return true;
}

/* Decodes the rows of one segment; those not committed yet, or already being removed, are not there. */
static bool page_fill(
	struct folder *f, const struct folder_scan *scan, struct entry_page *page, struct error *e)
{
	char name[ID_TEXT_BYTES + 1];

	page->count = 0;
	if (!page_room(page, page->page.row_count, e))
		return false;
	HOLDING(&f->folders->lock);
	for (size_t i = 0; i < page->page.row_count; i++) {
		struct entry *entry = &page->at[page->count];

		if (!entry_decode(page->page.rows[i].key, page->page.rows[i].value, entry))
			return fail(e, FAULT_NEVER, "read folder '%.*s': entry %u is damaged",
				S_FMT(id_text(f->id, name)),
				(unsigned)key_read_number(page->page.rows[i].key));
		if (entry->uid >= f->committed.uid_next || entry->uid > scan->last)
			break;
		if (entry->modseq <= scan->changed_since && scan->changed_since > 0)
			continue;
		if (f->removing_count == 0 || !folder_is_being_removed(f, entry->uid))
			page->count++;
	}
	return true;
}

/* One scan in the segment of uid `after` + 1; *ret_last is the last UID that it has seen. */
static bool segment_scan(struct folder *f, const struct folder_scan *wanted, struct entry_page *ret,
	uint32_t *ret_last, struct error *e)
{
	uint32_t segment = wanted->after / FOLDER_SEGMENT_UIDS;
	uint64_t segment_last = ((uint64_t)segment + 1) * FOLDER_SEGMENT_UIDS;
	struct key partition = key_segment(f->id, segment);
	struct key after_key = { .len = 0 };
	uint32_t span = wanted->last - wanted->after;
	struct store_scan scan = { .partition = key_slice(&partition),
		.expect = STORE_ANY_VERSION,
		.limit = span < wanted->limit ? span : wanted->limit };

	if (wanted->after > 0) {
		key_add_number(&after_key, wanted->after, 4);
		scan.after = key_slice(&after_key);
	}
	if (!store_scan(f->folders->store, &scan, &ret->page, e) || !page_fill(f, wanted, ret, e))
		return false;
	if (ret->page.is_last || ret->page.row_count == 0)
		*ret_last = segment_last > UINT32_MAX ? UINT32_MAX : (uint32_t)segment_last;
	else
		*ret_last = (uint32_t)key_read_number(ret->page.rows[ret->page.row_count - 1].key);
	return true;
}

/* One page is of one segment; what does not count is passed over, so an empty page is the last. */
bool folder_scan(
	struct folder *f, const struct folder_scan *scan, struct entry_page *ret, struct error *e)
{
	struct folder_scan left = *scan;
	struct folder_head head;

	if (left.limit > LIMIT_SCAN_ROWS)
		left.limit = LIMIT_SCAN_ROWS;
	{
		HOLDING(&f->folders->lock);
		head = f->committed;
	}
	if (left.last == 0 || left.last > head.uid_next - 1)
		left.last = head.uid_next - 1;
	if (left.after < head.uid_low - 1)
		left.after = head.uid_low - 1;
	ret->count = 0;
	ret->is_last = true;
	while (left.after < left.last) {
		if (!segment_scan(f, &left, ret, &left.after, e))
			return false;
		ret->is_last = left.after >= left.last;
		if (ret->count > 0)
			return true;
	}
	return true;
}

bool folder_list(
	struct folder *f, uint32_t after, size_t limit, struct entry_page *ret, struct error *e)
{
	return folder_scan(f, &(struct folder_scan){ .after = after, .limit = limit }, ret, e);
}

bool folder_find(
	struct folder *f, uint32_t uid, struct entry_page *ret, bool *ret_found, struct error *e)
{
	*ret_found = false;
	if (uid == 0)
		return true;
	if (!folder_scan(
		    f, &(struct folder_scan){ .after = uid - 1, .last = uid, .limit = 1 }, ret, e))
		return false;
	*ret_found = ret->count > 0 && ret->at[0].uid == uid;
	return true;
}
