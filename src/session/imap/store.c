/* SPDX-License-Identifier: MIT */
#include "session/imap/change.h"
#include "session/imap/place.h"
#include "session/imap/progress.h"
#include "session/imap/push.h"

#include "syntax/imap_fetch.h"
#include "syntax/imap_flag.h"

#include <inttypes.h>
#include <stdlib.h>

/* One STORE. */
struct storing {
	struct imap *s;
	const struct imap_store *given;
	struct flags_change change;
	struct uids modified; /* those that UNCHANGEDSINCE spared */
	uint64_t modseq;      /* the last that was told as our own */
	bool has_gone;
	struct imap_progress progress;
	uint64_t done;
};

/* ---- Answers ---- */

/* RFC 9051 6.4.6: what others did to the message meanwhile is told regardless of .SILENT. */
static bool is_silent(const struct storing *t, const struct flags_result *r)
{
	return t->given->is_silent &&
	       (r->outcome != FLAGS_CHANGED || view_knows_flags(&t->s->view, r->modseq_before) ||
		       !imap_wants_selected(t->s, IMAP_EVENT_FLAG_CHANGE));
}

static void say_result(struct storing *t, const struct flags_result *r)
{
	struct imap *s = t->s;
	bool has_modseq = (s->enabled & IMAP_ENABLED_CONDSTORE) != 0;
	const struct entry entry = {
		.uid = r->uid, .flags = r->flags, .keywords = r->keywords, .modseq = r->modseq
	};
	uint32_t seq = uids_seq(&s->view.uids, r->uid);
	bool has_uid = s->is_uid || has_modseq; /* RFC 7162 3.2.4 */

	if (!is_silent(t, r)) {
		imap_put_flag_news(s, seq, &entry, has_uid);
		return;
	}
	/* RFC 7162 3.1.3: the modseq is told also when the flags are not; with UNCHANGEDSINCE even the old one. */
	if (!has_modseq || (r->outcome != FLAGS_CHANGED && !t->given->has_unchanged_since))
		return;
	imap_put_fetch(s, seq, r->uid, has_uid);
	imap_put_format(s, "MODSEQ (%" PRIu64 "))\r\n", r->modseq);
}

static bool take_result(struct storing *t, const struct flags_result *r)
{
	switch (r->outcome) {
	case FLAGS_CHANGED:
		if (r->modseq != t->modseq)
			view_own_flags(&t->s->view, r->modseq);
		t->modseq = r->modseq;
		say_result(t, r);
		return true;
	case FLAGS_SAME:
		say_result(t, r);
		return true;
	case FLAGS_MODIFIED:
		return uids_append(&t->modified, r->uid, r->uid);
	case FLAGS_GONE:
		break;
	}
	t->has_gone = true;
	return true;
}

/* The numbers as the client wrote them: UIDs, or message numbers. */
static void put_modified(struct storing *t)
{
	struct imap_set_writer w = { .out = &t->s->out };
	bool is_good = true;

	for (size_t i = 0; i < t->modified.count; i++)
		for (uint32_t uid = t->modified.at[i].first; uid <= t->modified.at[i].last; uid++)
			is_good = is_good &&
				  imap_set_add(
					  &w, t->s->is_uid ? uid : uids_seq(&t->s->view.uids, uid));
	imap_wrote(t->s, is_good && imap_set_finish(&w));
}

static enum next store_answer(struct storing *t)
{
	struct imap *s = t->s;

	if (t->modified.count > 0) {
		/* The news stand before the tag, so the whole line is built here. */
		if (!imap_tell_news(s))
			return NEXT_CLOSE;
		imap_put(s, s->tag);
		imap_put(s, S(" OK [MODIFIED "));
		put_modified(t);
		imap_put(s, S("] Some were changed by others\r\n"));
		return imap_push(s) ? NEXT_AGAIN : NEXT_CLOSE;
	}
	if (t->has_gone && !s->is_uid)
		return imap_no(s, S("[EXPUNGEISSUED] Some of the messages are gone"));
	return imap_ok(s, S("Stored"));
}

/* ---- The work ---- */

