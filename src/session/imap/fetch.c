/* SPDX-License-Identifier: MIT */
#include "session/imap/fetch.h"
#include "session/imap/place.h"

#include "base/limits.h"

#include <inttypes.h>

enum {
	FETCH_PAGE_ROWS = 500,      /* entries alone: 75 KB */
	FETCH_BYTES_PAGE_ROWS = 64, /* with bodies a page lasts long, and holds its memory */
	FETCH_MARK_ROWS = 32, /* a client that breaks off has at most so many marked in vain */
};

/* How a FETCH went. */
struct fetch_run {
	struct fetching f;
	uint64_t said; /* messages */
	bool is_unknown_cte, is_gone;
	struct error trouble; /* the first message that could not be read */
};

/* ---- One message ---- */

static enum fetch_ready prepare(struct fetching *f, const struct entry *entry, struct error *e)
{
	bool wants_envelope = (f->items & IMAP_FETCH_ENVELOPE) != 0;

	f->entry = entry;
	f->has_said = false;
	body_close(&f->reader);
	body_open(&f->reader, f->records.store, entry);
	bodies_ahead_lend(&f->ahead, &f->reader);
	arena_reset(&f->arena);
	if (f->needs_parts) {
		if (!imap_records_structure(
			    &f->records, entry, f->last, &f->arena, &f->structure, e))
			return FETCH_GONE;
		f->summary = f->structure.summary;
	} else if (f->needs_summary &&
		   !imap_records_summary(&f->records, entry, f->last, &f->summary, e)) {
		return FETCH_GONE;
	}
	if (wants_envelope && !f->summary.has_envelope &&
		!fetch_read_range(f,
			(struct section_range){ entry->prefix.len, f->summary.header_bytes },
			&f->header, e))
		return FETCH_GONE;
	return fetch_prepare_sections(f, e);
}

static bool says_whole(const struct fetching *f)
{
	for (size_t i = 0; i < f->what->section_count; i++)
		if (f->what->sections[i].part_count == 0 &&
			f->what->sections[i].text == IMAP_TEXT_ALL)
			return true;
	return false;
}

/* False: the session ends. */
static bool say_message(struct fetching *f)
{
	struct error e = { .fault = FAULT_NONE };
	struct imap *s = f->s;

	if ((f->items & IMAP_FETCH_FLAGS) != 0 || f->was_marked)
		imap_announce_keywords(s, f->entry->keywords);
	imap_put_fetch(s, uids_seq(&s->view.uids, f->entry->uid), f->entry->uid, false);
	fetch_put_items(f);
	if (!fetch_put_sections(f, &e)) {
		/* In the middle of a literal there is no way to say it. */
		if (e.fault != FAULT_NONE)
			imap_note_failure(s, &e);
		return false;
	}
	imap_put(s, S(")\r\n"));
	if (says_whole(f))
		imap_fetched(s, f->entry);
	return !s->is_broken;
}

static bool fetch_message(struct fetch_run *run, const struct entry *entry, bool was_marked)
{
	struct error e = { .fault = FAULT_NONE };

	run->f.was_marked = was_marked;
	switch (prepare(&run->f, entry, &e)) {
	case FETCH_READY:
		run->said++;
		return say_message(&run->f);
	case FETCH_UNKNOWN_CTE:
		run->is_unknown_cte = true;
		break;
	case FETCH_GONE:
		run->is_gone = true;
		if (run->trouble.fault == FAULT_NONE)
			run->trouble = e;
		break;
	}
	return true;
}

/* ---- \Seen ---- */

