/* SPDX-License-Identifier: MIT */
#include "lab/workload/pop3.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COMMAND_BYTES = 1100 }; /* "PASS " and a password of LIMIT_PASSWORD_BYTES fit */

struct look {
	const struct pop3_mailbox *box;
	struct wire *wire;
	uint64_t until_ns;
};

/* Reads a status line; what is behind "+OK " goes to *ret when it is wanted. */
static bool status(const struct look *l, const char *command, struct slice *ret, struct error *e)
{
	struct slice line;

	if (!wire_line(l->wire, l->until_ns, &line, e))
		return fail_in(e, "POP3 %s", command);
	if (!slice_starts(line, S("+OK")))
		return fail(e, FAULT_LATER, "POP3 %s: the server answered '%.*s'", command,
			S_FMT(slice_first(line, 80)));
	if (ret != NULL)
		*ret = slice_trim(slice_skip(line, 3));
	return true;
}

static bool ask(const struct look *l, const char *command, const char *argument, struct slice *ret,
	struct error *e)
{
	char text[COMMAND_BYTES];
	bool has_argument = argument[0] != '\0';
	int len = snprintf(
		text, sizeof text, "%s%s%s\r\n", command, has_argument ? " " : "", argument);

	if (len < 0 || (size_t)len >= sizeof text)
		return fail(e, FAULT_NEVER, "POP3 %s: the argument is too long", command);
	bool is_sent = wire_send(l->wire, (struct slice){ text, (size_t)len }, l->until_ns, e);
	explicit_bzero(text, sizeof text);
	if (!is_sent)
		return fail_in(e, "POP3 %s", command);
	return status(l, command, ret, e);
}

static bool stat_count(const struct look *l, uint64_t *ret, struct error *e)
{
	struct slice answer;

	if (!ask(l, "STAT", "", &answer, e))
		return false;
	if (slice_number(slice_first(answer, slice_find(answer, ' ')), UINT32_MAX, ret))
		return true;
	return fail(
		e, FAULT_NEVER, "POP3 STAT: '%.*s' is not a count", S_FMT(slice_first(answer, 60)));
}

/* The lines up to the lone dot, unstuffed (RFC 1939 3). */
static bool body(const struct look *l, struct error *e)
{
	struct buf *room = l->box->room;

	buf_clear(room);
	for (;;) {
		struct slice line;

		if (!wire_line(l->wire, l->until_ns, &line, e))
			return fail_in(e, "POP3 RETR");
		if (slice_same(line, S(".")))
			return true;
		if (line.len > 0 && line.at[0] == '.')
			line = slice_skip(line, 1);
		if (!buf_add(room, line) || !buf_add(room, S("\r\n")))
			return fail(e, FAULT_NEVER, "POP3 RETR: the mail is larger than %zu bytes",
				room->max);
	}
}

static bool take(const struct look *l, uint64_t number, uint64_t seen_ns, struct error *e)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRIu64, number);
	if (!ask(l, "RETR", text, NULL, e) || !body(l, e))
		return false;
	l->box->on_mail(l->box->context, buf_slice(l->box->room), seen_ns, wire_now_ns());
	return ask(l, "DELE", text, NULL, e);
}

static bool secure(const struct look *l, struct error *e)
{
	uint32_t took_us = 0;

	return wire_secure(l->wire, l->box->tls, l->until_ns, &took_us, e) || fail_in(e, "POP3");
}

/* RFC 2595 4: STLS; RFC 8314 3.2: TLS before the greeting. */
static bool greet(const struct look *l, struct error *e)
{
	bool is_tls = l->box->way.submit == SUBMIT_TLS;

	return (!is_tls || secure(l, e)) && status(l, "greeting", NULL, e) &&
	       (l->box->way.submit != SUBMIT_STARTTLS ||
		       (ask(l, "STLS", "", NULL, e) && secure(l, e)));
}

static bool converse(const struct look *l, uint64_t *ret_count, struct error *e)
{
	uint64_t count = 0;

	if (!greet(l, e) || !ask(l, "USER", l->box->user, NULL, e) ||
		!ask(l, "PASS", l->box->password, NULL, e) || !stat_count(l, &count, e))
		return false;
	uint64_t seen_ns = wire_now_ns();
	if (count > POP3_MAILS_PER_LOOK)
		count = POP3_MAILS_PER_LOOK;
	for (uint64_t i = 1; i <= count; i++) {
		if (!take(l, i, seen_ns, e))
			return false;
	}
	*ret_count = count;
	return ask(l, "QUIT", "", NULL, e);
}

bool pop3_look(
	const struct pop3_mailbox *box, uint64_t until_ns, uint64_t *ret_count, struct error *e)
{
	struct wire wire;
	struct look look = { .box = box, .wire = &wire, .until_ns = until_ns };

	if (!wire_dial(&wire, box->host, box->port, until_ns, e))
		return fail_in(e, "POP3");
	bool is_done = converse(&look, ret_count, e);
	wire_close(&wire);
	return is_done;
}
