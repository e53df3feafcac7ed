/* SPDX-License-Identifier: MIT */
#include "mail/view.h"

#include "mail/folder_head.h"

#include <stdlib.h>

enum {
	/* of our own changes; older ones may come back as news, which does no harm */
	VIEW_OWN_MAX = 256,
	FIRST_LOOK_ROWS = 8,
};

/* RFC 3501 2.3.2: one session is told that a message is recent. Kept in memory, and written with the next change. Under the
 * lock. */
static void recent_claim(struct view *v)
{
	struct folder *f = v->folder;

	if (v->is_read_only)
		return;
	if (v->uid_next > f->next.uid_recent)
		f->next.uid_recent = v->uid_next;
	if (v->uid_next > f->committed.uid_recent)
		f->committed.uid_recent = v->uid_next;
}

static void recent_take(struct view *v)
{
	struct folder *f = v->folder;

	HOLDING(&f->folders->lock);
	v->uid_recent = f->committed.uid_recent;
	/* From now on removals are worth noting: this client may come back with QRESYNC. */
	f->next.is_logged = f->committed.is_logged = !f->committed.is_gone;
	recent_claim(v);
}

bool view_open(struct view *v, struct folder *f, bool is_read_only, struct error *e)
{
	*v = (struct view){ .folder = f, .is_read_only = is_read_only };
	if (!folder_known(f, &v->uids, &v->uid_next, &v->exact_modseq, e)) {
		view_close(v);
		return false;
	}
	v->modseq = v->exact_modseq;
	v->uid_known = v->uid_next;
	recent_take(v);
	return true;
}

void view_close(struct view *v)
{
	if (v->folder != NULL)
		folder_close(v->folder);
	uids_done(&v->uids);
	uids_done(&v->gone);
	entry_page_done(&v->page);
	free(v->own);
	*v = (struct view){ 0 };
}

uint32_t view_recent_count(const struct view *v)
{
	return uids_size(&v->uids) - uids_rank(&v->uids, v->uid_recent - 1);
}

void view_own_flags(struct view *v, uint64_t modseq)
{
	if (v->own_count > 0 && v->own[v->own_count - 1] >= modseq)
		return;
	if (v->own == NULL)
		v->own = malloc(VIEW_OWN_MAX * sizeof *v->own);
	if (v->own == NULL)
		return;
	if (v->own_count == VIEW_OWN_MAX) {
		v->own_count /= 2;
		memmove(v->own, v->own + v->own_count, v->own_count * sizeof *v->own);
	}
	v->own[v->own_count++] = modseq;
}

static bool is_own(const struct view *v, uint64_t modseq)
{
	for (size_t i = 0; i < v->own_count; i++) {
		if (v->own[i] == modseq)
			return true;
	}
	return false;
}

bool view_knows_flags(const struct view *v, uint64_t modseq)
{
	return modseq <= v->modseq || is_own(v, modseq);
}

static void own_forget(struct view *v)
{
	size_t kept = 0;

	for (size_t i = 0; i < v->own_count; i++) {
		if (v->own[i] > v->modseq)
			v->own[kept++] = v->own[i];
	}
	v->own_count = kept;
	if (kept == 0) {
		free(v->own);
		v->own = NULL;
	}
}

static bool has_news(const struct view *v)
{
	struct folder *f = v->folder;

	HOLDING(&f->folders->lock);
	return f->committed.modseq > v->exact_modseq || f->committed.uid_next > v->uid_next ||
	       (f->committed.is_gone && !v->is_gone) || v->gone.count > 0 || v->flags_last > 0;
}

bool view_has_news(struct view *v)
{
	bool has_some = has_news(v);

	/* Whoever asks so is about to wait, maybe for long. */
	if (!has_some)
		entry_page_done(&v->page);
	return has_some;
}

/* ---- Catching up: which UIDs there are, and where flags may have changed ---- */

static void flags_owe(struct view *v, uint32_t first, uint32_t last)
{
	if (v->flags_last == 0 || first - 1 < v->flags_after)
		v->flags_after = first - 1;
	if (last > v->flags_last)
		v->flags_last = last;
}

static void touch(struct view *v, uint32_t first, uint32_t last)
{
	if (v->touched_first == 0 || first < v->touched_first)
		v->touched_first = first;
	if (last > v->touched_last)
		v->touched_last = last;
}

