/* SPDX-License-Identifier: MIT */
#include "session/login.h"

#include "base/limits.h"
#include "base/log.h"
#include "mail/password.h"
#include "session/login_throttle.h"
#include "syntax/base64.h"

#include <gsasl.h>
#include <pthread.h>
#include <string.h>

enum { LIMIT_QUESTION_BYTES = 256 /* "User Name" and "Password", in base64 */ };

static struct login_throttle throttle = { .lock = LOCK_INIT(RANK_LOGIN) };

static enum login_answer login_refused(struct client *c, struct slice user, const char *why)
{
	client_count(c, COUNT_LOGIN_FAILURES);
	c->logins_failed++;
	log_event(LOG_LEVEL_WARN, "login.failed", LOG_TEXT("user", user),
		LOG_TEXT("peer", conn_peer(c->conn)), LOG_TEXT("why", slice_of(why)));
	return LOGIN_REFUSED;
}

static enum login_answer login_passed(
	struct client *c, const struct account *account, struct error *e)
{
	c->account = client_text(account->address);
	if (c->account == NULL) {
		(void)fail(e, FAULT_LATER, "log in: out of memory");
		return LOGIN_FAILED;
	}
	c->account_id = account->id;
	c->authenticated = moment_now(c->host->clock);
	client_count(c, COUNT_LOGINS);
	log_event(LOG_LEVEL_DEBUG, "login.passed", LOG_TEXT("account", account->address),
		LOG_TEXT("peer", conn_peer(c->conn)), LOG_TEXT("tls", conn_tls_text(c->conn)));
	return LOGIN_PASSED;
}

/* The name and password are there; the throttle has let them through. */
static enum login_answer login_check(
	struct client *c, struct slice user, struct slice password, struct error *e)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct account account;
	enum login answer;

	/* A bare name never matches an account, and says so in the log: it is the commonest mistake. */
	if (slice_find(user, '@') == user.len)
		return login_refused(c, user, "the user name is not a whole address");
	if (password.len > LIMIT_PASSWORD_BYTES || user.len > LIMIT_ACCOUNT_NAME_BYTES)
		return login_refused(c, slice_first(user, LIMIT_ACCOUNT_NAME_BYTES), "too long");
	if (!password_login(c->host->mail, user, password, &a, &answer, &account, e))
		return LOGIN_FAILED;
	switch (answer) {
	case LOGIN_OK:
		return login_passed(c, &account, e);
	case LOGIN_DISABLED:
		return login_refused(c, user, "disabled");
	case LOGIN_WRONG:
		break;
	}
	return login_refused(c, user, "wrong name or password");
}

enum login_answer login_password(
	struct client *c, struct slice user, struct slice password, struct error *e)
{
	struct slice address = conn_peer_address(c->conn);
	uint64_t now = clock_mono_ns(c->host->clock);
	enum login_answer answer;

	if (!login_throttle_may(&throttle, address, user, now)) {
		client_count(c, COUNT_LOGIN_THROTTLED);
		c->logins_failed++;
		log_event(LOG_LEVEL_WARN, "login.throttled", LOG_TEXT("user", user),
			LOG_TEXT("peer", conn_peer(c->conn)));
		return LOGIN_THROTTLED;
	}
	answer = login_check(c, user, password, e);
	if (answer == LOGIN_REFUSED)
		login_throttle_failed(&throttle, address, user, now);
	if (answer == LOGIN_PASSED)
		login_throttle_passed(&throttle, address, user, now);
	return answer;
}

/* ---- GNU SASL ---- */

/* One AUTH: what the mechanism asks and is told, and what its callback finds out. */
struct exchange {
	struct client *client;
	struct error *error;
	enum login_answer verdict; /* LOGIN_MALFORMED until there is one */
	char answer_plain[LIMIT_AUTH_LINE_BYTES + 1];
	size_t answer_len;
	char question[LIMIT_QUESTION_BYTES];
	size_t question_len;
};

static struct slice property(Gsasl_session *session, Gsasl_property name)
{
	return slice_of(gsasl_property_fast(session, name));
}

/* PLAIN and LOGIN both end here with a name and a password. */
static int on_sasl(Gsasl *library, Gsasl_session *session, Gsasl_property wanted)
{
	struct exchange *x = gsasl_session_hook_get(session);
	struct slice user = property(session, GSASL_AUTHID);
	struct slice acts_as = property(session, GSASL_AUTHZID);

	(void)library;
	if (wanted != GSASL_VALIDATE_SIMPLE)
		return GSASL_NO_CALLBACK;
	/* RFC 4616: to act as somebody else is a right that nobody has here. */
	if (acts_as.len > 0 && !slice_same_nocase(acts_as, user))
		x->verdict = login_refused(x->client, user, "wants to act as somebody else");
	else
		x->verdict = login_password(
			x->client, user, property(session, GSASL_PASSWORD), x->error);
	return x->verdict == LOGIN_PASSED ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
}

