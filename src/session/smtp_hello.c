/* SPDX-License-Identifier: MIT */
#include "session/smtp.h"

#include "base/limits.h"
#include "base/log.h"
#include "session/login.h"

#include <stdlib.h>

/* The first words, once; on port 465 the handshake comes before them. */
enum next smtp_greet(struct smtp *s)
{
	struct client *c = &s->client;

	c->is_greeted = true;
	if (c->service.is_implicit_tls && !client_secure(c))
		return NEXT_CLOSE;
	return smtp_say_format(s, "220 %s %s Mailvisor", c->host->name,
		smtp_kind(s) == SESSION_LMTP ? "LMTP" : "ESMTP");
}

/* RFC 5321 4.1.1.1 and 4.1.4: a greeting drops whatever was begun. */
static bool hello_take(struct smtp *s, struct slice args, enum envelope_protocol protocol)
{
	struct slice name;
	char *copy;

	if (!smtp_line_hello(args, &name))
		return false;
	copy = client_text(name);
	if (copy == NULL)
		return false;
	smtp_message_drop(s);
	free(s->hello);
	s->hello = copy;
	s->protocol = protocol;
	s->phase = PHASE_READY;
	return true;
}

static enum next hello_wrong(struct smtp *s)
{
	return smtp_wrong(s, S("501 5.5.4 Say your name: a domain or an address literal"));
}

/*
 * What stands here is true for this connection at this moment: RFC 2920, 1870, 6152, 6531, 3030, 2034, 3461,
 * 3207, 4954, 9422.
 */
static enum next hello_capabilities(struct smtp *s)
{
	struct client *c = &s->client;
	struct session_host *h = c->host;
	bool has_auth = smtp_kind(s) == SESSION_SUBMISSION && client_may_login(c);

	if (smtp_say_format(s, "250-%s", h->name) == NEXT_CLOSE)
		return NEXT_CLOSE;
	return smtp_say_format(s,
		"250-PIPELINING\r\n250-SIZE %llu\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
		"250-CHUNKING\r\n250-BINARYMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n"
		"%s%s%s250-LIMITS RCPTMAX=%u MAILMAX=%u\r\n250 HELP",
		(unsigned long long)h->message_bytes_max,
		client_may_start_tls(c) ? "250-STARTTLS\r\n" : "",
		has_auth ? "250-AUTH " LOGIN_MECHANISMS "\r\n" : "",
		h->may_vrfy ? "250-VRFY\r\n" : "", h->rcpt_max, (unsigned)LIMIT_MAILS_PER_SESSION);
}

enum next smtp_ehlo(struct smtp *s, struct slice args)
{
	return hello_take(s, args, PROTOCOL_ESMTP) ? hello_capabilities(s) : hello_wrong(s);
}

enum next smtp_lhlo(struct smtp *s, struct slice args)
{
	return hello_take(s, args, PROTOCOL_LMTP) ? hello_capabilities(s) : hello_wrong(s);
}

enum next smtp_helo(struct smtp *s, struct slice args)
{
	if (!hello_take(s, args, PROTOCOL_SMTP))
		return hello_wrong(s);
	return smtp_say_format(s, "250 %s", s->client.host->name);
}

/* RFC 3207 4.2: afterwards everything the client said before is forgotten, and it says EHLO again. */
enum next smtp_starttls(struct smtp *s, struct slice args)
{
	struct client *c = &s->client;

	if (args.len > 0)
		return smtp_wrong(s, S("501 5.5.4 STARTTLS takes no argument"));
	if (conn_has_tls(c->conn))
		return smtp_wrong(s, S("503 5.5.1 TLS is already active"));
	if (c->host->tls == NULL)
		return smtp_wrong(s, S("502 5.5.1 TLS is not available here"));
	if (smtp_say(s, S("220 2.0.0 Ready to start TLS")) == NEXT_CLOSE || !conn_flush(c->conn))
		return NEXT_CLOSE;
	if (!client_secure(c))
		return NEXT_CLOSE;
	smtp_message_drop(s);
	free(s->hello);
	s->hello = NULL;
	s->phase = PHASE_GREETED;
	return NEXT_AGAIN;
}

/* Too many failures end the session: guessing costs a connection each few tries. */
static enum next auth_refused(struct smtp *s, struct slice reply)
{
	if (s->client.logins_failed >= s->client.host->logins_max)
		return smtp_last_word(
			s, S("421 4.7.0 Too many failed logins, closing the connection"));
	return smtp_say(s, reply);
}

