/* SPDX-License-Identifier: MIT */
#include "session/pop3.h"

#include "base/log.h"
#include "session/login.h"

#include <stdlib.h>

/* RFC 2449 5: what is true for this connection at this moment. EXPIRE NEVER: only the owner removes. */
enum next pop3_capa(struct pop3 *p, struct slice args)
{
	bool may_login = p->phase == PHASE_TRANSACTION || client_may_login(&p->client);

	(void)args;
	return pop3_say_format(p,
		"+OK Capabilities\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\n"
		"EXPIRE NEVER\r\nUTF8\r\n%s%sIMPLEMENTATION mailvisor\r\n.",
		may_login ? "USER\r\nSASL " LOGIN_MECHANISMS "\r\n" : "",
		p->phase == PHASE_AUTHORIZATION && client_may_start_tls(&p->client) ? "STLS\r\n"
										    : "");
}

/* RFC 2595 4: what was said before is forgotten. */
enum next pop3_stls(struct pop3 *p, struct slice args)
{
	struct client *c = &p->client;

	(void)args;
	if (conn_has_tls(c->conn))
		return pop3_wrong(p, S("-ERR TLS is already active"));
	if (c->host->tls == NULL)
		return pop3_wrong(p, S("-ERR TLS is not available here"));
	if (pop3_say(p, S("+OK Ready to start TLS")) == NEXT_CLOSE || !conn_flush(c->conn))
		return NEXT_CLOSE;
	free(p->user);
	p->user = NULL;
	return client_secure(c) ? NEXT_AGAIN : NEXT_CLOSE;
}

/* RFC 6856 2: our store keeps bytes as they came, so there is nothing to switch. */
enum next pop3_utf8(struct pop3 *p, struct slice args)
{
	(void)args;
	return pop3_say(p, S("+OK UTF-8 it is"));
}

static enum next login_needs_tls(struct pop3 *p)
{
	return pop3_wrong(p, S("-ERR [AUTH] No password without TLS here: STLS first"));
}

/* Too many failures end the session: guessing costs a connection each few tries. */
static enum next login_refused(struct pop3 *p, struct slice reply)
{
	if (p->client.logins_failed >= p->client.host->logins_max)
		return pop3_last_word(
			p, S("-ERR [AUTH] Too many failed logins, closing the connection"));
	return pop3_say(p, reply);
}

/* Whoever cannot have the maildrop is as if he had not logged in (RFC 1939 4). */
static void login_forget(struct client *c)
{
	free(c->account);
	c->account = NULL;
}

static enum next login_open_maildrop(struct pop3 *p)
{
	struct client *c = &p->client;
	struct error e = { .fault = FAULT_NONE };

	switch (maildrop_open(&p->maildrop, c->host->mail->folders, c->account_id, &e)) {
	case MAILDROP_OPEN:
		p->phase = PHASE_TRANSACTION;
		return pop3_say_format(p, "+OK %zu messages, %llu octets", p->maildrop.kept_count,
			(unsigned long long)p->maildrop.kept_bytes);
	case MAILDROP_BUSY:
		client_count(c, COUNT_MAILDROP_BUSY);
		login_forget(c);
		return pop3_say(p, S("-ERR [IN-USE] Another session has this maildrop"));
	case MAILDROP_FAILED:
		break;
	}
	login_forget(c);
	return pop3_failed(p, &e);
}

static enum next login_answered(struct pop3 *p, enum login_answer answer, const struct error *e)
{
	switch (answer) {
	case LOGIN_PASSED:
		return login_open_maildrop(p);
	case LOGIN_REFUSED:
		return login_refused(p, S("-ERR [AUTH] Authentication failed"));
	case LOGIN_THROTTLED:
		return login_refused(
			p, S("-ERR [SYS/TEMP] Too many failed logins, try again later"));
	case LOGIN_MALFORMED:
		return pop3_wrong(p, S("-ERR Cannot decode that authentication response"));
	case LOGIN_CANCELLED:
		return pop3_wrong(p, S("-ERR Authentication cancelled"));
	case LOGIN_NO_MECHANISM:
		return pop3_wrong(p, S("-ERR Unknown mechanism, use one of: " LOGIN_MECHANISMS));
	case LOGIN_TOO_LONG:
		return pop3_wrong(p, S("-ERR Line too long"));
	case LOGIN_FAILED:
		return pop3_failed(p, e);
	case LOGIN_GONE:
		break;
	}
	return NEXT_CLOSE;
}

/* The name is looked at together with the password, so that nobody learns here who exists. */
enum next pop3_user(struct pop3 *p, struct slice args)
{
	char *user;

	if (!client_may_login(&p->client))
		return login_needs_tls(p);
	user = client_text(args);
	if (user == NULL)
		return pop3_say(p, S("-ERR [SYS/TEMP] Out of memory"));
	free(p->user);
	p->user = user;
	return pop3_say(p, S("+OK Now the password"));
}

/* RFC 1939 7: a password may hold spaces, so it is the whole rest of the line. */
enum next pop3_pass(struct pop3 *p, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };
	auto_free char *user = p->user;

	if (user == NULL)
		return pop3_wrong(p, S("-ERR USER first"));
	p->user = NULL;
	return login_answered(p, login_password(&p->client, slice_of(user), args, &e), &e);
}

/* RFC 5034 4; without a mechanism, the list of them. */
enum next pop3_auth(struct pop3 *p, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };

	if (!client_may_login(&p->client))
		return login_needs_tls(p);
	if (args.len == 0)
		return pop3_say(p, S("+OK Mechanisms\r\nPLAIN\r\nLOGIN\r\n."));
	return login_answered(p, login_sasl(&p->client, args, S("+ "), &e), &e);
}
