/* SPDX-License-Identifier: MIT */
#include "session/imap/mailbox.h"
#include "session/imap/notify.h"
#include "session/imap/push.h"

#include "syntax/imap_list.h"

static bool has_condstore(const struct imap *s)
{
	return (s->enabled & IMAP_ENABLED_CONDSTORE) != 0;
}

static bool is_selected(const struct imap *s, const struct notify_row *row)
{
	return s->state == IMAP_SELECTED && id_same(row->folder, folder_id(s->view.folder));
}

static bool wants_messages(const struct notify_row *row)
{
	return !id_is_zero(row->folder) && (row->events & IMAP_EVENT_MESSAGE_NEW) != 0;
}

/* NULL: it went meanwhile; that it did is told by its name, or not at all. */
static struct folder *row_open(struct imap *s, const struct notify_row *row)
{
	struct error e = { .fault = FAULT_NONE };
	struct folder *f;
	enum mailbox_answer answer =
		mailbox_open_id(s->client.host->mail, row->account, row->folder, &f, &e);

	if (answer == MAILBOX_FAILED)
		imap_note_failure(s, &e);
	return answer == MAILBOX_OK ? f : NULL;
}

static struct notify_told told_now(struct folder *f)
{
	struct folder_state state;

	folder_state_get(f, &state);
	return (struct notify_told){ .uid_validity = state.uid_validity,
		.uid_next = state.uid_next,
		.count = state.count,
		.unseen = state.unseen,
		.modseq = state.modseq };
}

/* RFC 5465 5.1 to 5.3: what a STATUS has to say after this; 0: nothing. */
static unsigned news_items(const struct imap *s, const struct notify_row *row,
	const struct notify_told *was, const struct notify_told *now)
{
	bool has_flags = (row->events & IMAP_EVENT_FLAG_CHANGE) != 0;
	unsigned items = 0;

	if (now->uid_next != was->uid_next || now->count != was->count)
		items |= IMAP_STATUS_UIDNEXT | IMAP_STATUS_MESSAGES;
	if (was->uid_validity != 0 && now->uid_validity != was->uid_validity)
		items |= IMAP_STATUS_UIDNEXT | IMAP_STATUS_MESSAGES | IMAP_STATUS_UIDVALIDITY;
	if (has_flags && now->unseen != was->unseen)
		items |= IMAP_STATUS_UNSEEN;
	if (has_flags && has_condstore(s) && now->modseq != was->modseq)
		items |= IMAP_STATUS_UIDVALIDITY | IMAP_STATUS_HIGHESTMODSEQ;
	if (items != 0 && has_condstore(s))
		items |= IMAP_STATUS_HIGHESTMODSEQ;
	return items;
}

static void look(struct imap *s, struct notify_row *row)
{
	struct notify_told now;
	struct folder *f;
	unsigned items;

	row->is_dirty = false;
	if (!wants_messages(row) || is_selected(s, row))
		return;
	f = row_open(s, row);
	if (f == NULL)
		return;
	now = told_now(f);
	items = news_items(s, row, &row->told, &now);
	row->told = now;
	if (items != 0)
		imap_put_status(s, row->name, f, items);
	folder_close(f);
}

/* RFC 5465 3.1: what SET STATUS asks for. */
static unsigned first_items(const struct notify_row *row)
{
	unsigned items = IMAP_STATUS_MESSAGES | IMAP_STATUS_UIDNEXT | IMAP_STATUS_UIDVALIDITY;

	if ((row->events & IMAP_EVENT_FLAG_CHANGE) != 0)
		items |= IMAP_STATUS_HIGHESTMODSEQ;
	return items;
}

void notify_tell_first(struct imap *s, struct notify *n)
{
	for (size_t i = 0; i < n->picture.count && !s->is_broken; i++) {
		struct notify_row *row = &n->picture.at[i];
		struct folder *f;

		if (row->is_denied)
			notify_put_list(s, NULL, row->name, S(""), true);
		f = wants_messages(row) ? row_open(s, row) : NULL;
		if (f == NULL)
			continue;
		row->told = told_now(f);
		if (n->given.wants_status && !is_selected(s, row))
			imap_put_status(s, row->name, f, first_items(row));
		folder_close(f);
	}
}

/* ---- What happened ---- */

static void mark(struct notify *n, struct id account, const struct change_notes *notes)
{
	for (size_t i = 0; i < n->picture.count; i++) {
		struct notify_row *row = &n->picture.at[i];

		if (!id_same(row->account, account))
			continue;
		row->is_dirty = row->is_dirty || notes->is_all;
		for (size_t k = 0; k < notes->folder_count; k++)
			row->is_dirty = row->is_dirty || id_same(row->folder, notes->folders[k]);
	}
}

/* True: names changed. */
static bool take_notes(struct imap *s, struct notify *n)
{
	bool has_names = false;

	for (size_t i = 0; i < n->watch_count; i++) {
		struct notify_watch *watch = n->watches[i];
		struct change_notes notes;

		if (!changes_take(s->client.host->mail->changes, &watch->watcher, &notes))
			continue;
		mark(n, watch->watcher.folder, &notes);
		has_names = has_names || notes.has_names;
		n->has_overflow = !notify_put_entries(s, n, &notes) || n->has_overflow;
		change_notes_done(&notes);
	}
	return has_names;
}

/* False: it cannot be done now, and is owed. */
static bool names_tell(struct imap *s, struct notify *n)
{
	struct error e = { .fault = FAULT_NONE };
	struct notify_picture after;
	auto_roster roster = { 0 };

	if (!roster_read(s, n->has_others, &roster, &e)) {
		imap_note_failure(s, &e);
		return false;
	}
	if (notify_draw(s, n, &roster, &n->picture, &after) != NOTIFY_DRAWN ||
		!notify_put_names(s, n, &roster, &n->picture)) {
		notify_picture_done(&after);
		imap_notify_overflow(s);
		return true;
	}
	notify_picture_done(&n->picture);
	n->picture = after;
	if (notify_watch_all(s, n) != NOTIFY_WATCHED)
		imap_notify_overflow(s);
	return true;
}

bool imap_notify_tell(struct imap *s)
{
	struct notify *n = s->notify;

	if (n == NULL || n->given.group_count == 0)
		return true;
	n->owes_names = take_notes(s, n) || n->owes_names;
	if (n->has_overflow) {
		imap_notify_overflow(s);
		return true;
	}
	if (n->owes_names) {
		n->has_new_watch = false;
		n->owes_names = !names_tell(s, n);
		/* What happened before somebody new was watched is seen by looking again. */
		if (n->has_new_watch)
			n->owes_names = !names_tell(s, n);
	}
	n->own[0] = n->own[1] = S("");
	for (size_t i = 0; i < n->picture.count && !s->is_broken; i++)
		if (n->picture.at[i].is_dirty)
			look(s, &n->picture.at[i]);
	return true;
}

bool imap_notify_has_news(const struct imap *s)
{
	const struct notify *n = s->notify;

	if (n == NULL || n->given.group_count == 0)
		return false;
	for (size_t i = 0; i < n->watch_count; i++)
		if (changes_has(s->client.host->mail->changes, &n->watches[i]->watcher))
			return true;
	return false;
}

bool imap_notify_without_own(struct imap *s, struct uids *arrivals)
{
	bool is_good = uids_take_away(arrivals, &s->notify->own_arrivals);

	uids_clear(&s->notify->own_arrivals);
	return is_good;
}
