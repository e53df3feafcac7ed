/* SPDX-License-Identifier: MIT */
#include "session/imap/notify.h"

#include "base/limits.h"
#include "session/imap/place.h"
#include "session/imap/push.h"
#include "syntax/imap_name.h"

#include <stdlib.h>
#include <string.h>

/* ---- What is asked ---- */

static bool names_have(const struct imap_scope *scope, struct slice name, bool with_below)
{
	for (size_t i = 0; i < scope->name_count; i++)
		if (slice_same(scope->names[i], name) ||
			(with_below && imap_name_is_below(name, scope->names[i])))
			return true;
	return false;
}

static bool scope_has(
	const struct imap_scope *scope, const struct imap *s, const struct roster_row *row)
{
	switch (scope->kind) {
	case IMAP_SCOPE_INBOXES: /* mail is delivered to no other */
		return id_same(row->box.id, s->client.account_id);
	case IMAP_SCOPE_PERSONAL:
		return id_same(row->account, s->client.account_id);
	case IMAP_SCOPE_SUBSCRIBED:
		return row->box.is_subscribed;
	case IMAP_SCOPE_MAILBOXES:
		return names_have(scope, row->box.name, false);
	case IMAP_SCOPE_SUBTREE:
		return names_have(scope, row->box.name, true);
	case IMAP_SCOPE_SELECTED:
	case IMAP_SCOPE_SELECTED_DELAYED:
	case IMAP_SCOPE_SUBTREE_ONE:
		break;
	}
	return false;
}

unsigned notify_events(const struct notify *n, const struct imap *s, const struct roster_row *row)
{
	unsigned events = 0;

	for (size_t i = 0; i < n->given.group_count; i++)
		if (scope_has(&n->given.groups[i].scope, s, row))
			events |= n->given.groups[i].events;
	return events;
}

static bool is_of_selected(const struct imap_notify_group *g)
{
	return g->scope.kind == IMAP_SCOPE_SELECTED || g->scope.kind == IMAP_SCOPE_SELECTED_DELAYED;
}

bool imap_wants_selected(const struct imap *s, enum imap_event event)
{
	if (s->notify == NULL)
		return true;
	return s->notify->selected != NULL && (s->notify->selected->events & event) != 0;
}

bool imap_wants_expunge_now(const struct imap *s)
{
	return s->notify != NULL && s->notify->selected != NULL &&
	       s->notify->selected->scope.kind == IMAP_SCOPE_SELECTED;
}

const struct imap_fetch_items *imap_wants_items(const struct imap *s)
{
	const struct imap_fetch_items *items;

	if (s->notify == NULL || s->notify->selected == NULL)
		return NULL;
	items = &s->notify->selected->new_items;
	return items->items != 0 || items->section_count > 0 ? items : NULL;
}

/* ---- Watching ---- */

static void watch_wake(struct watcher *w)
{
	struct notify_watch *watch = (struct notify_watch *)(void *)w;

	imap_wake_session(watch->session);
}

static bool is_watched(const struct notify *n, struct id account)
{
	for (size_t i = 0; i < n->watch_count; i++)
		if (id_same(n->watches[i]->watcher.folder, account))
			return true;
	return false;
}

static enum notify_watched watch_add(struct imap *s, struct notify *n, struct id account)
{
	struct notify_watch **more, *watch;

	if (is_watched(n, account))
		return NOTIFY_WATCHED;
	if (n->watch_count >= LIMIT_NOTIFY_OWNERS)
		return NOTIFY_TOO_MANY;
	more = realloc(n->watches, (n->watch_count + 1) * sizeof *more);
	if (more == NULL)
		return NOTIFY_SHORT;
	n->watches = more;
	watch = calloc(1, sizeof *watch);
	if (watch == NULL)
		return NOTIFY_SHORT;
	watch->session = s;
	watch->watcher.wake = watch_wake;
	watch->watcher.notes = &watch->notes;
	watch->watcher.wants_entries = n->wants_entries;
	watch->watcher.reader = s->client.account_id;
	watch->watcher.origin = s;
	n->watches[n->watch_count++] = watch;
	n->has_new_watch = true;
	changes_watch_account(s->client.host->mail->changes, &watch->watcher, account);
	return NOTIFY_WATCHED;
}

