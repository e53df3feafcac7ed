/* SPDX-License-Identifier: MIT */
/*
 * Removing: the list of UIDs is committed with a head that no longer counts them. From then on they are gone for
 * everybody, whatever happens; taking the entries and blobs away (folder_carry.c) needs no sync of its own, as the
 * list is found again.
 */
#include "mail/changes.h"
#include "mail/folder_head.h"
#include "mail/quota_use.h"

#include <stdlib.h>

enum {
	REMOVE_GAP = 8, /* UIDs we do not want between two that we want are read along */
};

/* A removal in the making. */
struct removal {
	bool only_deleted;
	uint32_t *kept;
	struct head_change change;
};

static void turn_end(struct folder **f)
{
	if (*f != NULL)
		folder_turn_drop(*f);
}

/* How many UIDs from the first on stand so close that one scan should read them. */
static size_t run_count(const uint32_t *uids, size_t count)
{
	size_t n = 1;

	while (n < count && uids[n] - uids[n - 1] <= REMOVE_GAP &&
		uids[n] - uids[0] < LIMIT_SCAN_ROWS)
		n++;
	return n;
}

/* What the head will no longer count. */
static void entry_count(struct head_change *change, const struct entry *entry)
{
	change->count++;
	change->bytes += entry->bytes;
	change->unseen += (entry->flags & ENTRY_SEEN) == 0 ? 1 : 0;
	if ((entry->flags & ENTRY_DELETED) != 0) {
		change->deleted++;
		change->deleted_bytes += entry->bytes;
	}
}

/* One run of UIDs; *at moves behind it. */
static bool run_verify(struct folder *f, const uint32_t *uids, size_t count, size_t *at,
	struct removal *r, struct entry_page *page, struct error *e)
{
	size_t n = *at + run_count(uids + *at, count - *at);
	struct folder_scan scan = {
		.after = uids[*at] - 1, .last = uids[n - 1], .limit = LIMIT_SCAN_ROWS
	};

	if (!folder_scan(f, &scan, page, e))
		return false;
	for (size_t i = 0; i < page->count && *at < n; i++) {
		const struct entry *entry = &page->at[i];

		while (*at < n && uids[*at] < entry->uid)
			++*at;
		if (*at == n || uids[*at] != entry->uid)
			continue;
		++*at;
		if (r->only_deleted && (entry->flags & ENTRY_DELETED) == 0)
			continue;
		r->kept[r->change.count] = entry->uid;
		entry_count(&r->change, entry);
	}
	/* Those of the run that the page has passed are not there. */
	if (page->is_last || page->count == 0)
		*at = n;
	return true;
}

/* Keeps of the list what is there, and sums it. */
static bool list_verify(
	struct folder *f, const uint32_t *uids, size_t count, struct removal *r, struct error *e)
{
	ON_EXIT(entry_page_done) struct entry_page page = { 0 };
	size_t at = 0;

	while (at < count) {
		if (!run_verify(f, uids, count, &at, r, &page, e))
			return false;
	}
	return true;
}

static bool remove_in_turn(struct folder *f, const uint32_t *uids, size_t count, bool only_deleted,
	struct uids *ret_gone, uint64_t *ret_modseq, struct error *e)
{
	auto_free uint32_t *kept = NULL;
	auto_free uint32_t *room = NULL;
	auto_uids gone = { 0 };
	struct removal r = { .only_deleted = only_deleted };

	r.kept = kept = malloc(count * sizeof *kept);
	room = malloc(count * sizeof *room);
	if (kept == NULL || room == NULL)
		return fail(e, FAULT_LATER, "remove mail: out of memory");
	/* One list at a time: what an earlier one left comes first. */
	if (!folder_remove_go_on(f, e) || !list_verify(f, uids, count, &r, e))
		return false;
	if (r.change.count == 0)
		return true;
	if (!uids_of(kept, r.change.count, &gone) || !uids_join(ret_gone, &gone, ret_gone))
		return fail(e, FAULT_LATER, "remove mail: out of memory");
	r.change.uids = kept;
	r.change.gone = &gone;
	if (!vanished_trim(f, e) || !folder_head_write(f, &r.change, e))
		return false;
	*ret_modseq = r.change.modseq;
	folder_list_set(f, kept, r.change.count, room);
	room = NULL;
	quota_changed(
		f->folders->quota, f->account, -(int64_t)r.change.bytes, -(int64_t)r.change.count);
	changes_tell(f->folders->changes, f->id, f->account);
	return true;
}

/* The promise is kept already: what fails now is done by the next removal or the next start. */
static void carry_out(struct folder *f)
{
	struct error later = { .fault = FAULT_NONE };

	if (!folder_remove_go_on(f, &later))
		error_clear(&later);
}

