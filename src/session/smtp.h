/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * smtp - one SMTP, submission or LMTP session: what its files share.
 *
 *   smtp.c         the step, the table of verbs, the columns' enforcement
 *   smtp_hello.c   EHLO HELO LHLO, STARTTLS, AUTH, and the small verbs
 *   smtp_mail.c    MAIL and RCPT
 *   smtp_data.c    DATA and BDAT: the bytes of a message
 *   smtp_message.c a message from MAIL to its end: header checks, commit, trace
 *   smtp_submit.c  what is different for an authenticated submitter
 *   smtp_reply.c   replies, and the one place where a failure becomes one
 *
 * Not a public header: session.h is.
 * Ownership: the session owns its message; the message's memory (arena, recipients, timeline) comes with MAIL and goes with its
 * end, so that a silent session is small.
 */
#include "base/arena.h"
#include "mail/intake.h"
#include "message/header.h"
#include "session/client.h"
#include "session/crlf_check.h"
#include "syntax/dot.h"
#include "syntax/smtp_line.h"

enum smtp_phase {
	PHASE_GREETED = 1u << 0, /* no EHLO yet */
	PHASE_READY = 1u << 1,
	PHASE_MAIL = 1u << 2,  /* a reverse-path, no recipient */
	PHASE_RCPT = 1u << 3,  /* at least one recipient */
	PHASE_CHUNK = 1u << 4, /* after a BDAT that was not the last */
};

enum {
	/* told as MAILMAX (RFC 9422): a connection does not live for ever */
	LIMIT_MAILS_PER_SESSION = 10000,
	TRACE_REFUSED = 4,
	LIMIT_RATE_WINDOW_S = 30, /* a body's minimum rate is looked at this often */
};

struct smtp_message {
	struct arena arena; /* addresses and targets */
	struct envelope envelope;
	struct intake_rcpt *intake_rcpts; /* one for each of envelope.rcpts */
	size_t rcpt_room, target_count;
	struct intake intake;
	bool has_intake; /* begun, and neither committed nor abandoned */
	struct header header;
	bool has_header; /* looked at, and written with what we add */
	struct dot_decoder dot;
	struct crlf_check crlf;
	uint64_t bytes;          /* of the message as it came */
	uint64_t declared_bytes; /* MAIL SIZE=, else 0 */
	/* a reply: the bytes that follow are dropped, and this is the answer */
	struct slice refusal;
	enum session_counter refusal_counter;
	bool ends_line; /* the last chunk did */
	struct slice refused
		[TRACE_REFUSED]; /* the first recipients that were refused, to find the trace by */
	size_t refused_count;
	bool was_refused; /* some recipient or the whole was: worth a trace also without a commit */
	struct timeline timeline;
};

struct smtp {
	struct client client; /* first */
	unsigned phase;       /* one bit of enum smtp_phase */
	enum envelope_protocol protocol;
	char *hello; /* the client's name for itself, NULL before EHLO */
	unsigned mail_count, rcpts_refused;
	struct smtp_message *message; /* from MAIL to its end, else NULL */
};

/* smtp.c */
enum session_kind smtp_kind(const struct smtp *s);

/* smtp_reply.c: each says one whole reply. */
enum next smtp_say(struct smtp *s, struct slice reply);
enum next smtp_say_format(struct smtp *s, const char *format, ...) PRINTF_LIKE(2, 3);
/* A refusal by policy: counted, logged, and noted in the message's trace if there is one. */
enum next smtp_refuse(
	struct smtp *s, enum session_counter counter, struct slice about, struct slice reply);
/* A command that is wrong: counts toward the limit of errors; at the limit it is the last. */
enum next smtp_wrong(struct smtp *s, struct slice reply);
/* A failure below: its reply tells nothing of our insides, its log line everything. */
struct slice smtp_reply_for(struct smtp *s, const struct error *e);
enum next smtp_failed(struct smtp *s, const struct error *e);
enum next smtp_last_word(struct smtp *s, struct slice reply); /* and closes */

/* smtp_hello.c */
enum next smtp_greet(struct smtp *s);
enum next smtp_ehlo(struct smtp *s, struct slice args);
enum next smtp_helo(struct smtp *s, struct slice args);
enum next smtp_lhlo(struct smtp *s, struct slice args);
enum next smtp_starttls(struct smtp *s, struct slice args);
enum next smtp_auth(struct smtp *s, struct slice args);
enum next smtp_noop(struct smtp *s, struct slice args);
enum next smtp_rset(struct smtp *s, struct slice args);
enum next smtp_quit(struct smtp *s, struct slice args);
enum next smtp_help(struct smtp *s, struct slice args);
enum next smtp_vrfy(struct smtp *s, struct slice args);
enum next smtp_expn(struct smtp *s, struct slice args);

/* smtp_mail.c */
enum next smtp_mail(struct smtp *s, struct slice args);
enum next smtp_rcpt(struct smtp *s, struct slice args);

/* smtp_data.c */
enum next smtp_data(struct smtp *s, struct slice args);
enum next smtp_bdat(struct smtp *s, struct slice args);
/* A BDAT that may not run still has its chunk behind it, which must not be read as commands (RFC 3030 2). */
enum next smtp_bdat_refused(struct smtp *s, struct slice args, struct slice reply);

/* smtp_message.c */
/* Starts a message with this reverse-path; NULL when there is no memory. */
MUST_CHECK struct smtp_message *smtp_message_new(struct smtp *s, const struct smtp_mail_args *args);
MUST_CHECK bool smtp_message_add_rcpt(
	struct smtp_message *m, const struct envelope_rcpt *rcpt, struct targets targets);
void smtp_message_note_refused(struct smtp_message *m, struct slice rcpt);
/* The next bytes of the message, without dots. */
void smtp_message_bytes(struct smtp *s, struct slice bytes);
/* All bytes are here: checks, commits, answers. The message is gone afterwards. */
enum next smtp_message_finish(struct smtp *s);
/* Ends it without a commit: RSET, a new EHLO, the end of the session. */
void smtp_message_drop(struct smtp *s);
/* From now on its bytes are dropped, and the reply (constant text) is its answer. The first refusal stands. */
void smtp_message_refuse(struct smtp_message *m, enum session_counter counter, struct slice reply);

/* smtp_submit.c */
/* May the account use this reverse-path? An answer in *ret_may. */
MUST_CHECK bool smtp_submit_may_send(
	struct smtp *s, struct slice address, bool *ret_may, struct error *e);
/* Refuses the message when its From is not the account's. */
MUST_CHECK bool smtp_submit_check_header(struct smtp *s, struct slice header, struct error *e);
/* Date and Message-ID, when they are missing. */
MUST_CHECK bool smtp_submit_add_fields(struct smtp *s, struct slice header, struct buf *out);
