/* SPDX-License-Identifier: MIT */
#include "lab/workload/smtp.h"

#include "base/buf.h"
#include "base/clock.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum {
	COMMAND_BYTES = 1024,  /* RFC 5321 4.5.3.1.4 allows 512 */
	REPLY_LINES_MAX = 100, /* an EHLO answer has about fifteen */
	LOGIN_BYTES = 600,     /* two of a user's name and password, with their NULs */
};

static void note(struct sample *s, enum sample_point point)
{
	s->at_ns[point] = wire_now_ns() - s->at_ns[POINT_DUE];
}

/* Reads a whole reply; the answer is its code. */
static bool reply(struct wire *w, uint64_t until_ns, uint64_t *ret_code, struct error *e)
{
	for (int i = 0; i < REPLY_LINES_MAX; i++) {
		struct slice line;

		if (!wire_line(w, until_ns, &line, e))
			return false;
		if (line.len < 3 || !slice_number(slice_first(line, 3), 599, ret_code))
			return fail(e, FAULT_NEVER, "the server's reply '%.*s' is not SMTP",
				S_FMT(slice_first(line, 60)));
		if (line.len == 3 || line.at[3] != '-')
			return true;
	}
	return fail(e, FAULT_NEVER, "a reply has more than %d lines", REPLY_LINES_MAX);
}

/* One command and its reply, which must be `want`. Notes the time of the reply. */
static bool step(const struct smtp_letter *letter, struct wire *w, struct sample *s,
	struct slice command, unsigned want, enum sample_point point, struct error *e)
{
	uint64_t code = 0;

	if (!wire_send(w, command, letter->until_ns, e))
		return fail_in(e, "send '%.*s'", S_FMT(slice_first(slice_trim(command), 10)));
	if (point == POINT_ACCEPTED)
		note(s, POINT_SENT);
	if (!reply(w, letter->until_ns, &code, e))
		return false;
	note(s, point);
	s->reply_code = (uint16_t)code;
	if (code == want)
		return true;
	return fail(
		e, FAULT_NEVER, "the server answered %u where %u was due", (unsigned)code, want);
}

static bool path_step(const struct smtp_letter *letter, struct wire *w, struct sample *s,
	const char *verb, const char *path, enum sample_point point, struct error *e)
{
	char text[COMMAND_BYTES];
	int len = snprintf(text, sizeof text, "%s:<%s>\r\n", verb, path);

	if (len < 0 || (size_t)len >= sizeof text)
		return fail(e, FAULT_NEVER, "the path '%.60s...' is too long", path);
	return step(letter, w, s, (struct slice){ text, (size_t)len }, 250, point, e);
}

static bool hello(const struct smtp_letter *l, struct wire *w, struct sample *s, struct error *e)
{
	return step(l, w, s, S("EHLO lab.invalid\r\n"), 250, POINT_HELLO, e);
}

/* "AUTH PLAIN" with NUL user NUL password in base64 (RFC 4616): at most COMMAND_BYTES. */
static bool login_write(const struct smtp_letter *l, char *room, size_t *ret_len, struct error *e)
{
	static const char verb[] = "AUTH PLAIN ";
	unsigned char words[LOGIN_BYTES];
	size_t user = strlen(l->user), password = strlen(l->password), at = sizeof verb - 1;

	if (user + password + 2 > sizeof words)
		return fail(e, FAULT_NEVER, "the name or password of '%.60s' is too long", l->user);
	words[0] = words[user + 1] = '\0';
	memcpy(words + 1, l->user, user);
	memcpy(words + user + 2, l->password, password);
	memcpy(room, verb, at);
	at += (size_t)EVP_EncodeBlock(
		(unsigned char *)room + at, words, (int)(user + password + 2));
	memcpy(room + at, "\r\n", 2);
	*ret_len = at + 2;
	explicit_bzero(words, sizeof words);
	return true;
}

