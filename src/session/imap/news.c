/* SPDX-License-Identifier: MIT */
#include "session/imap/context.h"
#include "session/imap/fetch.h"
#include "session/imap/place.h"
#include "session/imap/push.h"

#include <inttypes.h>

void imap_condstore(struct imap *s)
{
	if ((s->enabled & IMAP_ENABLED_CONDSTORE) != 0)
		return;
	s->enabled |= IMAP_ENABLED_CONDSTORE;
	if (s->state == IMAP_SELECTED)
		imap_put_format(s, "* OK [HIGHESTMODSEQ %" PRIu64 "] Highest\r\n",
			imap_modseq_told(s->view.modseq));
}

void imap_put_flag_names(struct imap *s, uint32_t flags, uint64_t keywords, struct slice extra)
{
	static const struct {
		uint32_t bit;
		struct slice name;
	} rows[] = {
		{ ENTRY_ANSWERED, S_INIT("\\Answered") },
		{ ENTRY_FLAGGED, S_INIT("\\Flagged") },
		{ ENTRY_DELETED, S_INIT("\\Deleted") },
		{ ENTRY_SEEN, S_INIT("\\Seen") },
		{ ENTRY_DRAFT, S_INIT("\\Draft") },
	};
	struct slice space = S("");

	imap_put(s, S("("));
	for (size_t i = 0; i < COUNT(rows); i++) {
		if ((flags & rows[i].bit) == 0)
			continue;
		imap_put(s, space);
		imap_put(s, rows[i].name);
		space = S(" ");
	}
	if (keywords != 0) {
		struct folder_keywords words;

		folder_keywords(s->view.folder, &words);
		for (size_t i = 0; i < words.count; i++)
			if ((keywords >> i & 1) != 0) {
				imap_put(s, space);
				imap_put(s, words.names[i]);
				space = S(" ");
			}
	}
	if (extra.len > 0) {
		imap_put(s, space);
		imap_put(s, extra);
	}
	imap_put(s, S(")"));
}

void imap_put_flags(struct imap *s, const struct entry *entry)
{
	bool is_recent = (s->enabled & IMAP_ENABLED_REV2) == 0 && s->view.uid_recent != 0 &&
			 entry->uid >= s->view.uid_recent;

	imap_put(s, S("FLAGS "));
	imap_put_flag_names(s, entry->flags, entry->keywords, is_recent ? S("\\Recent") : S(""));
}

/* RFC 9586 3.3. */
void imap_put_fetch(struct imap *s, uint32_t seq, uint32_t uid, bool has_uid)
{
	if (imap_is_uid_only(s)) {
		imap_put_format(s, "* %" PRIu32 " UIDFETCH (", uid);
		return;
	}
	imap_put_format(s, "* %" PRIu32 " FETCH (", seq);
	if (has_uid)
		imap_put_format(s, "UID %" PRIu32 " ", uid);
}

void imap_announce_keywords(struct imap *s, uint64_t keywords)
{
	if (s->keywords_told < FOLDER_KEYWORDS && keywords >> s->keywords_told != 0)
		imap_put_flag_lists(s);
}

void imap_put_flag_news(struct imap *s, uint32_t seq, const struct entry *entry, bool has_uid)
{
	imap_announce_keywords(s, entry->keywords);
	imap_put_fetch(s, seq, entry->uid, has_uid);
	imap_put_flags(s, entry);
	if ((s->enabled & IMAP_ENABLED_CONDSTORE) != 0)
		imap_put_format(s, " MODSEQ (%" PRIu64 ")", entry->modseq);
	imap_put(s, S(")\r\n"));
}

/* RFC 7162 3.2.7, RFC 9586 3.4: who enabled QRESYNC or UIDONLY is told UIDs, and none that was not a message of the view. */
static void put_vanished(struct imap *s, const struct view_news *news)
{
	imap_put(s, S("* VANISHED "));
	for (size_t i = 0; i < news->gone_count; i++) {
		const struct view_gone *run = &news->gone[i];

		imap_put_format(s,
			run->uid_first == run->uid_last ? "%s%" PRIu32 : "%s%" PRIu32 ":%" PRIu32,
			i > 0 ? "," : "", run->uid_first, run->uid_last);
	}
	imap_put(s, S("\r\n"));
}

