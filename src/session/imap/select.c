/* SPDX-License-Identifier: MIT */
#include "session/imap/context.h"
#include "session/imap/place.h"
#include "session/imap/push.h"

#include "syntax/imap_command.h"
#include "syntax/imap_select.h"

#include <inttypes.h>

enum { SELECT_PAGE_ROWS = 500 };

bool imap_is_read_only(const struct imap *s)
{
	return s->state == IMAP_SELECTED && s->is_read_only;
}

void imap_leave(struct imap *s)
{
	if (s->state != IMAP_SELECTED)
		return;
	imap_notify_left(s);
	changes_unwatch(s->client.host->mail->changes, &s->watcher);
	contexts_forget(s);
	view_close(&s->view);
	uids_done(&s->saved);
	s->saved = (struct uids){ 0 };
	imap_become(s, IMAP_KNOWN);
}

/* ---- What SELECT says of the mailbox ---- */

void imap_put_flag_lists(struct imap *s)
{
	const uint32_t all =
		ENTRY_SEEN | ENTRY_ANSWERED | ENTRY_FLAGGED | ENTRY_DELETED | ENTRY_DRAFT;
	bool may_name = imap_may(s, IMAP_RIGHT_WRITE);
	struct folder_keywords words;
	uint64_t bits;

	folder_keywords(s->view.folder, &words);
	s->keywords_told = words.count;
	bits = words.count == 64 ? UINT64_MAX : (UINT64_C(1) << words.count) - 1;
	imap_put(s, S("* FLAGS "));
	imap_put_flag_names(s, all, bits, S(""));
	imap_put(s, S("\r\n* OK [PERMANENTFLAGS "));
	if (s->is_read_only)
		imap_put(s, S("()"));
	else
		imap_put_flag_names(s, imap_flags_allowed(s->rights, all), may_name ? bits : 0,
			may_name && words.count < FOLDER_KEYWORDS ? S("\\*") : S(""));
	imap_put(s, S("] Flags\r\n"));
}

/* \Recent and UNSEEN are of rev1: RFC 9051 appendix E. */
static bool put_counts(struct imap *s, struct error *e)
{
	const struct view *v = &s->view;
	uint32_t unseen;

	imap_put_format(s, "* %" PRIu32 " EXISTS\r\n", uids_size(&v->uids));
	if ((s->enabled & IMAP_ENABLED_REV2) != 0)
		return true;
	imap_put_format(s, "* %" PRIu32 " RECENT\r\n", view_recent_count(v));
	if (imap_is_uid_only(s)) /* UNSEEN is a message number */
		return true;
	if (!view_first_unseen(&s->view, &unseen, e))
		return false;
	if (unseen != 0 && uids_seq(&v->uids, unseen) != 0)
		imap_put_format(s, "* OK [UNSEEN %" PRIu32 "] First unseen\r\n",
			uids_seq(&v->uids, unseen));
	return true;
}

/* RFC 9051 6.3.2: LIST with the attributes as they are; of what somebody else shares, no more than that it can be selected. */
static bool put_list(struct imap *s, struct slice name, struct error *e)
{
	struct mailbox box = { .uses = 0 };
	bool is_own = id_same(folder_account(s->view.folder), s->client.account_id);
	enum mailbox_answer answer = MAILBOX_MISSING;

	if ((s->enabled & IMAP_ENABLED_REV2) == 0)
		return true;
	if (is_own)
		answer = mailbox_find(
			s->client.host->mail, s->client.account_id, name, &s->arena, &box, e);
	if (answer == MAILBOX_FAILED)
		return false;
	imap_put(s, S("* LIST ("));
	if (answer == MAILBOX_OK) {
		imap_put(s, imap_children_word(&box));
		imap_put_uses(s, box.uses);
	}
	imap_put(s, S(") \"/\" "));
	imap_put_name(s, name);
	imap_put(s, S("\r\n"));
	error_clear(e); /* it went meanwhile, which is told as news */
	return true;
}

static void put_numbers(struct imap *s)
{
	const struct view *v = &s->view;
	struct folder_state state;
	char room[ID_TEXT_BYTES + 1];

	folder_state_get(v->folder, &state);
	imap_put_format(s,
		"* OK [UIDVALIDITY %" PRIu32 "] UIDs are valid\r\n"
		"* OK [UIDNEXT %" PRIu32 "] Next UID\r\n"
		"* OK [HIGHESTMODSEQ %" PRIu64 "] Highest\r\n"
		"* OK [MAILBOXID (%.*s)] Id\r\n",
		state.uid_validity, v->uid_next, imap_modseq_told(v->modseq),
		S_FMT(id_text(folder_id(v->folder), room)));
}

/* ---- QRESYNC, RFC 7162 3.2.5 ---- */

static bool resync_flags(
	struct imap *s, const struct imap_select *given, const struct uids *known, struct error *e)
{
	ON_EXIT(imap_walk_done)
	struct imap_walk walk = { .folder = s->view.folder,
		.uids = known,
		.changed_since = given->modseq,
		.limit = SELECT_PAGE_ROWS };

	do {
		if (!imap_walk_page(&walk, e))
			return false;
		for (size_t i = 0; i < walk.page.count; i++)
			imap_put_flag_news(s, uids_seq(&s->view.uids, walk.page.at[i].uid),
				&walk.page.at[i], true);
	} while (walk.page.count > 0 && !s->is_broken);
	return true;
}