/* From the folder's memory; false: it does not reach so far back. */
static bool catch_up_events(struct view *v)
{
	struct folder *f = v->folder;
	uint64_t before = v->exact_modseq;

	HOLDING(&f->folders->lock);
	v->is_gone = f->committed.is_gone;
	if (!folder_events_apply(f, &v->uids, &v->uid_next, &v->exact_modseq, &v->gone))
		return false;
	for (size_t i = 0; i < f->event_count; i++) {
		const struct folder_event *event = &f->events[i];

		if (event->gone != NULL || event->modseq <= before ||
			event->modseq > v->exact_modseq)
			continue;
		touch(v, event->first, event->last);
		if (!is_own(v, event->modseq))
			flags_owe(v, event->first, event->last);
	}
	return true;
}

/* By comparing with all that is there. */
static bool catch_up_whole(struct view *v, struct error *e)
{
	auto_uids now = { 0 };
	auto_uids gone = { 0 };
	auto_uids new = { 0 };
	uint32_t uid_next;
	uint64_t modseq;

	if (!folder_known(v->folder, &now, &uid_next, &modseq, e))
		return false;
	if (!uids_without(&v->uids, &now, &gone) || !uids_without(&now, &v->uids, &new) ||
		!uids_join(&v->uids, &new, &v->uids) || !uids_join(&v->gone, &gone, &v->gone))
		return fail(e, FAULT_LATER, "look at a folder again: out of memory");
	v->uid_next = uid_next > v->uid_next ? uid_next : v->uid_next;
	v->exact_modseq = modseq;
	flags_owe(v, 1, v->uid_known > 1 ? v->uid_known - 1 : 1);
	touch(v, 1, UINT32_MAX);
	return true;
}

/* Messages that came and went between two looks were never there for the client. */
static bool forget_unknown(struct view *v, uint32_t uid_before, struct error *e)
{
	auto_uids newcomers = { 0 };
	auto_uids unseen = { 0 };

	if (v->gone.count == 0 || uids_last(&v->gone) < uid_before)
		return true;
	if (uids_append(&newcomers, uid_before, UINT32_MAX) &&
		uids_common(&v->gone, &newcomers, &unseen) && uids_take_away(&v->uids, &unseen) &&
		uids_take_away(&v->gone, &unseen))
		return true;
	return fail(e, FAULT_LATER, "look at a folder again: out of memory");
}

static bool catch_up(struct view *v, struct error *e)
{
	uint32_t uid_before = v->uid_next;

	if (!catch_up_events(v) && !catch_up_whole(v, e))
		return false;
	{
		HOLDING(&v->folder->folders->lock);
		recent_claim(v);
	}
	/* A removal may name what the client never saw. */
	return forget_unknown(v, uid_before, e) &&
	       (uids_common(&v->gone, &v->uids, &v->gone) ||
		       fail(e, FAULT_LATER, "look at a folder again: out of memory"));
}

/* ---- Telling ---- */

/* UIDs without a gap, for each that VANISHED names must have been in the view. */
static bool gone_list(struct view *v, struct arena *a, struct view_news *ret, struct error *e)
{
	ret->gone = arena_take(a, v->gone.count * sizeof *ret->gone + 1);
	if (ret->gone == NULL)
		return fail(e, FAULT_LATER, "look at a folder again: out of memory");
	for (size_t i = 0; i < v->gone.count; i++)
		ret->gone[ret->gone_count++] = (struct view_gone){ .uid_first = v->gone.at[i].first,
			.uid_last = v->gone.at[i].last,
			.seq_first = uids_seq(&v->uids, v->gone.at[i].first),
			.seq_last = uids_seq(&v->uids, v->gone.at[i].last) };
	return true;
}

static bool gone_tell(struct view *v, struct arena *a, struct view_news *ret, struct error *e)
{
	if (v->gone.count == 0)
		return true;
	if (!gone_list(v, a, ret, e))
		return false;
	if (!uids_take_away(&v->uids, &v->gone)) {
		ret->gone_count = 0;
		return fail(e, FAULT_LATER, "look at a folder again: out of memory");
	}
	uids_done(&v->gone);
	return true;
}

bool view_tell_gone(struct view *v, struct arena *a, struct view_news *ret, struct error *e)
{
	*ret = (struct view_news){ .is_gone = v->is_gone };
	if (!gone_tell(v, a, ret, e))
		return false;
	ret->exists = ret->exists_before = uids_size(&v->uids);
	return true;
}

/* All flags up to what was seen at the beginning of the scan are told. */
static void flags_told(struct view *v)
{
	v->flags_after = v->flags_last = 0;
	v->modseq = v->flags_modseq;
	v->uid_known = v->flags_uid;
	own_forget(v);
}

