/* SPDX-License-Identifier: MIT */
/* What has happened to an open folder lately, and which UIDs it has: so that views look at memory and not at the disk. */
#include "mail/folder_head.h"

#include <stdlib.h>

enum { EVENTS_FIRST = 8 /* most folders never see more between two looks; 190 bytes */ };

static void event_done(struct folder_event *event)
{
	if (event->gone != NULL)
		uids_done(event->gone);
	free(event->gone);
	*event = (struct folder_event){ 0 };
}

void folder_events_clear(struct folder *f)
{
	for (size_t i = 0; i < f->event_count; i++)
		event_done(&f->events[i]);
	f->event_count = 0;
	f->events_floor = f->next.modseq;
	f->has_known = false;
	uids_clear(&f->known);
}

bool folder_events_begin(struct folder *f)
{
	if (f->events != NULL)
		return true;
	f->events = calloc(EVENTS_FIRST, sizeof *f->events);
	if (f->events == NULL)
		return false;
	f->event_room = EVENTS_FIRST;
	/* What is under way was not noted. */
	f->events_floor = f->next.modseq;
	return true;
}

/* The older half is forgotten; whoever has not seen it has to read. */
static void events_shift(struct folder *f)
{
	size_t half = (f->event_count + 1) / 2;

	f->events_floor = f->events[half - 1].modseq;
	for (size_t i = 0; i < half; i++)
		event_done(&f->events[i]);
	f->event_count -= half;
	memmove(f->events, f->events + half, f->event_count * sizeof *f->events);
}

static void events_room(struct folder *f)
{
	struct folder_event *more;

	if (f->event_count < f->event_room)
		return;
	more = f->event_room >= FOLDER_EVENTS
		       ? NULL
		       : realloc(f->events, 2 * f->event_room * sizeof *f->events);
	if (more == NULL) {
		events_shift(f);
		return;
	}
	f->events = more;
	f->event_room *= 2;
}

void folder_event_flags(struct folder *f, uint64_t modseq, uint32_t first, uint32_t last)
{
	invariant(lock_is_held(&f->folders->lock));
	if (f->events == NULL)
		return;
	events_room(f);
	f->events[f->event_count++] = (struct folder_event){ modseq, first, last, NULL };
}

void folder_event_gone(struct folder *f, uint64_t modseq, const struct uids *gone)
{
	struct uids *copy;

	invariant(lock_is_held(&f->folders->lock));
	if (f->events == NULL || gone->count == 0)
		return;
	copy = calloc(1, sizeof *copy);
	if (copy == NULL || !uids_copy(gone, copy)) {
		free(copy);
		folder_events_clear(f);
		f->events_floor = modseq;
		return;
	}
	events_room(f);
	f->events[f->event_count++] =
		(struct folder_event){ modseq, gone->at[0].first, uids_last(gone), copy };
}

bool folder_events_reach(const struct folder *f, uint64_t modseq)
{
	return f->events != NULL && f->events_floor <= modseq;
}

bool folder_events_apply(const struct folder *f, struct uids *set, uint32_t *uid_next,
	uint64_t *modseq, struct uids *gone)
{
	const struct folder_head *now = &f->committed;

	if (!folder_events_reach(f, *modseq))
		return false;
	if (*uid_next < now->uid_next && !uids_append(set, *uid_next, now->uid_next - 1))
		return false;
	*uid_next = now->uid_next;
	for (size_t i = 0; i < f->event_count; i++) {
		const struct folder_event *event = &f->events[i];

		/* Those after now->modseq are under way. */
		if (event->gone == NULL || event->modseq <= *modseq || event->modseq > now->modseq)
			continue;
		if (gone == NULL ? !uids_take_away(set, event->gone)
				 : !uids_join(gone, event->gone, gone))
			return false;
	}
	if (now->modseq > *modseq)
		*modseq = now->modseq;
	return true;
}

/* Everything that is there, by reading; the turn keeps removals away meanwhile. */
static bool known_read(struct folder *f, struct uids *ret, uint32_t uid_next, struct error *e)
{
	ON_EXIT(entry_page_done) struct entry_page page = { 0 };
	struct folder_scan scan = { .last = uid_next - 1, .limit = LIMIT_SCAN_ROWS };

	while (scan.last > scan.after && !page.is_last) {
		if (!folder_scan(f, &scan, &page, e))
			return false;
		for (size_t i = 0; i < page.count; i++) {
			if (!uids_append(ret, page.at[i].uid, page.at[i].uid))
				return fail(e, FAULT_LATER, "read a folder: out of memory");
		}
		if (page.count > 0)
			scan.after = page.at[page.count - 1].uid;
	}
	return true;
}

static bool known_copy(struct folder *f, struct uids *ret, uint32_t *ret_uid_next,
	uint64_t *ret_modseq, struct error *e)
{
	if (!uids_copy(&f->known, ret))
		return fail(e, FAULT_LATER, "read a folder: out of memory");
	*ret_uid_next = f->known_uid_next;
	*ret_modseq = f->known_modseq;
	return true;
}

/* From memory, when that is up to date or can be made so. */
static bool known_find(struct folder *f, bool *ret_found)
{
	HOLDING(&f->folders->lock);
	if (!folder_events_begin(f))
		return false;
	if (f->has_known &&
		!folder_events_apply(f, &f->known, &f->known_uid_next, &f->known_modseq, NULL))
		f->has_known = false;
	*ret_found = f->has_known;
	return true;
}

static bool known_load(struct folder *f, struct error *e)
{
	auto_uids uids = { 0 };
	uint32_t uid_next;
	uint64_t modseq;

	{
		HOLDING(&f->folders->lock);
		uid_next = f->committed.uid_next;
		modseq = f->committed.modseq;
	}
	if (!known_read(f, &uids, uid_next, e))
		return false;
	HOLDING(&f->folders->lock);
	uids_done(&f->known);
	f->known = uids;
	uids = (struct uids){ 0 };
	f->known_uid_next = uid_next;
	/* Removals and flags need the turn, which is ours: what was under way when the events began were new messages, which
	 * are known by their UIDs. Their modseq is not told before they are there. */
	f->known_modseq = modseq;
	if (f->events_floor > modseq)
		f->events_floor = modseq;
	f->has_known = true;
	return true;
}

static void turn_end(struct folder **f)
{
	if (*f != NULL)
		folder_turn_drop(*f);
}

bool folder_known(struct folder *f, struct uids *ret, uint32_t *ret_uid_next, uint64_t *ret_modseq,
	struct error *e)
{
	enum { TRIES = 10 /* a broken folder forgets everything, and is mended soon */ };
	ON_EXIT(turn_end) struct folder *turn = NULL;
	bool is_found;

	for (unsigned i = 0; i < TRIES; i++) {
		if (!known_find(f, &is_found))
			return fail(e, FAULT_LATER, "read a folder: out of memory");
		if (is_found) {
			HOLDING(&f->folders->lock);
			if (f->has_known)
				return known_copy(f, ret, ret_uid_next, ret_modseq, e);
		}
		/* The second of two who wait for the turn finds what the first has read. */
		if (turn == NULL) {
			if (!folder_turn_take(f, e))
				return false;
			turn = f;
			continue;
		}
		if (!known_load(f, e))
			return false;
	}
	return fail(e, FAULT_LATER, "read a folder: it keeps changing");
}
