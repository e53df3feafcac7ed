/* SPDX-License-Identifier: MIT */
#include "session/imap/push.h"

#include "syntax/imap_command.h"

#include <stdlib.h>

/* Under changes' lock, on the thread of whoever committed. */
void imap_wake_session(struct imap *s)
{
	struct work *work = &s->client.work;

	if (atomic_load(&s->wants_wake) && work->pool != NULL)
		pool_wake(work->pool, work);
}

void imap_wake(struct watcher *w)
{
	imap_wake_session((struct imap *)(void *)((char *)w - offsetof(struct imap, watcher)));
}

/* RFC 2177. Whatever happened before the "+" is told right behind it: the next step looks before it waits. */
enum next imap_idle(struct imap *s, struct slice args)
{
	if (!imap_none_parse(&s->parse, args))
		return imap_misparsed(s);
	s->idle_tag = client_text(s->tag);
	if (s->idle_tag == NULL)
		return imap_no(s, S("[UNAVAILABLE] Out of memory"));
	atomic_store(&s->wants_wake, true);
	imap_put(s, S("+ Idling\r\n"));
	return imap_push(s) ? NEXT_AGAIN : NEXT_CLOSE;
}

bool imap_is_pushed(const struct imap *s)
{
	return s->idle_tag != NULL || s->notify != NULL;
}

bool imap_push_news(struct imap *s)
{
	bool has_news = imap_notify_has_news(s);

	/* Somebody else's mailbox is looked at each time: what one may do there changes, too. */
	if (s->state == IMAP_SELECTED)
		has_news = view_has_news(&s->view) || has_news ||
			   !id_same(folder_account(s->view.folder), s->client.account_id);
	if (!has_news)
		return conn_flush(s->client.conn);
	arena_reset(&s->arena);
	s->is_uid = false;
	s->tells_own = false;
	s->may_expunge = s->idle_tag != NULL || imap_wants_expunge_now(s);
	return imap_tell_news(s) && imap_push(s) && conn_flush(s->client.conn);
}

enum next imap_idle_line(struct imap *s, struct slice line)
{
	auto_free char *tag = s->idle_tag;

	atomic_store(&s->wants_wake, s->notify != NULL);
	s->idle_tag = NULL;
	s->may_expunge = true;
	arena_reset(&s->arena);
	s->tag = arena_copy(&s->arena, slice_of(tag));
	if (!slice_same_nocase(line, S("DONE")))
		return imap_bad(s, S("IDLE ends with DONE"));
	return imap_ok(s, S("Idled"));
}