static bool is_in_picture(const struct notify *n, struct id account)
{
	for (size_t i = 0; i < n->picture.count; i++)
		if (id_same(n->picture.at[i].account, account))
			return true;
	return false;
}

static void watch_free(struct imap *s, struct notify_watch *watch)
{
	changes_unwatch(s->client.host->mail->changes, &watch->watcher);
	change_notes_done(&watch->notes);
	free(watch);
}

/* Those who show nothing any more. */
static void watches_prune(struct imap *s, struct notify *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->watch_count; i++) {
		struct id account = n->watches[i]->watcher.folder;

		if (id_same(account, s->client.account_id) || id_same(account, s->reader.domain) ||
			is_in_picture(n, account))
			n->watches[kept++] = n->watches[i];
		else
			watch_free(s, n->watches[i]);
	}
	n->watch_count = kept;
}

enum notify_watched notify_watch_all(struct imap *s, struct notify *n)
{
	enum notify_watched answer;

	watches_prune(s, n);
	answer = watch_add(s, n, s->client.account_id);
	/* What somebody gives to all of the domain is told there. */
	if (answer == NOTIFY_WATCHED && n->has_others)
		answer = watch_add(s, n, s->reader.domain);

	for (size_t i = 0; answer == NOTIFY_WATCHED && i < n->picture.count; i++)
		answer = watch_add(s, n, n->picture.at[i].account);
	return answer;
}

static void watches_free(struct imap *s, struct notify *n)
{
	for (size_t i = 0; i < n->watch_count; i++)
		watch_free(s, n->watches[i]);
	free(n->watches);
	n->watches = NULL;
	n->watch_count = 0;
}

void notify_free(struct imap *s, struct notify *n)
{
	if (n == NULL)
		return;
	watches_free(s, n);
	notify_picture_done(&n->picture);
	uids_done(&n->own_arrivals);
	arena_done(&n->words);
	free(n);
}

void imap_notify_forget(struct imap *s)
{
	notify_free(s, s->notify);
	s->notify = NULL;
}

/* ---- The command ---- */

/* RFC 5465 5.8: as if NOTIFY NONE had come. */
void imap_notify_overflow(struct imap *s)
{
	struct notify *n = s->notify;

	n->selected = NULL;
	n->given.groups = NULL;
	n->given.group_count = 0;
	watches_free(s, n);
	notify_picture_done(&n->picture);
	imap_put(s, S("* OK [NOTIFICATIONOVERFLOW] There is too much to tell: NOTIFY is off\r\n"));
}

static bool may_mean_others(const struct imap_scope *scope)
{
	if (scope->kind == IMAP_SCOPE_SUBSCRIBED)
		return true;
	for (size_t i = 0; i < scope->name_count; i++)
		if (place_is_foreign(scope->names[i]))
			return true;
	return false;
}

static void given_read(struct notify *n)
{
	const unsigned of_entries =
		IMAP_EVENT_MAILBOX_METADATA_CHANGE | IMAP_EVENT_SERVER_METADATA_CHANGE;

	for (size_t i = 0; i < n->given.group_count; i++) {
		const struct imap_notify_group *g = &n->given.groups[i];

		n->has_others = n->has_others || may_mean_others(&g->scope);
		n->wants_entries = n->wants_entries || (g->events & of_entries) != 0;
		n->wants_server =
			n->wants_server || (g->events & IMAP_EVENT_SERVER_METADATA_CHANGE) != 0;
	}
	for (size_t i = 0; i < n->given.group_count; i++)
		if (is_of_selected(&n->given.groups[i]) && n->given.groups[i].events != 0)
			n->selected = &n->given.groups[i];
}

/* The words stay as long as the NOTIFY: names and sections point into them. */
static enum next notify_parse(struct imap *s, struct slice args, struct notify *n)
{
	struct imap_parse parse = { .arena = &n->words, .is_utf8 = s->parse.is_utf8 };
	struct slice copy = arena_copy(&n->words, args);

