/* SPDX-License-Identifier: MIT */
#include "session/pop3.h"

#include "base/limits.h"
#include "base/log.h"
#include "syntax/pop3_line.h"

#include <stdlib.h>

enum {
	ANY_PHASE = PHASE_AUTHORIZATION | PHASE_TRANSACTION,
};

/* ---- Replies ---- */

enum next pop3_say(struct pop3 *p, struct slice reply)
{
	return client_say(&p->client, reply);
}

enum next pop3_say_format(struct pop3 *p, const char *format, ...)
{
	enum next next;
	va_list words;

	va_start(words, format);
	next = client_say_words(&p->client, format, words);
	va_end(words);
	return next;
}

/* It leaves when the connection is closed. */
enum next pop3_last_word(struct pop3 *p, struct slice reply)
{
	(void)pop3_say(p, reply);
	return NEXT_CLOSE;
}

enum next pop3_wrong(struct pop3 *p, struct slice reply)
{
	client_count(&p->client, COUNT_REFUSED_SYNTAX);
	if (++p->client.errors < p->client.host->errors_max)
		return pop3_say(p, reply);
	client_count(&p->client, COUNT_TOO_MANY_ERRORS);
	log_event(LOG_LEVEL_INFO, "pop3.too-many-errors",
		LOG_TEXT("peer", conn_peer(p->client.conn)), LOG_TEXT("reply", reply));
	return pop3_last_word(p, S("-ERR Too many errors, closing the connection"));
}

/* RFC 3206: SYS/TEMP may work later, SYS/PERM needs somebody to look. Our insides stay in the log. */
enum next pop3_failed(struct pop3 *p, const struct error *e)
{
	client_count(&p->client, COUNT_STORE_FAILURES);
	log_event(LOG_LEVEL_ERROR, "pop3.failed", LOG_TEXT("peer", conn_peer(p->client.conn)),
		LOG_TEXT("why", slice_of(e->text)));
	if (e->fault == FAULT_NEVER)
		return pop3_say(p, S("-ERR [SYS/PERM] The server has a problem with this"));
	return pop3_say(p, S("-ERR [SYS/TEMP] Temporary failure, try again later"));
}

/* ---- The protocol ---- */

static enum next pop3_noop(struct pop3 *p, struct slice args)
{
	(void)args;
	return pop3_say(p, S("+OK"));
}

/* clang-format off */
static const struct pop3_verb {
	struct slice name;
	unsigned     phases;
	bool         needs_args, may_have_args;
	bool         ends_pipeline;
	enum next  (*run)(struct pop3 *p, struct slice args);
} pop3_verbs[] = {
	{ S_INIT("RETR"), PHASE_TRANSACTION,   true,  true,  false, pop3_retr },
	{ S_INIT("DELE"), PHASE_TRANSACTION,   true,  true,  false, pop3_dele },
	{ S_INIT("LIST"), PHASE_TRANSACTION,   false, true,  false, pop3_list },
	{ S_INIT("UIDL"), PHASE_TRANSACTION,   false, true,  false, pop3_uidl },
	{ S_INIT("TOP"),  PHASE_TRANSACTION,   true,  true,  false, pop3_top },
	{ S_INIT("STAT"), PHASE_TRANSACTION,   false, false, false, pop3_stat },
	{ S_INIT("NOOP"), PHASE_TRANSACTION,   false, false, false, pop3_noop },
	{ S_INIT("RSET"), PHASE_TRANSACTION,   false, false, false, pop3_rset },
	{ S_INIT("USER"), PHASE_AUTHORIZATION, true,  true,  false, pop3_user },
	{ S_INIT("PASS"), PHASE_AUTHORIZATION, true,  true,  false, pop3_pass },
	{ S_INIT("AUTH"), PHASE_AUTHORIZATION, false, true,  true,  pop3_auth },
	{ S_INIT("STLS"), PHASE_AUTHORIZATION, false, false, true,  pop3_stls },
	{ S_INIT("UTF8"), PHASE_AUTHORIZATION, false, false, true,  pop3_utf8 },
	{ S_INIT("CAPA"), ANY_PHASE,           false, false, false, pop3_capa },
	{ S_INIT("QUIT"), ANY_PHASE,           false, false, true,  pop3_quit },
};
/* clang-format on */

