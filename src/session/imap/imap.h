/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap - one IMAP session: what its files share. RFC 3501 (IMAP4rev1), RFC 9051 (IMAP4rev2) and extensions.
 *
 *   imap.c        the step, the table of commands, the columns' enforcement
 *   read.c        puts a command together from lines and literals
 *   reply.c       answers, and the one place where a failure becomes one
 *   hello.c       the greeting, CAPABILITY, ENABLE, ID, NAMESPACE, NOOP, LOGOUT
 *   login.c       STARTTLS, LOGIN, AUTHENTICATE
 *   select.c      SELECT, EXAMINE, CLOSE, UNSELECT
 *   news.c        what others did: EXISTS, EXPUNGE, VANISHED, FETCH (FLAGS …)
 *   idle.c        IDLE, and what is pushed (push.h)
 *   notify*.c     NOTIFY
 *   roster.c      which mailboxes there are
 *   compress.c    COMPRESS
 *   set.c         message sets to UIDs; a walk over their entries
 *
 * The rest have headers of their own or are named like their commands.
 *
 * A command is read whole (messages of APPEND apart), runs, and is answered before the next one is looked at: so pipelined
 * commands run as if one after the other. What a handler says collects in `out` and leaves through conn.
 * Not a public header: session.h is.
 * Ownership: text and arena live for one command and are given back when the session is parked.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "mail/acl.h"
#include "mail/changes.h"
#include "mail/view.h"
#include "session/client.h"
#include "syntax/imap_line.h"
#include "syntax/imap_set.h"

enum imap_state {
	IMAP_STRANGER = 1u << 0, /* not authenticated */
	IMAP_KNOWN = 1u << 1,    /* authenticated, nothing selected */
	IMAP_SELECTED = 1u << 2,
};

enum imap_enabled { /* bits, RFC 5161 */
	IMAP_ENABLED_REV2 = 1u << 0,
	IMAP_ENABLED_UTF8 = 1u << 1,
	IMAP_ENABLED_CONDSTORE = 1u << 2,
	IMAP_ENABLED_QRESYNC = 1u << 3,
	IMAP_ENABLED_UIDONLY = 1u << 4, /* RFC 9586: no message number in either direction */
};

enum {
	IMAP_LINE_BYTES = LIMIT_CONN_IN_BYTES - 2, /* LIMIT_IMAP_LINE_BYTES with its CRLF */
	IMAP_STRANGER_BYTES =
		16 << 10,          /* a command of somebody who has not logged in: SASL at most */
	IMAP_OUT_BYTES = 16 << 10, /* an answer is handed to conn in pieces of this size */
	IMAP_OUT_MAX_BYTES = 512 << 10, /* the longest piece built at once: an ENVELOPE */
	IMAP_FETCHED =
		64, /* noted together: a log line for each would wake the log's writer each time */
	IMAP_LONG_COMMAND_MS =
		5, /* a flush costs far less than such a command; most take a tenth of it */
	IMAP_IDLE_WAIT_MS = 30 * 60 * 1000, /* RFC 9051 5.4: at least 30 minutes, once logged in */
};

/* The searches whose changes the client wants to hear of, and up to where they were told: context.h. */
struct context;
struct contexts {
	struct context *first;
	size_t count, sorted_count;
	uint64_t modseq;             /* flags up to it */
	uint32_t uid_next, uid_last; /* messages below; the last of them, what "*" was */
};

/* A message that was sent whole, and is not yet in its timeline. */
struct imap_fetched {
	struct id message;
	uint64_t bytes;
	struct moment when;
};

struct imap {
	struct client client; /* first */
	unsigned state;       /* one bit of enum imap_state */
	unsigned enabled;     /* bits of enum imap_enabled */
	struct arena arena;   /* one command's */
	struct imap_parse parse;
	struct buf text;  /* the command with its literals */
	struct buf out;   /* what was said and is not yet with conn */
	bool is_broken;   /* an answer could not be said: the session ends */
	struct slice tag; /* of the command that runs; in the arena */
	bool is_uid;      /* it is UID FETCH, not FETCH */
	bool may_expunge; /* its answer may hold EXPUNGE */
	bool tells_own;   /* it removes messages: they are told whatever NOTIFY says */
	char *idle_tag;   /* of the IDLE that waits for DONE; NULL: none */
	struct acl_reader
		reader; /* as whom it sees mailboxes of others; its domain is zero until asked */
	struct notify *notify; /* NULL: no NOTIFY was given; see notify.h */