	if (copy.at == NULL)
		return imap_no(s, S("[UNAVAILABLE] Out of memory"));
	if (imap_notify_parse(&parse, copy, &n->given)) {
		given_read(n);
		return NEXT_PARK;
	}
	if (n->given.is_unknown_event)
		return imap_no(s, S("[BADEVENT (MessageNew MessageExpunge FlagChange MailboxName "
				    "SubscriptionChange MailboxMetadataChange "
				    "ServerMetadataChange)] There is no such event here"));
	return imap_bad(s, slice_of(parse.why));
}

static enum next refuse_overflow(struct imap *s)
{
	return imap_no_format(s,
		"[NOTIFICATIONOVERFLOW] At most %d mailboxes of %d people can be watched",
		LIMIT_NOTIFY_MAILBOXES, LIMIT_NOTIFY_OWNERS);
}

/* Watches first and looks then: nothing falls in between. NEXT_PARK: it stands. */
static enum next notify_begin(struct imap *s, struct notify *n)
{
	struct error e = { .fault = FAULT_NONE };
	const struct acl_reader *who;
	auto_roster roster = { 0 };

	if (n->given.group_count == 0)
		return NEXT_PARK;
	if (n->has_others && !place_reader(s, &who, &e))
		return imap_failed(s, &e);
	for (unsigned look = 0; look < 2; look++) {
		if (notify_watch_all(s, n) != NOTIFY_WATCHED)
			return refuse_overflow(s);
		roster_done(&roster);
		notify_picture_done(&n->picture);
		if (!roster_read(s, n->has_others, &roster, &e))
			return imap_failed(s, &e);
		if (notify_draw(s, n, &roster, NULL, &n->picture) != NOTIFY_DRAWN)
			return refuse_overflow(s);
	}
	return NEXT_PARK;
}

enum next imap_notify(struct imap *s, struct slice args)
{
	struct notify *n = calloc(1, sizeof *n);
	enum next next;

	if (n == NULL)
		return imap_no(s, S("[UNAVAILABLE] Out of memory"));
	n->words.max = LIMIT_ARENA_BYTES;
	next = notify_parse(s, args, n);
	if (next == NEXT_PARK)
		next = notify_begin(s, n);
	if (next != NEXT_PARK) {
		notify_free(s, n);
		return next;
	}
	/* RFC 5465 3.1: what has piled up is told as it was asked for before. */
	if (!imap_tell_news(s)) {
		notify_free(s, n);
		return NEXT_CLOSE;
	}
	imap_notify_forget(s);
	s->notify = n;
	atomic_store(&s->wants_wake, true);
	notify_tell_first(s, n);
	return imap_ok(s, n->given.is_none ? S("You hear no more") : S("You will hear of it"));
}

/* ---- What the session itself does ---- */

void imap_notify_own(struct imap *s, struct slice name, struct slice other)
{
	if (s->notify == NULL)
		return;
	s->notify->own[0] = name;
	s->notify->own[1] = other;
}

void imap_notify_arrivals(struct imap *s, struct id folder, uint32_t uid_first, uint32_t count)
{
	struct notify *n = s->notify;

	if (n == NULL || count == 0)
		return;
	if (imap_wants_items(s) != NULL && s->state == IMAP_SELECTED &&
		id_same(folder, folder_id(s->view.folder)) &&
		!uids_append(&n->own_arrivals, uid_first, uid_first + count - 1))
		uids_clear(&n->own_arrivals); /* then they are told like others' */
	for (size_t i = 0; i < n->picture.count; i++) {
		struct notify_row *row = &n->picture.at[i];

		if (!id_same(row->folder, folder) || row->told.uid_next != uid_first)
			continue;
		row->told.uid_next += count;
		row->told.count += count;
	}
}

/* What others did there and was not told stays to be told. */
void imap_notify_left(struct imap *s)
{
	struct notify *n = s->notify;

	if (n == NULL)
		return;
	uids_clear(&n->own_arrivals);
	for (size_t i = 0; i < n->picture.count; i++) {
		struct notify_row *row = &n->picture.at[i];

		if (!id_same(row->folder, folder_id(s->view.folder)))
			continue;
		row->told.uid_next = s->view.uid_next;
		row->told.count = uids_size(&s->view.uids);
		row->told.modseq = s->view.modseq;
		row->is_dirty = true;
	}
}