/* Marks what is not yet marked; marked[i] says for which entry of the page. Lazy: what a crash forgets is unread again. */
static bool mark_page(struct fetching *f, struct entry_page *page, bool *marked, struct error *e)
{
	const struct flags_change change = {
		.how = FLAGS_ADD, .flags = ENTRY_SEEN, .may_be_lazy = true
	};
	struct flags_result results[FETCH_MARK_ROWS];
	uint32_t uids[FETCH_MARK_ROWS];
	size_t count = 0, at = 0;

	for (size_t i = 0; i < page->count; i++)
		if ((page->at[i].flags & ENTRY_SEEN) == 0)
			uids[count++] = page->at[i].uid;
	if (count == 0)
		return true;
	if (!folder_flags_set(f->s->view.folder, uids, count, &change, results, e))
		return false;
	for (size_t i = 0; i < page->count && at < count; i++) {
		if (page->at[i].uid != results[at].uid)
			continue;
		marked[i] = results[at].outcome == FLAGS_CHANGED;
		if (results[at].outcome != FLAGS_GONE) {
			page->at[i].flags = results[at].flags;
			page->at[i].keywords = results[at].keywords;
			page->at[i].modseq = results[at].modseq;
		}
		if (marked[i])
			view_own_flags(&f->s->view, results[at].modseq);
		at++;
	}
	return true;
}

/* ---- All of them ---- */

static bool fetch_page(struct fetch_run *run, struct entry_page *page, struct error *e)
{
	bool marked[FETCH_MARK_ROWS] = { false };
	struct fetching *f = &run->f;
	size_t ahead = 0; /* of so many entries the bytes were read */

	if (f->marks_seen && !mark_page(f, page, marked, e))
		return false;
	f->last = page->at[page->count - 1].uid;
	for (size_t i = 0; i < page->count; i++) {
		if (f->needs_bytes && i == ahead)
			ahead += bodies_ahead(
				&f->ahead, f->records.store, &page->at[i], page->count - i);
		if (!fetch_message(run, &page->at[i], f->marks_seen && marked[i])) {
			f->s->is_broken = true;
			break;
		}
	}
	return true;
}

static bool fetch_all(
	struct fetch_run *run, const struct uids *uids, uint64_t since, struct error *e)
{
	struct fetching *f = &run->f;
	ON_EXIT(imap_walk_done)
	struct imap_walk walk = { .folder = f->s->view.folder,
		.uids = uids,
		.changed_since = since,
		.limit = f->marks_seen    ? FETCH_MARK_ROWS
			 : f->needs_bytes ? FETCH_BYTES_PAGE_ROWS
					  : FETCH_PAGE_ROWS };

	do {
		if (!imap_walk_page(&walk, e))
			return false;
		if (walk.page.count > 0 && !fetch_page(run, &walk.page, e))
			return false;
	} while (walk.page.count > 0 && !f->s->is_broken);
	return true;
}

/* What the items need to be read. */
static void fetching_begin(struct fetching *f, struct imap *s, const struct imap_fetch *given)
{
	const unsigned of_parts = IMAP_FETCH_BODY | IMAP_FETCH_BODYSTRUCTURE;
	const unsigned of_summary = of_parts | IMAP_FETCH_ENVELOPE | IMAP_FETCH_PREVIEW;

	*f = (struct fetching){ .s = s, .what = &given->what, .items = given->what.items };
	if (s->is_uid && !imap_is_uid_only(s))
		f->items |= IMAP_FETCH_UID;
	if (given->has_changed_since)
		f->items |= IMAP_FETCH_MODSEQ;
	if ((f->items & IMAP_FETCH_MODSEQ) != 0)
		imap_condstore(s);
	f->needs_parts = (f->items & of_parts) != 0;
	f->needs_summary = (f->items & of_summary) != 0;
	for (size_t i = 0; i < given->what.section_count; i++) {
		const struct imap_section *section = &given->what.sections[i];

		f->needs_bytes = true;
		f->needs_parts = f->needs_parts || section->part_count > 0;
		f->needs_summary = f->needs_summary || section->text != IMAP_TEXT_ALL;
		f->marks_seen = f->marks_seen || (!section->is_peek && !s->is_read_only &&
							 imap_may(s, IMAP_RIGHT_SEEN));
	}
	f->records.folder = s->view.folder;
	f->records.store = s->client.host->mail->store;
	f->arena.max = LIMIT_ARENA_BYTES;
}