	/* While a mailbox is selected: */
	struct view view;
	bool is_read_only;            /* EXAMINE, or nothing may be changed */
	unsigned rights;              /* bits of enum imap_right; see place.h */
	size_t keywords_told;         /* how many keywords of the mailbox stood in FLAGS */
	uint32_t uid_fetched;         /* UIDs below it are noted as fetched */
	struct imap_fetched *fetched; /* IMAP_FETCHED of them, or NULL */
	size_t fetched_count;
	struct uids saved; /* SEARCH RETURN (SAVE), RFC 5182 */
	struct contexts contexts;
	struct watcher watcher;
	atomic_bool wants_wake; /* in IDLE, or after NOTIFY: a change wakes the session */
};

/* One command of the table. */
typedef enum next imap_command_fn(struct imap *s, struct slice args);

/* read.c */
enum imap_read {
	IMAP_READ_DONE,
	IMAP_READ_REFUSED, /* answered; the client goes on with another command */
	IMAP_READ_CLOSE,
};
/* Adds the literals that follow this line, and the lines after them, to s->text. */
MUST_CHECK enum imap_read imap_read_rest(struct imap *s, struct slice line);
/* The next line in the middle of a command; borrowed until the next read. False: the session ends. */
MUST_CHECK bool imap_read_line(struct imap *s, struct slice *ret);
void imap_note_garbled(struct imap *s);
/* Some bytes of a literal, at most max. False: the session ends. */
struct imap_pace { /* the minimum rate of a literal */
	uint64_t window_end_ns, window_bytes;
};
MUST_CHECK bool imap_read_some(
	struct imap *s, struct imap_pace *pace, uint64_t max, struct slice *ret);
/* Drops the literals that stand behind this line and its further lines, up to one that the client waits with. False: the session
 * ends. */
MUST_CHECK bool imap_read_over(struct imap *s, struct slice line);
/* Tells the client to go on with a synchronising literal. */
MUST_CHECK bool imap_read_go_ahead(struct imap *s, struct imap_literal literal);

/* reply.c: what is said goes to s->out; a failure is remembered until the command's end. */
void imap_put(struct imap *s, struct slice text);
void imap_put_bytes(struct imap *s, struct slice bytes); /* of messages */
void imap_put_format(struct imap *s, const char *format, ...) PRINTF_LIKE(2, 3);
/* After a syntax/ writer wrote to s->out: `wrote` is what it answered. */
void imap_wrote(struct imap *s, bool wrote);
void imap_put_name(struct imap *s, struct slice mailbox);
void imap_put_string(struct imap *s, struct slice text);
bool imap_is_utf8(const struct imap *s);
bool imap_is_uid_only(const struct imap *s);
/* Hands what was said to conn. False: the session is broken. */
bool imap_push(struct imap *s);
/* The tagged answer: text may begin with a code in brackets. */
enum next imap_ok(struct imap *s, struct slice text);
enum next imap_no(struct imap *s, struct slice text);
enum next imap_bad(struct imap *s, struct slice text);
enum next imap_no_format(struct imap *s, const char *format, ...) PRINTF_LIKE(2, 3);
enum next imap_ok_format(struct imap *s, const char *format, ...) PRINTF_LIKE(2, 3);
/* What the grammar said is wrong. */
enum next imap_misparsed(struct imap *s);
/* The one place where a failure becomes an answer. */
enum next imap_failed(struct imap *s, const struct error *e);
/* Where there is no answer to be given: it is logged and counted. */
void imap_note_failure(struct imap *s, const struct error *e);
/* "* BYE …", and the end. */
enum next imap_bye(struct imap *s, struct slice text);

/* select.c */
enum next imap_select(struct imap *s, struct slice args);
enum next imap_examine(struct imap *s, struct slice args);
enum next imap_close(struct imap *s, struct slice args);
enum next imap_unselect(struct imap *s, struct slice args);
/* FLAGS and PERMANENTFLAGS. */
void imap_put_flag_lists(struct imap *s);
/* Leaves the selected mailbox, if any. */
void imap_leave(struct imap *s);
bool imap_is_read_only(const struct imap *s);

