/* SPDX-License-Identifier: MIT */
/*
 * Removing: the list of UIDs is committed with a head that no longer counts them. From then on they are gone for
 * everybody, whatever happens; taking the entries and blobs away (folder_carry.c) needs no sync of its own, as the
 * list is found again.
 */
#include "mail/folder_head.h"
#include "mail/quota_use.h"

#include <stdlib.h>

enum {
	REMOVE_GAP = 8, /* UIDs we do not want between two that we want are read along */
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

/* Keeps of the list what is there, and sums its bytes. */
static bool list_verify(struct folder *f, const uint32_t *uids, size_t count, uint32_t *kept,
	size_t *ret_kept, uint64_t *ret_bytes, struct error *e)
{
	struct entry_page page = { 0 };
	size_t at = 0;

	*ret_kept = 0;
	*ret_bytes = 0;
	while (at < count) {
		size_t n = run_count(uids + at, count - at);
		size_t span = uids[at + n - 1] - uids[at] + 1;

		if (!folder_list(f, uids[at] - 1, span, &page, e)) {
			entry_page_done(&page);
			return false;
		}
		for (size_t i = 0; i < page.count && at < count; i++) {
			while (at < count && uids[at] < page.at[i].uid)
				at++;
			if (at < count && uids[at] == page.at[i].uid) {
				kept[(*ret_kept)++] = uids[at++];
				*ret_bytes += page.at[i].bytes;
			}
		}
		if (page.is_last)
			break;
		/* Those of the run that the page has passed are not there. */
		for (uint32_t last = page.count > 0 ? page.at[page.count - 1].uid : 0;
			at < count && uids[at] <= last;)
			at++;
	}
	entry_page_done(&page);
	return true;
}

static bool remove_in_turn(struct folder *f, const uint32_t *uids, size_t count, struct error *e)
{
	auto_free uint32_t *kept = NULL;
	auto_free uint32_t *room = NULL;
	struct head_change change = { 0 };

	kept = malloc(count * sizeof *kept);
	room = malloc(count * sizeof *room);
	if (kept == NULL || room == NULL)
		return fail(e, FAULT_LATER, "remove mail: out of memory");
	/* One list at a time: what an earlier one left comes first. */
	if (!folder_remove_go_on(f, e) ||
		!list_verify(f, uids, count, kept, &change.count, &change.bytes, e))
		return false;
	if (change.count == 0)
		return true;
	change.uids = kept;
	if (!folder_head_write(f, &change, e))
		return false;
	folder_list_set(f, kept, change.count, room);
	room = NULL;
	quota_changed(f->folders->quota, f->id, -(int64_t)change.bytes, -(int64_t)change.count);
	return true;
}

bool folder_remove(struct folder *f, const uint32_t *uids, size_t count, struct error *e)
{
	ON_EXIT(turn_end) struct folder *turn = NULL;
	struct error later = { .fault = FAULT_NONE };

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
	if (!remove_in_turn(f, uids, count, e))
		return false;
	/* The promise is kept already: what fails now is done by the next removal or the next start. */
	if (!folder_remove_go_on(f, &later))
		error_clear(&later);
	return true;
}

/* One page of a folder that takes no mail any more. */
static bool remove_page(struct folder *f, bool *ret_is_empty, struct error *e)
{
	struct entry_page page = { 0 };
	uint32_t uids[LIMIT_SCAN_ROWS];
	bool is_good = folder_list(f, 0, LIMIT_SCAN_ROWS, &page, e);
	size_t count = page.count;

	for (size_t i = 0; is_good && i < count; i++)
		uids[i] = page.at[i].uid;
	entry_page_done(&page);
	*ret_is_empty = count == 0;
	return is_good && (count == 0 || remove_in_turn(f, uids, count, e)) &&
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

bool folder_remove_all(struct folders *all, struct id account, struct error *e)
{
	struct folder *f;
	bool is_good;

	if (!folder_open(all, account, &f, e))
		return false;
	is_good = folder_turn_take(f, e);
	if (is_good) {
		is_good = remove_pages(f, e);
		folder_turn_drop(f);
	}
	if (is_good)
		quota_forget(all->quota, account);
	folder_close(f);
	return is_good;
}
