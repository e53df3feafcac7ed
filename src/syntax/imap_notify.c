/* SPDX-License-Identifier: MIT */
#include "syntax/imap_notify.h"

#include "base/limits.h"
#include "syntax/imap_inner.h"

static const struct imap_row events[] = {
	{ S_INIT("MessageNew"), IMAP_EVENT_MESSAGE_NEW },
	{ S_INIT("MessageExpunge"), IMAP_EVENT_MESSAGE_EXPUNGE },
	{ S_INIT("FlagChange"), IMAP_EVENT_FLAG_CHANGE },
	{ S_INIT("MailboxName"), IMAP_EVENT_MAILBOX_NAME },
	{ S_INIT("SubscriptionChange"), IMAP_EVENT_SUBSCRIPTION_CHANGE },
	{ S_INIT("MailboxMetadataChange"), IMAP_EVENT_MAILBOX_METADATA_CHANGE },
	{ S_INIT("ServerMetadataChange"), IMAP_EVENT_SERVER_METADATA_CHANGE },
};

static bool is_of_selected(const struct imap_notify_group *g)
{
	return g->scope.kind == IMAP_SCOPE_SELECTED || g->scope.kind == IMAP_SCOPE_SELECTED_DELAYED;
}

static void read_event(struct imap_reader *r, struct imap_notify_group *g, bool *is_unknown)
{
	struct slice word = imap_atom(r, "an event is expected");
	size_t i = imap_row_find(word, events, COUNT(events));

	if (i == COUNT(events)) {
		*is_unknown = !r->c.broken;
		imap_miss(r, "there is no such event");
		return;
	}
	g->events |= events[i].value;
	/* " (" are its items; another event follows a space alone. */
	if (events[i].value != IMAP_EVENT_MESSAGE_NEW || !slice_starts(cursor_rest(&r->c), S(" (")))
		return;
	imap_space(r);
	if (!is_of_selected(g))
		imap_miss(r, "only the selected mailbox has items to fetch after MessageNew");
	g->new_items = imap_fetch_items_read(r);
}

/* RFC 5465 5: what goes only together. */
static void check_events(struct imap_reader *r, const struct imap_notify_group *g)
{
	const unsigned both = IMAP_EVENT_MESSAGE_NEW | IMAP_EVENT_MESSAGE_EXPUNGE;

	if ((g->events & both) != 0 && (g->events & both) != both)
		imap_miss(r, "MessageNew and MessageExpunge go together");
	if ((g->events & IMAP_EVENT_FLAG_CHANGE) != 0 && (g->events & both) != both)
		imap_miss(r, "FlagChange wants MessageNew and MessageExpunge");
	if (is_of_selected(g) && (g->events & ~(both | IMAP_EVENT_FLAG_CHANGE)) != 0)
		imap_miss(r, "SELECTED takes message events only");
}

static void read_events(struct imap_reader *r, struct imap_notify_group *g, bool *is_unknown)
{
	if (imap_try_word(r, S("NONE")))
		return;
	imap_expect(r, '(', "a list of events or NONE is expected");
	do
		read_event(r, g, is_unknown);
	while (imap_try(r, ' '));
	imap_expect(r, ')', "the list of events does not end");
	check_events(r, g);
}

static void read_group(struct imap_reader *r, struct imap_array *groups, struct imap_notify *n)
{
	struct imap_notify_group *g = imap_array_add(
		r, groups, sizeof *g, LIMIT_IMAP_SCOPES, "NOTIFY has too many groups");

	if (g == NULL)
		return;
	imap_expect(r, '(', "a group of NOTIFY is (mailboxes events)");
	g->scope = imap_scope_read(r, IMAP_SCOPE_OF_NOTIFY);
	imap_space(r);
	read_events(r, g, &n->is_unknown_event);
	imap_expect(r, ')', "a group of NOTIFY does not end");
}

/* RFC 5465 6: one of SELECTED and SELECTED-DELAYED, once. */
static void check_groups(struct imap_reader *r, const struct imap_notify *n)
{
	size_t selected_count = 0;

	for (size_t i = 0; i < n->group_count; i++)
		selected_count += is_of_selected(&n->groups[i]);
	if (selected_count > 1)
		imap_miss(r, "SELECTED and SELECTED-DELAYED stand once, and not together");
}

static void read_set(struct imap_reader *r, struct imap_notify *n)
{
	struct imap_array groups = { 0 };

	if (!imap_try_word(r, S("SET")))
		imap_miss(r, "NOTIFY takes SET or NONE");
	imap_space(r);
	n->wants_status = imap_try_word(r, S("STATUS"));
	if (n->wants_status)
		imap_space(r);
	do
		read_group(r, &groups, n);
	while (imap_try(r, ' '));
	n->groups = groups.at;
	n->group_count = groups.count;
	check_groups(r, n);
}

bool imap_notify_parse(struct imap_parse *p, struct slice args, struct imap_notify *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_notify n = { .is_none = imap_try_word(&r, S("NONE")) };

	if (!n.is_none)
		read_set(&r, &n);
	if (!imap_reader_done(&r)) {
		ret->is_unknown_event = n.is_unknown_event;
		return false;
	}
	*ret = n;
	return true;
}