/* news.c */
/* RFC 7162 7: a mod-sequence is positive, also of a mailbox where nothing has happened. */
static inline uint64_t imap_modseq_told(uint64_t modseq)
{
	return modseq == 0 ? 1 : modseq;
}
/* A command that enables CONDSTORE; the first says where the selected mailbox is (RFC 7162 3.1). */
void imap_condstore(struct imap *s);
/* Says what others did to the selected mailbox since the last time. False: the session ends. */
MUST_CHECK bool imap_tell_news(struct imap *s);
/* EXPUNGE or VANISHED. */
void imap_put_gone(struct imap *s, const struct view_news *news);
/* FLAGS again, when keywords were added that the client does not know. */
void imap_tell_keywords(struct imap *s);
/* The same, when one of these is among them: before a FETCH that shows it, RFC 9051 2.3.2 and 7.3.5. */
void imap_announce_keywords(struct imap *s, uint64_t keywords);
/* "FLAGS (\\Seen …)" as this session sees them. */
void imap_put_flags(struct imap *s, const struct entry *entry);
void imap_put_flag_names(struct imap *s, uint32_t flags, uint64_t keywords, struct slice extra);
/* "* 4 FETCH (", has_uid: and "UID 17 "; under UIDONLY "* 17 UIDFETCH (". */
void imap_put_fetch(struct imap *s, uint32_t seq, uint32_t uid, bool has_uid);
/* "* 4 FETCH (FLAGS (…) UID … MODSEQ (…))" */
void imap_put_flag_news(struct imap *s, uint32_t seq, const struct entry *entry, bool has_uid);

/* compress.c */
enum next imap_compress(struct imap *s, struct slice args);

/* idle.c */
enum next imap_idle(struct imap *s, struct slice args);
enum next imap_idle_line(struct imap *s, struct slice line);
void imap_wake(struct watcher *w);

/* set.c */
/* The UIDs of those messages of a mailbox that a set names; numbers that nothing has are passed over (for SEARCH, RFC 7377
 * 2, that is no error). "$" is the session's. *ret starts with all zero; the arena is for the way. False: no memory. */
MUST_CHECK bool imap_set_uids(const struct imap *s, const struct uids *all, struct imap_set set,
	bool is_uid, struct arena *a, struct uids *ret);
/* The same of the selected mailbox, with is_uid of the command; a message number that does not exist is BAD. On failure the
 * answer was said and *ret_next is what follows. */
MUST_CHECK bool imap_set_take(
	struct imap *s, struct imap_set set, struct uids *ret, enum next *ret_next);
/* Adds the UIDs of the messages seq_first to seq_last, both there, above what `ret` has. */
MUST_CHECK bool imap_numbers_add(
	const struct uids *all, uint32_t seq_first, uint32_t seq_last, struct uids *ret);
/* "1:5,7" */
void imap_put_uids(struct imap *s, const struct uids *uids);
/* The places, from 1 to `size`, that PARTIAL leaves of a result (RFC 9394 3.1); false: none. */
struct imap_partial;
MUST_CHECK bool imap_partial_bounds(
	const struct imap_partial *p, uint32_t size, uint32_t *ret_first, uint32_t *ret_last);
/* The messages that it leaves of these. */
MUST_CHECK bool imap_partial_of(
	const struct imap_partial *p, const struct uids *all, struct uids *ret);
/* Reads the entries of these UIDs in pages, front to back; those that are gone are passed over. */
struct imap_walk {
	struct folder *folder;
	const struct uids *uids;
	uint64_t changed_since; /* 0: all */
	size_t limit;           /* rows of a page */
	uint32_t after;
	struct entry_page page;
};
/* The next page, of those that are wanted only: page.count is 0 at the end. */
MUST_CHECK bool imap_walk_page(struct imap_walk *w, struct error *e);
void imap_walk_done(struct imap_walk *w);

/* imap.c */
/* Somebody logged in, or selected, or left a mailbox. */
void imap_become(struct imap *s, enum imap_state state);

/* login.c */
/* Gives back all that hangs on a login. */
void imap_forget(struct imap *s);

/* fetched.c: the stage `fetched` of a mail's timeline: sent whole while unseen, once as a session goes up in the mailbox. */
void imap_fetched(struct imap *s, const struct entry *entry);
void imap_note_fetched(struct imap *s);

/* hello.c */
enum next imap_greet(struct imap *s);
/* "CAPABILITY IMAP4rev1 …", for the code of a greeting too. */
void imap_put_capabilities(struct imap *s);
enum next imap_capability(struct imap *s, struct slice args);
enum next imap_enable(struct imap *s, struct slice args);
enum next imap_identify(struct imap *s, struct slice args);
enum next imap_namespace(struct imap *s, struct slice args);
enum next imap_noop(struct imap *s, struct slice args);
enum next imap_logout(struct imap *s, struct slice args);
enum next imap_starttls(struct imap *s, struct slice args);
enum next imap_login(struct imap *s, struct slice args);
enum next imap_authenticate(struct imap *s, struct slice args);
enum next imap_unauthenticate(struct imap *s, struct slice args);