void fetching_done(struct fetching *f)
{
	body_close(&f->reader);
	bodies_ahead_done(&f->ahead);
	imap_records_done(&f->records);
	arena_done(&f->arena);
	buf_done(&f->header);
	buf_done(&f->fields);
}

static enum next fetch_answer(struct fetch_run *run, uint64_t wanted, bool is_filtered)
{
	struct imap *s = run->f.s;

	if (s->is_broken)
		return NEXT_CLOSE;
	if (run->is_unknown_cte)
		return imap_no(s, S("[UNKNOWN-CTE] A part has an encoding that is not known"));
	if (run->is_gone) {
		imap_note_failure(s, &run->trouble);
		return imap_no(s, S("[EXPUNGEISSUED] Some messages cannot be read, or are gone"));
	}
	if (!s->is_uid && !is_filtered && run->said < wanted)
		return imap_no(s, S("[EXPUNGEISSUED] Some of the messages are gone"));
	return imap_ok(s, S("That is all"));
}

/* ---- The modifiers ---- */

/* RFC 7162 3.2.6: what vanished of the UIDs asked for, before anything else. */
static bool put_vanished(struct imap *s, const struct imap_fetch *given, struct error *e)
{
	auto_uids asked = { 0 }, gone = { 0 };
	struct imap_set clean;

	if (given->set.is_saved)
		return true;
	if (!imap_set_resolve(given->set, s->view.uid_next - 1, &s->arena, &clean))
		return fail(e, FAULT_LATER, "fetch: out of memory");
	for (size_t i = 0; i < clean.count; i++)
		if (!uids_append(&asked, clean.at[i].first, clean.at[i].last))
			return fail(e, FAULT_LATER, "fetch: out of memory");
	if (!view_vanished_since(&s->view, given->changed_since, &asked, &gone, e))
		return false;
	if (gone.count > 0) {
		imap_put(s, S("* VANISHED (EARLIER) "));
		imap_put_uids(s, &gone);
		imap_put(s, S("\r\n"));
	}
	return true;
}

static enum next fetch_run(struct imap *s, const struct imap_fetch *given, const struct uids *uids)
{
	struct fetch_run run = { .said = 0 };
	struct error e = { .fault = FAULT_NONE };
	bool is_good;

	fetching_begin(&run.f, s, given);
	is_good = (!given->wants_vanished || put_vanished(s, given, &e)) &&
		  fetch_all(&run, uids, given->has_changed_since ? given->changed_since : 0, &e);
	fetching_done(&run.f);
	if (!is_good)
		return imap_failed(s, &e);
	return fetch_answer(&run, uids_size(uids), given->has_changed_since);
}

void imap_fetch_new(struct imap *s, const struct imap_fetch_items *what, const struct uids *uids)
{
	const struct imap_fetch given = { .what = *what };
	struct fetch_run run = { .said = 0 };
	struct error e = { .fault = FAULT_NONE };

	fetching_begin(&run.f, s, &given);
	run.f.marks_seen = false;
	if (!fetch_all(&run, uids, 0, &e))
		imap_note_failure(s, &e);
	fetching_done(&run.f);
}

enum next imap_fetch(struct imap *s, struct slice args)
{
	enum next next = NEXT_CLOSE;
	struct imap_fetch given;
	auto_uids all = { 0 }, part = { 0 };

	if (!imap_fetch_parse(&s->parse, args, s->is_uid, &given))
		return imap_misparsed(s);
	if (given.wants_vanished && (!s->is_uid || !given.has_changed_since ||
					    (s->enabled & IMAP_ENABLED_QRESYNC) == 0))
		return imap_bad(s, S("VANISHED needs UID FETCH, CHANGEDSINCE and ENABLE QRESYNC"));
	if (!imap_set_take(s, given.set, &all, &next))
		return next;
	if (!given.has_partial)
		return fetch_run(s, &given, &all);
	if (!imap_partial_of(&given.partial, &all, &part))
		return imap_no(s, S("[LIMIT] Out of memory"));
	return fetch_run(s, &given, &part);
}