static bool resync(struct imap *s, const struct imap_select *given, struct error *e)
{
	auto_uids known = { 0 }, asked = { 0 }, gone = { 0 };
	struct folder_state state;

	folder_state_get(s->view.folder, &state);
	if (!given->has_qresync || given->uid_validity != state.uid_validity)
		return true;
	for (size_t i = 0; i < given->known_uids.count; i++)
		if (!uids_append(
			    &asked, given->known_uids.at[i].first, given->known_uids.at[i].last))
			return fail(e, FAULT_LATER, "select a mailbox: out of memory");
	if (!view_vanished_since(&s->view, given->modseq, &asked, &gone, e))
		return false;
	if (gone.count > 0) {
		imap_put(s, S("* VANISHED (EARLIER) "));
		imap_put_uids(s, &gone);
		imap_put(s, S("\r\n"));
	}
	if (asked.count == 0)
		return resync_flags(s, given, &s->view.uids, e);
	if (!uids_common(&asked, &s->view.uids, &known))
		return fail(e, FAULT_LATER, "select a mailbox: out of memory");
	return resync_flags(s, given, &known, e);
}

/* ---- The commands ---- */

static bool select_say(struct imap *s, const struct imap_select *given, struct error *e)
{
	imap_put_flag_lists(s);
	if (!put_counts(s, e))
		return false;
	put_numbers(s);
	return put_list(s, given->mailbox, e) && resync(s, given, e);
}

/* RFC 4314 5.2: whoever may change nothing at all reads only. */
static bool may_change(unsigned rights)
{
	return (rights & (IMAP_RIGHT_SEEN | IMAP_RIGHT_WRITE | IMAP_RIGHT_INSERT |
				 IMAP_RIGHT_TRASH | IMAP_RIGHT_EXPUNGE)) != 0;
}

static enum next select_open(struct imap *s, const struct imap_select *given)
{
	struct mail *mail = s->client.host->mail;
	struct error e = { .fault = FAULT_NONE };
	struct place place;
	struct folder *folder;
	enum mailbox_answer answer = place_need(s, given->mailbox, IMAP_RIGHT_READ, &place, &e);

	if (answer == MAILBOX_OK)
		answer = place_open(s, &place, &folder, &e);
	if (answer != MAILBOX_OK)
		return imap_mailbox_no(s, answer, S("NONEXISTENT"), &e);
	s->rights = place.rights;
	s->is_read_only = s->is_read_only || !may_change(place.rights);
	if (!view_open(&s->view, folder, s->is_read_only, &e))
		return imap_failed(s, &e);
	imap_become(s, IMAP_SELECTED);
	changes_watch(mail->changes, &s->watcher, folder_id(folder));
	if (!select_say(s, given, &e)) {
		imap_leave(s);
		return imap_failed(s, &e);
	}
	return imap_ok(s, s->is_read_only ? S("[READ-ONLY] Selected") : S("[READ-WRITE] Selected"));
}

/* The known set may be written in any order; ours wants it sorted. */
static bool select_parse(struct imap *s, struct slice args, struct imap_select *ret)
{
	if (!imap_select_parse(&s->parse, args, ret))
		return false;
	if (ret->known_uids.count > 0 &&
		!imap_set_resolve(ret->known_uids, UINT32_MAX, &s->arena, &ret->known_uids)) {
		s->parse.why = "That set is too long";
		return false;
	}
	return true;
}

static enum next select_run(struct imap *s, struct slice args, bool is_read_only)
{
	struct imap_select given;

	if (!select_parse(s, args, &given))
		return imap_misparsed(s);
	if (given.has_qresync && (s->enabled & IMAP_ENABLED_QRESYNC) == 0)
		return imap_bad(s, S("ENABLE QRESYNC first"));
	if (given.match_numbers.count > 0 && imap_is_uid_only(s))
		return imap_bad(s, S("[UIDREQUIRED] Message numbers of QRESYNC under UIDONLY"));
	/* RFC 9051 6.3.2: what was selected is left even when the new one cannot be had. */
	if (s->state == IMAP_SELECTED) {
		imap_leave(s);
		imap_put(s, S("* OK [CLOSED] The mailbox before is closed\r\n"));
	}
	if (given.wants_condstore)
		imap_condstore(s);
	s->is_read_only = is_read_only;
	s->uid_fetched = 0;
	return select_open(s, &given);
}

enum next imap_select(struct imap *s, struct slice args)
{
	return select_run(s, args, false);
}

enum next imap_examine(struct imap *s, struct slice args)
{
	return select_run(s, args, true);
}

enum next imap_unselect(struct imap *s, struct slice args)
{
	if (!imap_none_parse(&s->parse, args))
		return imap_misparsed(s);
	imap_leave(s);
	return imap_ok(s, S("Left without removing anything"));
}

/* RFC 9051 6.4.1: removes what is marked, and says nothing of it. */
enum next imap_close(struct imap *s, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };
	auto_uids gone = { 0 };
	uint64_t modseq;

	if (!imap_none_parse(&s->parse, args))
		return imap_misparsed(s);
	if (!s->is_read_only && imap_may(s, IMAP_RIGHT_EXPUNGE) &&
		!folder_expunge(s->view.folder, NULL, &gone, &modseq, &e))
		return imap_failed(s, &e);
	imap_leave(s);
	return imap_ok(s, S("Closed"));
}