static bool login(const struct smtp_letter *l, struct wire *w, struct sample *s, struct error *e)
{
	_Static_assert(LOGIN_BYTES * 4 / 3 + 20 < COMMAND_BYTES, "a login fits");
	char command[COMMAND_BYTES];
	size_t len = 0;
	uint64_t from_ns = wire_now_ns();

	if (!login_write(l, command, &len, e))
		return false;
	/* A failure names the command that was sent: not this one. */
	bool is_in = step(l, w, s, (struct slice){ command, len }, 235, POINT_HELLO, e);

	explicit_bzero(command, sizeof command);
	s->login_us = (uint32_t)((wire_now_ns() - from_ns) / NS_PER_US);
	return is_in || fail_in(e, "log in as '%.60s'", l->user);
}

static bool secure(const struct smtp_letter *l, struct wire *w, struct sample *s, struct error *e)
{
	if (!wire_secure(w, l->tls, l->until_ns, &s->tls_us, e))
		return false;
	s->flags |= wire_is_resumed(w) ? SAMPLE_IS_RESUMED : 0;
	return true;
}

static bool greet(const struct smtp_letter *l, struct wire *w, struct sample *s, struct error *e)
{
	if (l->way.submit == SUBMIT_TLS) {
		s->flags |= SAMPLE_TLS_IS_FIRST;
		if (!secure(l, w, s, e))
			return false;
	}
	if (!step(l, w, s, S(""), 220, POINT_BANNER, e) || !hello(l, w, s, e))
		return false;
	if (l->way.submit == SUBMIT_STARTTLS &&
		(!step(l, w, s, S("STARTTLS\r\n"), 220, POINT_HELLO, e) || !secure(l, w, s, e) ||
			!hello(l, w, s, e)))
		return false;
	return l->way.submit == SUBMIT_SMTP || login(l, w, s, e);
}

static bool transfer(const struct smtp_letter *l, struct wire *w, struct sample *s, struct error *e)
{
	return path_step(l, w, s, "MAIL FROM", l->from, POINT_MAIL, e) &&
	       path_step(l, w, s, "RCPT TO", l->to, POINT_RCPT, e) &&
	       step(l, w, s, S("DATA\r\n"), 354, POINT_DATA, e) &&
	       step(l, w, s, l->stuffed, 250, POINT_ACCEPTED, e);
}

bool smtp_open(
	const struct smtp_letter *letter, struct wire *w, struct sample *sample, struct error *e)
{
	note(sample, POINT_START);
	if (!wire_dial(w, letter->host, letter->port, letter->until_ns, e))
		return fail_in(e, "SMTP");
	if (greet(letter, w, sample, e))
		return true;
	wire_close(w);
	return fail_in(e, "SMTP");
}

bool smtp_mail(const struct smtp_letter *letter, struct wire *w, struct sample *sample,
	bool is_first, struct error *e)
{
	if (!is_first) {
		note(sample, POINT_START);
		sample->at_ns[POINT_BANNER] = sample->at_ns[POINT_START];
		sample->at_ns[POINT_HELLO] = sample->at_ns[POINT_START];
	}
	if (transfer(letter, w, sample, e))
		return true;
	wire_close(w);
	return fail_in(e, "SMTP");
}

bool smtp_send(
	const struct smtp_letter *letter, struct wire *w, struct sample *sample, struct error *e)
{
	struct error ignored = { .fault = FAULT_NONE };

	if (!smtp_open(letter, w, sample, e) || !smtp_mail(letter, w, sample, true, e))
		return false;
	/* The mail is acknowledged: whatever happens to QUIT does not change that. */
	(void)!wire_send(w, S("QUIT\r\n"), letter->until_ns, &ignored);
	return true;
}

void smtp_bye(struct wire *w, uint64_t until_ns)
{
	struct error ignored = { .fault = FAULT_NONE };
	uint64_t code = 0;

	if (w->fd >= 0)
		(void)!reply(w, until_ns, &code, &ignored);
	wire_close(w);
}
