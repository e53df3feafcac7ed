/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * notify - what a session is told without asking: NOTIFY, RFC 5465.
 *
 *   notify.c          the command, what it asks of which mailbox, the watchers
 *   notify_picture.c  which mailboxes there are for the client, and what is new about their names
 *   notify_tell.c     STATUS of the mailboxes in which something happened
 *
 * A session with NOTIFY is woken by mail/changes like one in IDLE, holds no thread meanwhile, and compares what is with what
 * the client was told last. So nothing is queued for a slow client, and a hundred mails make one STATUS.
 * The selected mailbox is news.c's as ever; what NOTIFY says of it is asked here.
 * Limits: LIMIT_NOTIFY_MAILBOXES and LIMIT_NOTIFY_OWNERS; over them the command is refused, and a session that grows over
 * them is told NOTIFICATIONOVERFLOW and hears no more (RFC 5465 5.8).
 */
#include "mail/changes.h"
#include "session/imap/roster.h"
#include "syntax/imap_notify.h"

enum {
	LIMIT_NOTIFY_MAILBOXES =
		5000, /* names that one session keeps in mind, about 120 bytes each; also that it looks at
		       * when it does not know which changed: 50 ms */
	LIMIT_NOTIFY_OWNERS = 64,     /* other people whose mailboxes it watches: 300 bytes each */
	NOTIFY_ARENA_BYTES = 4 << 20, /* LIMIT_NOTIFY_MAILBOXES with names of full length */
};

/* What the client knows of a mailbox. */
struct notify_told {
	uint32_t uid_validity, uid_next;
	uint64_t count, unseen, modseq;
};

/* A mailbox, or a name that is none, as the client knows it. */
struct notify_row {
	struct slice name;
	struct id folder;  /* zero: the name is no mailbox */
	struct id account; /* its owner */
	unsigned events;   /* bits of enum imap_event that some group asks of it */
	bool is_subscribed;
	bool is_denied; /* it may be seen and not read: \NoAccess */
	bool is_dirty;  /* something happened in it */
	struct notify_told told;
};
struct notify_picture {
	struct notify_row *at; /* by name */
	size_t count;
	struct arena arena;
};
void notify_picture_done(struct notify_picture *p);

/* One account that is watched. */
struct notify_watch {
	struct watcher watcher; /* first */
	struct imap *session;
	struct change_notes notes;
};

/* A session's NOTIFY; NOTIFY NONE is one without groups. */
struct notify {
	struct arena words; /* the command's, for as long as it holds */
	struct imap_notify given;
	const struct imap_notify_group *selected; /* NULL: nothing of the selected mailbox */
	struct notify_picture picture;
	struct notify_watch **watches;
	size_t watch_count;
	bool has_new_watch;
	struct slice own[2];      /* names that the command at hand changed itself: no news */
	struct uids own_arrivals; /* messages that it put into the selected mailbox itself */
	bool wants_entries;       /* of METADATA */
	bool wants_server;        /* also the server's */
	bool has_others;          /* it may be about other people's mailboxes */
	bool has_overflow;        /* entries changed that are not known any more */
	bool owes_names;          /* they could not be read when they changed */
};

/* notify.c */
/* The events that the groups ask of a mailbox. */
unsigned notify_events(const struct notify *n, const struct imap *s, const struct roster_row *row);
/* Watches exactly the owners in the picture, and the session's own account. */
enum notify_watched { NOTIFY_WATCHED, NOTIFY_TOO_MANY, NOTIFY_SHORT };
enum notify_watched notify_watch_all(struct imap *s, struct notify *n);
void notify_free(struct imap *s, struct notify *n);

/* notify_picture.c */
enum notify_drawn { NOTIFY_DRAWN, NOTIFY_OVERFLOW, NOTIFY_FAILED };
/* The picture of now, from the roster; what was told of a mailbox comes over from `before`. */
enum notify_drawn notify_draw(const struct imap *s, const struct notify *n, const struct roster *r,
	const struct notify_picture *before, struct notify_picture *ret);
/* Says what is new about names. False: no memory. */
MUST_CHECK bool notify_put_names(struct imap *s, struct notify *n, const struct roster *r,
	const struct notify_picture *before);
/* "* LIST (…) "/" name" with what is true of it now; row may be NULL. */
void notify_put_list(struct imap *s, const struct roster_row *row, struct slice name,
	struct slice old_name, bool is_denied);

/* notify_entry.c */
/* Says which entries of METADATA changed; RFC 5465 5.6, 5.7. False: too many did. */
MUST_CHECK bool notify_put_entries(
	struct imap *s, const struct notify *n, const struct change_notes *notes);

/* notify_tell.c */
/* As NOTIFY begins: what is there counts as told. With STATUS it is told. */
void notify_tell_first(struct imap *s, struct notify *n);