/* Entries that the client knows, with flags it does not know. */
static bool flags_tell(struct view *v, struct view_news *ret, struct error *e)
{
	struct folder_scan scan = { .after = v->flags_after,
		.last = v->flags_last < v->uid_known ? v->flags_last : v->uid_known - 1,
		.changed_since = v->modseq,
		.limit = VIEW_FLAGGED_MAX };
	size_t kept = 0;

	v->page.count = 0;
	v->page.is_last = true;
	if (scan.last > scan.after && !folder_scan(v->folder, &scan, &v->page, e))
		return false;
	if (v->page.count > 0)
		v->flags_after = v->page.at[v->page.count - 1].uid;
	for (size_t i = 0; i < v->page.count; i++) {
		const struct entry *entry = &v->page.at[i];

		if (!is_own(v, entry->modseq) && uids_has(&v->uids, entry->uid) &&
			!uids_has(&v->gone, entry->uid))
			v->page.at[kept++] = *entry;
	}
	ret->flagged = v->page.at;
	ret->flagged_count = kept;
	ret->is_more = v->is_scanning = !v->page.is_last;
	if (v->page.is_last)
		flags_told(v);
	return true;
}

bool view_refresh(
	struct view *v, bool may_expunge, struct arena *a, struct view_news *ret, struct error *e)
{
	uint32_t told = uids_size(&v->uids);

	*ret = (struct view_news){ 0 };
	/* A scan that was cut short comes first: it is about the UIDs of its beginning. */
	if (!v->is_scanning) {
		if (has_news(v) && !catch_up(v, e))
			return false;
		v->flags_modseq = v->exact_modseq;
		v->flags_uid = v->uid_next;
	}
	ret->is_gone = v->is_gone;
	ret->exists_before = told;
	if (may_expunge) {
		ret->exists_before -= uids_size(&v->gone);
		if (!gone_tell(v, a, ret, e))
			return false;
	}
	ret->exists = uids_size(&v->uids);
	if (v->flags_last > 0)
		return flags_tell(v, ret, e);
	flags_told(v);
	return true;
}

/* ---- Questions at SELECT ---- */

static void hint_raise(struct folder *f, const struct folder_head *before, uint32_t uid)
{
	HOLDING(&f->folders->lock);
	/* With nothing under way and nothing changed since, what was found holds. */
	if (f->next.version != before->version || f->committed.version != before->version)
		return;
	f->next.uid_unseen = f->committed.uid_unseen = uid;
}

/* The head's hint is right most of the time. */
bool view_first_unseen(struct view *v, uint32_t *ret_uid, struct error *e)
{
	ON_EXIT(entry_page_done) struct entry_page page = { 0 };
	struct folder_scan scan = { .last = v->uid_next - 1, .limit = FIRST_LOOK_ROWS };
	struct folder_head head;

	*ret_uid = 0;
	{
		HOLDING(&v->folder->folders->lock);
		head = v->folder->committed;
	}
	scan.after = head.uid_unseen > 0 ? head.uid_unseen - 1 : 0;
	while (head.unseen > 0 && scan.after < scan.last && !page.is_last) {
		if (!folder_scan(v->folder, &scan, &page, e))
			return false;
		scan.limit = LIMIT_SCAN_ROWS;
		for (size_t i = 0; i < page.count; i++) {
			scan.after = page.at[i].uid;
			if ((page.at[i].flags & ENTRY_SEEN) != 0 || !uids_has(&v->uids, scan.after))
				continue;
			*ret_uid = scan.after;
			hint_raise(v->folder, &head, scan.after);
			return true;
		}
	}
	return true;
}

bool view_vanished_since(struct view *v, uint64_t modseq, const struct uids *known,
	struct uids *ret, struct error *e)
{
	auto_uids all = { 0 };
	bool reaches;

	if (!vanished_since(v->folder, modseq, ret, &reaches, e))
		return false;
	/* Below UIDNEXT everything that is not there vanished some day. */
	if (!reaches && v->uid_next > 1 &&
		!(uids_append(&all, 1, v->uid_next - 1) && uids_copy(&all, ret)))
		return fail(e, FAULT_LATER, "find what vanished: out of memory");
	if (uids_take_away(ret, &v->uids) && (known->count == 0 || uids_common(ret, known, ret)))
		return true;
	return fail(e, FAULT_LATER, "find what vanished: out of memory");
}
