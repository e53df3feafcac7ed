/* SPDX-License-Identifier: MIT */
#include "lab/workload/smtp.h"

#include "base/buf.h"

#include <stdio.h>

enum {
	COMMAND_BYTES = 1024,  /* RFC 5321 4.5.3.1.4 allows 512 */
	REPLY_LINES_MAX = 100, /* an EHLO answer has about fifteen */
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
		return fail_in(e, "send '%.*s'", S_FMT(slice_first(slice_trim(command), 40)));
	if (point == POINT_ACCEPTED)
		note(s, POINT_SENT);
	if (!reply(w, letter->until_ns, &code, e))
		return false;
	note(s, point);
	s->reply_code = (uint32_t)code;
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

static bool greet(const struct smtp_letter *l, struct wire *w, struct sample *s, struct error *e)
{
	return step(l, w, s, S(""), 220, POINT_BANNER, e) &&
	       step(l, w, s, S("EHLO lab.invalid\r\n"), 250, POINT_HELLO, e);
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
