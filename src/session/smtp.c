/* SPDX-License-Identifier: MIT */
#include "session/smtp.h"

#include "base/limits.h"
#include "base/log.h"

#include <stdlib.h>

/* Services, as bits of their kinds. */
enum {
	ON_SMTP = 1u << SESSION_SMTP,
	ON_SUBMISSION = 1u << SESSION_SUBMISSION,
	ON_LMTP = 1u << SESSION_LMTP,
	ON_BOTH = ON_SMTP | ON_SUBMISSION,
	ON_ALL = ON_BOTH | ON_LMTP,
};

enum {
	NEED_LOGIN = 1u << 0,   /* on submission: somebody must have logged in */
	NEED_CHANNEL = 1u << 1, /* a channel that may carry a password */
};

enum {
	ANY_PHASE = PHASE_GREETED | PHASE_READY | PHASE_MAIL | PHASE_RCPT | PHASE_CHUNK,
	IN_MAIL = PHASE_MAIL | PHASE_RCPT,
};

/*
 * The protocol. ends_pipeline: the client must wait for this answer (RFC 2920 3.1), so it leaves at once. Whoever
 * does not wait is served all the same, but for STARTTLS, where what came too early is dropped.
 */
/* clang-format off */
static const struct smtp_verb {
	struct slice name;
	unsigned     services;
	unsigned     phases;
	unsigned     needs;
	bool         ends_pipeline;
	enum next  (*run)(struct smtp *s, struct slice args);
	enum next  (*refused)(struct smtp *s, struct slice args, struct slice reply); /* NULL: the reply is enough */
} smtp_verbs[] = {
	{ S_INIT("MAIL"),     ON_ALL,        PHASE_READY,              NEED_LOGIN,   false, smtp_mail,     NULL },
	{ S_INIT("RCPT"),     ON_ALL,        IN_MAIL,                  NEED_LOGIN,   false, smtp_rcpt,     NULL },
	{ S_INIT("DATA"),     ON_ALL,        PHASE_RCPT,               NEED_LOGIN,   true,  smtp_data,     NULL },
	{ S_INIT("BDAT"),     ON_ALL,        PHASE_RCPT | PHASE_CHUNK, NEED_LOGIN,   false, smtp_bdat,     smtp_bdat_refused },
	{ S_INIT("EHLO"),     ON_BOTH,       ANY_PHASE,                0,            true,  smtp_ehlo,     NULL },
	{ S_INIT("HELO"),     ON_BOTH,       ANY_PHASE,                0,            true,  smtp_helo,     NULL },
	{ S_INIT("LHLO"),     ON_LMTP,       ANY_PHASE,                0,            true,  smtp_lhlo,     NULL },
	{ S_INIT("RSET"),     ON_ALL,        ANY_PHASE,                0,            false, smtp_rset,     NULL },
	{ S_INIT("NOOP"),     ON_ALL,        ANY_PHASE,                0,            true,  smtp_noop,     NULL },
	{ S_INIT("QUIT"),     ON_ALL,        ANY_PHASE,                0,            true,  smtp_quit,     NULL },
	{ S_INIT("STARTTLS"), ON_ALL,        PHASE_READY,              0,            true,  smtp_starttls, NULL },
	{ S_INIT("AUTH"),     ON_SUBMISSION, PHASE_READY,              NEED_CHANNEL, true,  smtp_auth,     NULL },
	{ S_INIT("VRFY"),     ON_ALL,        ANY_PHASE,                NEED_LOGIN,   true,  smtp_vrfy,     NULL },
	{ S_INIT("EXPN"),     ON_ALL,        ANY_PHASE,                0,            true,  smtp_expn,     NULL },
	{ S_INIT("HELP"),     ON_ALL,        ANY_PHASE,                0,            true,  smtp_help,     NULL },
};
/* clang-format on */

enum session_kind smtp_kind(const struct smtp *s)
{
	return s->client.service.kind;
}

static const struct smtp_verb *verb_find(struct slice name)
{
	for (size_t i = 0; i < COUNT(smtp_verbs); i++)
		if (slice_same_nocase(smtp_verbs[i].name, name))
			return &smtp_verbs[i];
	return NULL;
}

/* Why a command does not fit this phase: something is missing before it, or something must end first. */
static struct slice phase_reply(unsigned phases, unsigned phase)
{
	bool comes_too_late = (phases & (phase - 1)) != 0;

