/* SPDX-License-Identifier: MIT */
#include "session/imap/push.h"

#include "session/login.h"
#include "syntax/imap_command.h"

#include <stdlib.h>

void imap_forget(struct imap *s)
{
	struct client *c = &s->client;

	imap_notify_forget(s);
	imap_leave(s);
	free(s->idle_tag);
	s->idle_tag = NULL;
	atomic_store(&s->wants_wake, false);
	free(c->account);
	c->account = NULL;
	s->enabled = 0;
	s->reader = (struct acl_reader){ .domain = { { 0 } } };
	imap_become(s, IMAP_STRANGER);
}

/* RFC 9051 6.2.1: what was known before is forgotten, and the client asks for the capabilities again. */
enum next imap_starttls(struct imap *s, struct slice args)
{
	struct client *c = &s->client;

	if (!imap_none_parse(&s->parse, args))
		return imap_misparsed(s);
	if (conn_has_tls(c->conn))
		return imap_bad(s, S("TLS is already active"));
	if (conn_is_deflated(c->conn)) /* after UNAUTHENTICATE */
		return imap_no(s, S("[CANNOT] TLS cannot begin below COMPRESS: connect anew"));
	if (c->host->tls == NULL)
		return imap_bad(s, S("TLS is not available here"));
	if (imap_ok(s, S("Begin TLS now")) == NEXT_CLOSE || !conn_flush(c->conn))
		return NEXT_CLOSE;
	return client_secure(c) ? NEXT_AGAIN : NEXT_CLOSE;
}

/* Too many failures end the session: guessing costs a connection each few tries. */
static enum next login_refused(struct imap *s, struct slice text)
{
	enum next next = imap_no(s, text);

	if (s->client.logins_failed < s->client.host->logins_max)
		return next;
	return imap_bye(s, S("Too many failed logins, closing the connection"));
}

/* The new capabilities stand in the answer, so that the client need not ask (RFC 9051 7.1). */
static enum next login_passed(struct imap *s)
{
	imap_become(s, IMAP_KNOWN);
	imap_put(s, s->tag);
	imap_put(s, S(" OK ["));
	imap_put_capabilities(s);
	imap_put(s, S("] Logged in\r\n"));
	return imap_push(s) ? NEXT_AGAIN : NEXT_CLOSE;
}

static enum next login_answered(struct imap *s, enum login_answer answer, const struct error *e)
{
	switch (answer) {
	case LOGIN_PASSED:
		return login_passed(s);
	case LOGIN_REFUSED:
		return login_refused(s, S("[AUTHENTICATIONFAILED] Wrong name or password"));
	case LOGIN_THROTTLED:
		return login_refused(s, S("[UNAVAILABLE] Too many failed logins, try again later"));
	case LOGIN_MALFORMED:
		return imap_bad(s, S("Cannot decode that authentication response"));
	case LOGIN_CANCELLED:
		return imap_bad(s, S("Authentication cancelled"));
	case LOGIN_NO_MECHANISM:
		return imap_no(s, S("[CANNOT] Unknown mechanism, use one of: " LOGIN_MECHANISMS));
	case LOGIN_TOO_LONG:
		return imap_bad(s, S("Line too long"));
	case LOGIN_FAILED:
		return imap_failed(s, e);
	case LOGIN_GONE:
		break;
	}
	return NEXT_CLOSE;
}

/* RFC 8437: the connection stays, with its TLS; all else is as before the login. */
enum next imap_unauthenticate(struct imap *s, struct slice args)
{
	if (!imap_none_parse(&s->parse, args))
		return imap_misparsed(s);
	imap_note_fetched(s);
	imap_forget(s);
	return imap_ok(s, S("Log in again"));
}

static enum next login_needs_tls(struct imap *s)
{
	return imap_no(s, S("[PRIVACYREQUIRED] No password without TLS here: STARTTLS first"));
}

enum next imap_login(struct imap *s, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };
	struct imap_login login;

	if (!client_may_login(&s->client))
		return login_needs_tls(s);
	if (!imap_login_parse(&s->parse, args, &login))
		return imap_misparsed(s);
	return login_answered(s, login_password(&s->client, login.user, login.password, &e), &e);
}

/* RFC 4959: the initial response stands in the command. */
enum next imap_authenticate(struct imap *s, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };
	struct imap_authenticate given;

	if (!client_may_login(&s->client))
		return login_needs_tls(s);
	if (!imap_authenticate_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	return login_answered(s, login_sasl(&s->client, args, S("+ "), &e), &e);
}