static bool store_step(struct storing *t, const uint32_t *uids, size_t count,
	struct flags_result *results, struct error *e)
{
	if (!folder_flags_set(t->s->view.folder, uids, count, &t->change, results, e))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!take_result(t, &results[i]))
			return fail(e, FAULT_LATER, "store flags: out of memory");
	t->done += count;
	(void)imap_progress_tell(&t->progress, t->done);
	return true;
}

/* In steps of one commit each. */
static bool store_all(struct storing *t, const struct uids *all, struct error *e)
{
	auto_free struct flags_result *results = malloc(FOLDER_FLAGS_MAX * sizeof *results);
	auto_free uint32_t *uids = malloc(FOLDER_FLAGS_MAX * sizeof *uids);
	size_t count = 0;

	imap_progress_begin(&t->progress, t->s, uids_size(all));
	if (results == NULL || uids == NULL)
		return fail(e, FAULT_LATER, "store flags: out of memory");
	for (size_t i = 0; i < all->count; i++)
		for (uint64_t uid = all->at[i].first; uid <= all->at[i].last; uid++) {
			uids[count++] = (uint32_t)uid;
			if (count < FOLDER_FLAGS_MAX)
				continue;
			if (!store_step(t, uids, count, results, e))
				return false;
			count = 0;
		}
	return count == 0 || store_step(t, uids, count, results, e);
}

static enum flags_how how_of(enum imap_store_mode mode)
{
	switch (mode) {
	case IMAP_STORE_REPLACE:
		return FLAGS_REPLACE;
	case IMAP_STORE_REMOVE:
		return FLAGS_TAKE;
	case IMAP_STORE_ADD:
		break;
	}
	return FLAGS_ADD;
}

static enum next store_run(struct storing *t, const struct uids *all)
{
	const struct imap_store *given = t->given;
	struct error e = { .fault = FAULT_NONE };
	struct imap *s = t->s;
	size_t missing = 0;

	t->change = (struct flags_change){ .how = how_of(given->mode),
		.flags = given->flags.system & ~(unsigned)IMAP_FLAG_RECENT,
		.has_unchanged_since = given->has_unchanged_since,
		.unchanged_since = given->unchanged_since };
	t->change.flags_kept = ~imap_flags_allowed(s->rights, UINT32_MAX);
	t->change.keeps_keywords = !imap_may(s, IMAP_RIGHT_WRITE);
	if (given->has_unchanged_since)
		imap_condstore(s);
	if (!folder_keywords_bits(s->view.folder, given->flags.keywords,
		    t->change.keeps_keywords ? 0 : given->flags.keyword_count,
		    given->mode != IMAP_STORE_REMOVE, &t->change.keywords, &missing, &e))
		return imap_failed(s, &e);
	if (missing > 0 && given->mode != IMAP_STORE_REMOVE)
		return imap_no(s, S("[LIMIT] This mailbox has as many keywords as it can have"));
	imap_tell_keywords(s);
	if (!store_all(t, all, &e))
		return imap_failed(s, &e);
	return store_answer(t);
}

/* RFC 4314 4: it fails only when nothing of it is allowed. FLAGS () is about all that are there. */
static bool may_some(const struct imap *s, const struct imap_store *given)
{
	uint32_t flags = given->flags.system & ~(unsigned)IMAP_FLAG_RECENT;
	bool names_some = flags != 0 || given->flags.keyword_count > 0;

	if (!names_some)
		return imap_flags_allowed(s->rights, UINT32_MAX) != 0;
	return imap_flags_allowed(s->rights, flags) != 0 ||
	       (given->flags.keyword_count > 0 && imap_may(s, IMAP_RIGHT_WRITE));
}

enum next imap_store(struct imap *s, struct slice args)
{
	enum next next = NEXT_CLOSE;
	struct imap_store given;
	struct storing t = { .s = s, .given = &given };
	auto_uids all = { 0 };

	if (!imap_store_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	if (!may_some(s, &given))
		return imap_no(s, S("[NOPERM] You may not change these flags here"));
	if (!imap_set_take(s, given.set, &all, &next))
		return next;
	next = store_run(&t, &all);
	uids_done(&t.modified);
	return next;
}
