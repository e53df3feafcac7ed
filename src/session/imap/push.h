/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * push - what the rest of the session asks of NOTIFY and IDLE: notify*.c, idle.c.
 */
#include "session/imap/imap.h"
#include "syntax/imap_notify.h"

/* Any time, also without a command: a change wakes the session, and it is told at once. */
bool imap_is_pushed(const struct imap *s);
MUST_CHECK bool imap_push_news(struct imap *s);
/* Under changes' lock, on the thread of whoever committed. */
void imap_wake_session(struct imap *s);

enum next imap_notify(struct imap *s, struct slice args);
void imap_notify_forget(struct imap *s);
/* Does the client want to hear of this in the selected mailbox? Without NOTIFY: yes. */
bool imap_wants_selected(const struct imap *s, enum imap_event event);
/* EXPUNGE at any time, by SELECTED. */
bool imap_wants_expunge_now(const struct imap *s);
/* What to fetch of new messages; NULL: nothing. */
const struct imap_fetch_items *imap_wants_items(const struct imap *s);
/* Says what happened in mailboxes that are not selected, and to names. False: the session ends. */
MUST_CHECK bool imap_notify_tell(struct imap *s);
/* Is there something to be looked at? */
bool imap_notify_has_news(const struct imap *s);
/* Too much: NOTIFY is off, and the client is told. */
void imap_notify_overflow(struct imap *s);

/* This command changed these names itself, or put messages there: no news for this client (RFC 5465 5). */
void imap_notify_own(struct imap *s, struct slice name, struct slice other);
void imap_notify_arrivals(struct imap *s, struct id folder, uint32_t uid_first, uint32_t count);
/* New messages of the selected mailbox which the session did not put there itself. False: no memory. */
MUST_CHECK bool imap_notify_without_own(struct imap *s, struct uids *arrivals);
/* The selected mailbox is about to be left. */
void imap_notify_left(struct imap *s);