/* RFC 4954 4 and 6. */
enum next smtp_auth(struct smtp *s, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };

	if (s->client.account != NULL)
		return smtp_wrong(s, S("503 5.5.1 Already authenticated"));
	if (args.len == 0)
		return smtp_wrong(s, S("501 5.5.4 AUTH needs a mechanism: " LOGIN_MECHANISMS));
	switch (login_sasl(&s->client, args, S("334 "), &e)) {
	case LOGIN_PASSED:
		return smtp_say(s, S("235 2.7.0 Authentication succeeded"));
	case LOGIN_REFUSED:
		return auth_refused(s, S("535 5.7.8 Authentication credentials invalid"));
	case LOGIN_THROTTLED:
		return auth_refused(s, S("454 4.7.0 Too many failed logins, try again later"));
	case LOGIN_MALFORMED:
		return smtp_wrong(s, S("501 5.5.2 Cannot decode that authentication response"));
	case LOGIN_CANCELLED:
		return smtp_wrong(s, S("501 5.7.0 Authentication cancelled"));
	case LOGIN_NO_MECHANISM:
		return smtp_wrong(
			s, S("504 5.5.4 Unknown mechanism, use one of: " LOGIN_MECHANISMS));
	case LOGIN_TOO_LONG:
		return smtp_wrong(s, S("500 5.5.6 Authentication exchange line is too long"));
	case LOGIN_FAILED:
		(void)smtp_reply_for(s, &e); /* logs and counts; RFC 4954 has its own code */
		return smtp_say(s, S("454 4.7.0 Temporary authentication failure"));
	case LOGIN_GONE:
		break;
	}
	return NEXT_CLOSE;
}

enum next smtp_noop(struct smtp *s, struct slice args)
{
	(void)args; /* RFC 5321 4.1.1.9: a parameter is ignored */
	return smtp_say(s, S("250 2.0.0 OK"));
}

enum next smtp_rset(struct smtp *s, struct slice args)
{
	if (args.len > 0)
		return smtp_wrong(s, S("501 5.5.4 RSET takes no argument"));
	smtp_message_drop(s);
	if (s->phase != PHASE_GREETED)
		s->phase = PHASE_READY;
	return smtp_say(s, S("250 2.0.0 OK"));
}

enum next smtp_quit(struct smtp *s, struct slice args)
{
	if (args.len > 0)
		return smtp_wrong(s, S("501 5.5.4 QUIT takes no argument"));
	return smtp_last_word(s, S("221 2.0.0 Goodbye"));
}

enum next smtp_help(struct smtp *s, struct slice args)
{
	(void)args;
	if (smtp_kind(s) == SESSION_LMTP)
		return smtp_say(s,
			S("214 2.0.0 LHLO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP STARTTLS"));
	if (smtp_kind(s) == SESSION_SUBMISSION)
		return smtp_say(s, S("214 2.0.0 EHLO HELO AUTH MAIL RCPT DATA BDAT RSET NOOP QUIT "
				     "VRFY HELP STARTTLS"));
	return smtp_say(
		s, S("214 2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP STARTTLS"));
}

static enum next vrfy_answer(struct smtp *s, struct slice name)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct error e = { .fault = FAULT_NONE };
	struct targets targets = { 0 };
	enum resolve answer;

	if (!directory_resolve(s->client.host->mail->directory, name, &a, &answer, &targets, &e))
		return smtp_failed(s, &e);
	switch (answer) {
	case RESOLVE_OK:
		return smtp_say_format(s, "250 2.1.5 <%.*s>", S_FMT(name));
	case RESOLVE_UNKNOWN:
	case RESOLVE_BAD:
		return smtp_refuse(s, COUNT_REFUSED_UNKNOWN, name, S("550 5.1.1 No such mailbox"));
	case RESOLVE_DISABLED:
		return smtp_refuse(
			s, COUNT_REFUSED_UNKNOWN, name, S("450 4.2.1 Mailbox is disabled"));
	case RESOLVE_REMOTE:
		break;
	}
	return smtp_say(s, S("252 2.1.5 Cannot verify, but try to send"));
}

/* RFC 5321 3.5.3 and 7.3: by default we neither confirm nor deny. SMTPUTF8: RFC 6531 3.7.4.2. */
enum next smtp_vrfy(struct smtp *s, struct slice args)
{
	struct slice name = slice_trim(args);
	struct address address;
	bool wants_utf8 = slice_ends_nocase(name, S(" SMTPUTF8"));

	if (wants_utf8)
		name = slice_trim(slice_first(name, name.len - S(" SMTPUTF8").len));
	if (name.len > 1 && name.at[0] == '<' && name.at[name.len - 1] == '>')
		name = slice_first(slice_skip(name, 1), name.len - 2);
	if (name.len == 0)
		return smtp_wrong(s, S("501 5.5.4 VRFY needs an address"));
	if (!s->client.host->may_vrfy)
		return smtp_say(s, S("252 2.1.5 Cannot verify, but try to send"));
	if (!address_parse(name, true, &address))
		return smtp_wrong(s, S("501 5.1.3 VRFY needs a whole address"));
	if (address.needs_utf8 && !wants_utf8)
		return smtp_wrong(s, S("553 5.6.7 That address needs SMTPUTF8"));
	return vrfy_answer(s, name);
}

enum next smtp_expn(struct smtp *s, struct slice args)
{
	(void)args;
	return smtp_wrong(s, S("502 5.5.1 EXPN is not offered"));
}