	if (phase == PHASE_GREETED)
		return S("503 5.5.1 Say hello (EHLO, HELO or LHLO) first");
	if (phase == PHASE_CHUNK)
		return S("503 5.5.1 Not between chunks: go on with BDAT, or RSET");
	if (comes_too_late)
		return S("503 5.5.1 Not in the middle of a mail: finish it, or RSET");
	if (phase == PHASE_READY)
		return S("503 5.5.1 No mail begun: MAIL first");
	return S("503 5.5.1 No valid recipient: RCPT first");
}

/* The columns. Empty when the command may run. */
static struct slice verb_refusal(const struct smtp *s, const struct smtp_verb *verb)
{
	const struct client *c = &s->client;

	if ((verb->services & 1u << smtp_kind(s)) == 0)
		return S("502 5.5.1 That command is not offered on this port");
	if ((verb->phases & s->phase) == 0)
		return phase_reply(verb->phases, s->phase);
	if ((verb->needs & NEED_CHANNEL) != 0 && !client_may_login(c))
		return S("530 5.7.0 Must issue a STARTTLS command first");
	if ((verb->needs & NEED_LOGIN) != 0 && smtp_kind(s) == SESSION_SUBMISSION &&
		c->account == NULL)
		return S("530 5.7.0 Authentication required");
	return S("");
}

static enum next smtp_command(struct smtp *s, struct slice line)
{
	struct smtp_command command = smtp_line_split(line);
	const struct smtp_verb *verb = verb_find(command.verb);
	struct slice refusal;
	enum next next;

	if (verb == NULL)
		return smtp_wrong(s, S("500 5.5.2 Command not recognized"));
	refusal = verb_refusal(s, verb);
	if (refusal.len == 0)
		next = verb->run(s, command.args);
	else if (verb->refused != NULL)
		next = verb->refused(s, command.args, refusal);
	else
		next = smtp_wrong(s, refusal);
	if (verb->ends_pipeline && next != NEXT_CLOSE && !conn_flush(s->client.conn))
		return NEXT_CLOSE;
	return next;
}

static enum next smtp_timeout(struct smtp *s)
{
	client_count(&s->client, COUNT_TIMEOUTS);
	return smtp_last_word(s, S("421 4.4.2 Timeout, closing the connection"));
}

static enum next smtp_event(struct smtp *s, enum client_event event, struct slice line)
{
	switch (event) {
	case CLIENT_COMMAND:
		return smtp_command(s, line);
	case CLIENT_BARE:
		return smtp_wrong(
			s, S("500 5.5.2 A command line ends with CRLF and has no other CR or LF"));
	case CLIENT_TOO_LONG:
		return smtp_wrong(s, S("500 5.5.6 Line too long"));
	case CLIENT_TIMEOUT:
		return smtp_timeout(s);
	case CLIENT_REVOKED:
		return smtp_last_word(
			s, S("421 4.7.0 Your account is disabled, closing the connection"));
	case CLIENT_DRAIN:
		return smtp_last_word(s, S("421 4.3.2 The server is stopping, try again later"));
	case CLIENT_QUIET:
	case CLIENT_GONE:
		break;
	}
	return NEXT_CLOSE;
}

static enum next smtp_step(struct work *w, enum wake why)
{
	struct smtp *s = (struct smtp *)w;
	struct slice line = S("");
	enum client_event event;
	enum next next;

	if (!s->client.is_greeted && why != WAKE_DRAIN && smtp_greet(s) == NEXT_CLOSE)
		return NEXT_CLOSE;
	event = client_command(&s->client, why, LIMIT_SMTP_LINE_BYTES, &line);
	if (event == CLIENT_QUIET)
		return client_park(&s->client);
	next = smtp_event(s, event, line);
	client_answered(&s->client);
	return next;
}

static void smtp_end(struct work *w)
{
	struct smtp *s = (struct smtp *)w;

	smtp_message_drop(s);
	free(s->hello);
	client_done(&s->client);
	free(s);
}

bool smtp_session_new(struct session_host *h, struct session_service service, struct conn *conn,
	struct work **ret, struct error *e)
{
	struct smtp *s = calloc(1, sizeof *s);

	if (s == NULL) {
		conn_close(conn);
		return fail(e, FAULT_LATER, "begin a session: out of memory");
	}
	s->client.work = (struct work){ .step = smtp_step, .end = smtp_end };
	s->phase = PHASE_GREETED;
	client_init(&s->client, h, service, conn);
	*ret = &s->client.work;
	return true;
}