bool folder_remove(struct folder *f, const uint32_t *uids, size_t count, struct error *e)
{
	ON_EXIT(turn_end) struct folder *turn = NULL;
	auto_uids gone = { 0 };
	uint64_t modseq;

	if (count == 0)
		return true;
	if (count > FOLDER_REMOVE_MAX)
		return fail(e, FAULT_NEVER, "remove mail: %zu at once are more than %d", count,
			FOLDER_REMOVE_MAX);
	for (size_t i = 0; i < count; i++)
		invariant(uids[i] > (i == 0 ? 0 : uids[i - 1]));
	if (!folder_turn_take(f, e))
		return false;
	turn = f;
	if (!remove_in_turn(f, uids, count, false, &gone, &modseq, e))
		return false;
	carry_out(f);
	return true;
}

/* The next UIDs that may have \Deleted, of the whole folder or of the set. */
static bool deleted_list(struct folder *f, uint32_t *after, const struct uids *only, uint32_t *uids,
	size_t *ret_count, struct error *e)
{
	ON_EXIT(entry_page_done) struct entry_page page = { 0 };
	struct folder_scan scan = { .after = *after, .limit = LIMIT_SCAN_ROWS };

	*ret_count = 0;
	if (only != NULL)
		scan.last = uids_last(only);
	while (!page.is_last && *ret_count <= FOLDER_REMOVE_MAX - LIMIT_SCAN_ROWS) {
		if (!folder_scan(f, &scan, &page, e))
			return false;
		for (size_t i = 0; i < page.count; i++) {
			const struct entry *entry = &page.at[i];

			if ((entry->flags & ENTRY_DELETED) != 0 &&
				(only == NULL || uids_has(only, entry->uid)))
				uids[(*ret_count)++] = entry->uid;
			scan.after = entry->uid;
		}
	}
	*after = page.is_last ? UINT32_MAX : scan.after;
	return true;
}

static bool expunge_in_turn(struct folder *f, const struct uids *only, struct uids *ret_gone,
	uint64_t *ret_modseq, struct error *e)
{
	auto_free uint32_t *uids = malloc(FOLDER_REMOVE_MAX * sizeof *uids);
	uint32_t after = 0;

	if (uids == NULL)
		return fail(e, FAULT_LATER, "expunge: out of memory");
	while (after < UINT32_MAX) {
		size_t count;

		if (!deleted_list(f, &after, only, uids, &count, e))
			return false;
		if (count == 0)
			continue;
		if (!remove_in_turn(f, uids, count, true, ret_gone, ret_modseq, e))
			return false;
		carry_out(f);
	}
	return true;
}

bool folder_expunge(struct folder *f, const struct uids *only, struct uids *ret_gone,
	uint64_t *ret_modseq, struct error *e)
{
	ON_EXIT(turn_end) struct folder *turn = NULL;

	if (!folder_turn_take(f, e))
		return false;
	turn = f;
	{
		HOLDING(&f->folders->lock);
		*ret_modseq = f->committed.modseq;
		if (f->committed.deleted == 0 || (only != NULL && only->count == 0))
			return true;
	}
	return expunge_in_turn(f, only, ret_gone, ret_modseq, e);
}

/* One page of a folder that takes no mail any more. */
static bool remove_page(struct folder *f, bool *ret_is_empty, struct error *e)
{
	struct entry_page page = { 0 };
	uint32_t uids[LIMIT_SCAN_ROWS];
	bool is_good = folder_list(f, 0, LIMIT_SCAN_ROWS, &page, e);
	size_t count = page.count;
	auto_uids gone = { 0 };
	uint64_t modseq;

	for (size_t i = 0; is_good && i < count; i++)
		uids[i] = page.at[i].uid;
	entry_page_done(&page);
	*ret_is_empty = count == 0;
	return is_good &&
	       (count == 0 || remove_in_turn(f, uids, count, false, &gone, &modseq, e)) &&
	       folder_remove_go_on(f, e);
}

static bool remove_pages(struct folder *f, struct error *e)
{
	bool is_empty = false;

	if (!folder_head_write(f, &(struct head_change){ .is_gone = true }, e))
		return false;
	/* Every page removes what it saw, so this ends. */
	while (!is_empty) {
		if (!remove_page(f, &is_empty, e))
			return false;
	}
	return true;
}

bool folder_remove_whole(struct folders *all, struct id account, struct id id, struct error *e)
{
	struct folder *f;
	bool is_good;

	if (!folder_open_id(all, account, id, &f, e))
		return false;
	is_good = folder_turn_take(f, e);
	if (is_good) {
		is_good = remove_pages(f, e);
		folder_turn_drop(f);
	}
	changes_tell(all->changes, id, account);
	folder_close(f);
	return is_good;
}