/* From the last to the first: so no number moves before it is used. */
static void put_expunged(struct imap *s, const struct view_news *news)
{
	for (size_t i = news->gone_count; i-- > 0;)
		for (uint32_t seq = news->gone[i].seq_last; seq >= news->gone[i].seq_first; seq--)
			imap_put_format(s, "* %" PRIu32 " EXPUNGE\r\n", seq);
}

void imap_tell_keywords(struct imap *s)
{
	struct folder_keywords words;

	folder_keywords(s->view.folder, &words);
	if (words.count != s->keywords_told)
		imap_put_flag_lists(s);
}

void imap_put_gone(struct imap *s, const struct view_news *news)
{
	if (news->gone_count > 0 &&
		(s->enabled & (IMAP_ENABLED_QRESYNC | IMAP_ENABLED_UIDONLY)) != 0)
		put_vanished(s, news);
	else
		put_expunged(s, news);
}

static void put_news(struct imap *s, const struct view_news *news)
{
	/* RFC 7162 3.2.4, RFC 9051 7.5.2 */
	bool has_uid = s->is_uid || s->notify != NULL ||
		       (s->enabled & (IMAP_ENABLED_CONDSTORE | IMAP_ENABLED_REV2)) != 0;

	imap_put_gone(s, news);
	if (news->exists > news->exists_before) {
		imap_put_format(s, "* %" PRIu32 " EXISTS\r\n", news->exists);
		if ((s->enabled & IMAP_ENABLED_REV2) == 0)
			imap_put_format(s, "* %" PRIu32 " RECENT\r\n", view_recent_count(&s->view));
		imap_tell_keywords(s);
	}
	if (!imap_wants_selected(s, IMAP_EVENT_FLAG_CHANGE))
		return;
	if (news->flagged_count > 0)
		imap_tell_keywords(s);
	for (size_t i = 0; i < news->flagged_count; i++)
		imap_put_flag_news(s, uids_seq(&s->view.uids, news->flagged[i].uid),
			&news->flagged[i], has_uid);
}

/* Others deleted the mailbox under us (RFC 2180 3.3): there is nothing left to talk about. */
static bool tell_deleted(struct imap *s)
{
	(void)imap_bye(s, S("The selected mailbox was deleted"));
	return false;
}

/* RFC 5465 5.2: what the client wants to know of messages that came from others. */
static void tell_arrivals(struct imap *s, uint32_t uid_first)
{
	const struct imap_fetch_items *items = imap_wants_items(s);
	uint32_t uid_last = uids_last(&s->view.uids);
	auto_uids all = { 0 }, arrivals = { 0 };

	if (items == NULL || uid_last < uid_first)
		return;
	if (uids_append(&all, uid_first, uid_last) && uids_common(&all, &s->view.uids, &arrivals) &&
		imap_notify_without_own(s, &arrivals) && arrivals.count > 0)
		imap_fetch_new(s, items, &arrivals);
}

/* As if it were not there any more; RFC 4314 5.1.1. */
static bool tell_denied(struct imap *s)
{
	(void)imap_bye(s, S("The selected mailbox may not be read any more"));
	return false;
}

static bool tell_selected(struct imap *s)
{
	struct error e = { .fault = FAULT_NONE };
	struct view_news news = { .is_more = true };
	uint32_t uid_first = s->view.uid_next;
	/* RFC 5267 4.3.4: REMOVEFROM comes before the message numbers move. */
	bool may_expunge = s->may_expunge && s->contexts.first == NULL;

	while (news.is_more && !s->is_broken) {
		news = (struct view_news){ 0 };
		/* It may be told with the next command: nothing is lost. */
		if (!view_refresh(&s->view, may_expunge, &s->arena, &news, &e)) {
			imap_note_failure(s, &e);
			return true;
		}
		put_news(s, &news);
		if (news.is_gone)
			return tell_deleted(s);
	}
	if (!contexts_tell(s))
		return false;
	/* RFC 5465 5.2: behind any ADDTO. */
	tell_arrivals(s, uid_first);
	return true;
}

/* After NOTIFY the selected mailbox moves on only as far as it asks: its numbers stay as the client knows them. */
bool imap_tell_news(struct imap *s)
{
	bool wants = s->tells_own || imap_wants_selected(s, IMAP_EVENT_MESSAGE_NEW);

	if (s->state == IMAP_SELECTED && !imap_rights_renew(s))
		return tell_denied(s);
	if (s->state == IMAP_SELECTED && wants && !tell_selected(s))
		return false;
	return imap_notify_tell(s);
}