static Gsasl *sasl_library;

static void sasl_begin(void)
{
	if (gsasl_init(&sasl_library) != GSASL_OK) {
		sasl_library = NULL;
		return;
	}
	gsasl_callback_set(sasl_library, on_sasl);
}

static void session_finish(Gsasl_session **session)
{
	if (*session != NULL)
		gsasl_finish(*session);
}

static bool sasl_start(struct slice mechanism, Gsasl_session **ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static const struct slice names[] = { S_INIT("PLAIN"), S_INIT("LOGIN") };

	(void)pthread_once(&once, sasl_begin);
	for (size_t i = 0; i < COUNT(names); i++)
		if (sasl_library != NULL && slice_same_nocase(mechanism, names[i]))
			return gsasl_server_start(sasl_library, names[i].at, ret) == GSASL_OK;
	return false;
}

/* One step of the mechanism: what the client said, in plain, and the next question, in base64. */
static int exchange_step(struct exchange *x, Gsasl_session *session)
{
	auto_free char *question = NULL;
	size_t question_len = 0;
	int result = gsasl_step(session, x->answer_plain, x->answer_len, &question, &question_len);
	struct buf encoded = BUF_OVER(x->question);

	if (!base64_encode((struct slice){ question, question_len }, &encoded) ||
		!buf_add(&encoded, S("\r\n")))
		return GSASL_MALLOC_ERROR;
	x->question_len = encoded.len;
	return result;
}

static bool exchange_take(struct exchange *x, struct slice encoded)
{
	struct buf plain = BUF_OVER(x->answer_plain);

	if (!base64_decode(encoded, &plain) || !buf_add_byte(&plain, '\0'))
		return false;
	x->answer_len = plain.len - 1;
	return true;
}

/* Sends the question and waits for the answer. */
static enum login_answer exchange_ask(struct exchange *x, struct slice prompt)
{
	struct conn *conn = x->client->conn;
	struct slice line = S("");

	if (!conn_write(conn, prompt) ||
		!conn_write(conn, (struct slice){ x->question, x->question_len }))
		return LOGIN_GONE;
	switch (client_answer(x->client, LIMIT_AUTH_LINE_BYTES, &line)) {
	case CLIENT_COMMAND:
		break;
	case CLIENT_TOO_LONG:
		return LOGIN_TOO_LONG;
	case CLIENT_BARE:
		return LOGIN_MALFORMED;
	case CLIENT_QUIET:
	case CLIENT_TIMEOUT:
	case CLIENT_DRAIN:
	case CLIENT_REVOKED:
	case CLIENT_GONE:
		return LOGIN_GONE;
	}
	if (slice_same(line, S("*")))
		return LOGIN_CANCELLED;
	return exchange_take(x, line) ? LOGIN_PASSED : LOGIN_MALFORMED;
}

/*
 * Feeds answers to the mechanism until it has decided. It is asked for its first question in every case: an initial
 * response is the answer to it, and GNU SASL's LOGIN does not take one in the question's place.
 */
static enum login_answer exchange_run(
	struct exchange *x, Gsasl_session *session, struct slice prompt, struct slice first)
{
	for (int turn = 0; turn < 4; turn++) { /* LOGIN has three */
		int result = exchange_step(x, session);
		enum login_answer answer;

		if (result == GSASL_OK || x->verdict != LOGIN_MALFORMED)
			return x->verdict;
		if (result != GSASL_NEEDS_MORE)
			return LOGIN_MALFORMED;
		if (turn == 0 && first.len > 0)
			answer = exchange_take(x, slice_same(first, S("=")) ? S("") : first)
					 ? LOGIN_PASSED
					 : LOGIN_MALFORMED;
		else
			answer = exchange_ask(x, prompt);
		if (answer != LOGIN_PASSED)
			return answer;
	}
	return LOGIN_MALFORMED;
}

enum login_answer login_sasl(
	struct client *c, struct slice args, struct slice prompt, struct error *e)
{
	struct exchange x = { .client = c, .error = e, .verdict = LOGIN_MALFORMED };
	ON_EXIT(session_finish) Gsasl_session *session = NULL;
	struct slice mechanism = slice_first(args, slice_find(args, ' '));
	enum login_answer answer;

	if (!sasl_start(mechanism, &session))
		return LOGIN_NO_MECHANISM;
	gsasl_session_hook_set(session, &x);
	answer = exchange_run(&x, session, prompt, slice_trim(slice_skip(args, mechanism.len)));
	explicit_bzero(x.answer_plain, sizeof x.answer_plain);
	return answer;
}