static struct slice verb_refusal(
	const struct pop3 *p, const struct pop3_verb *verb, struct slice args)
{
	if ((verb->phases & p->phase) == 0)
		return p->phase == PHASE_AUTHORIZATION ? S("-ERR Log in first")
						       : S("-ERR Already logged in");
	if (verb->needs_args && args.len == 0)
		return S("-ERR That command needs an argument");
	if (!verb->may_have_args && args.len > 0)
		return S("-ERR That command takes no argument");
	return S("");
}

static enum next verb_run(struct pop3 *p, const struct pop3_verb *verb, struct slice args)
{
	struct slice refusal = verb_refusal(p, verb, args);
	enum next next = refusal.len > 0 ? pop3_wrong(p, refusal) : verb->run(p, args);

	if (verb->ends_pipeline && next != NEXT_CLOSE && !conn_flush(p->client.conn))
		return NEXT_CLOSE;
	return next;
}

static enum next pop3_command(struct pop3 *p, struct slice line)
{
	struct pop3_command command = pop3_line_split(line);

	for (size_t i = 0; i < COUNT(pop3_verbs); i++)
		if (slice_same_nocase(pop3_verbs[i].name, command.verb))
			return verb_run(p, &pop3_verbs[i], command.args);
	return pop3_wrong(p, S("-ERR Command not recognized"));
}

/* ---- The session ---- */

static enum next pop3_greet(struct pop3 *p)
{
	struct client *c = &p->client;

	c->is_greeted = true;
	if (c->service.is_implicit_tls && !client_secure(c))
		return NEXT_CLOSE;
	return pop3_say_format(p, "+OK %s Mailvisor POP3", c->host->name);
}

static enum next pop3_event(struct pop3 *p, enum client_event event, struct slice line)
{
	switch (event) {
	case CLIENT_COMMAND:
		return pop3_command(p, line);
	case CLIENT_BARE:
		return pop3_wrong(
			p, S("-ERR A command line ends with CRLF and has no other CR or LF"));
	case CLIENT_TOO_LONG:
		return pop3_wrong(p, S("-ERR Line too long"));
	case CLIENT_TIMEOUT:
		/* RFC 1939 3: closed without a word, and without removing what is marked. */
		client_count(&p->client, COUNT_TIMEOUTS);
		break;
	case CLIENT_REVOKED: /* nothing marked is removed either */
		return pop3_last_word(p, S("-ERR [SYS/PERM] This account is disabled"));
	case CLIENT_DRAIN:
		return pop3_last_word(
			p, S("-ERR [SYS/TEMP] The server is stopping, try again later"));
	case CLIENT_QUIET:
	case CLIENT_GONE:
		break;
	}
	return NEXT_CLOSE;
}

/* Gives back what only RETR and TOP need. */
static void pop3_rest(struct pop3 *p)
{
	pop3_note_fetched(p);
	free(p->fetched);
	p->fetched = NULL;
	entry_page_done(&p->page);
	buf_done(&p->encoded);
}

/* A silent client keeps its list of messages and nothing else. */
static enum next pop3_park(struct pop3 *p)
{
	pop3_rest(p);
	return client_park(&p->client);
}

static enum next pop3_step(struct work *w, enum wake why)
{
	struct pop3 *p = (struct pop3 *)w;
	struct slice line = S("");
	enum client_event event;
	enum next next;

	if (!p->client.is_greeted && why != WAKE_DRAIN && pop3_greet(p) == NEXT_CLOSE)
		return NEXT_CLOSE;
	event = client_command(&p->client, why, LIMIT_POP3_LINE_BYTES, &line);
	if (event == CLIENT_QUIET)
		return pop3_park(p);
	next = pop3_event(p, event, line);
	client_answered(&p->client);
	return next;
}

static void pop3_end(struct work *w)
{
	struct pop3 *p = (struct pop3 *)w;

	pop3_rest(p);
	maildrop_close(&p->maildrop);
	free(p->user);
	client_done(&p->client);
	free(p);
}

bool pop3_session_new(struct session_host *h, struct session_service service, struct conn *conn,
	struct work **ret, struct error *e)
{
	struct pop3 *p = calloc(1, sizeof *p);

	if (p == NULL) {
		conn_close(conn);
		return fail(e, FAULT_LATER, "begin a session: out of memory");
	}
	p->client.work = (struct work){ .step = pop3_step, .end = pop3_end };
	p->phase = PHASE_AUTHORIZATION;
	p->encoded.max = 2 * LIMIT_POP3_PIECE_BYTES + 16;
	client_init(&p->client, h, service, conn);
	*ret = &p->client.work;
	return true;
}
