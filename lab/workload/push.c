/* SPDX-License-Identifier: MIT */
#include "lab/workload/push.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	COMMAND_BYTES = 1300, /* LOGIN with a name and a password */
	LINES_MAX = 4000000,  /* of one answer: 4 a mail, and a trial has at most a million */
};

/* "* 12 EXISTS" and "* 3 EXPUNGE" change what we know of the mailbox. */
static void untagged_note(struct push *i, struct slice line)
{
	uint64_t number = 0;

	if (!slice_starts(line, S("* ")))
		return;
	line = slice_skip(line, 2);
	size_t space = slice_find(line, ' ');
	if (!slice_number(slice_first(line, space), UINT32_MAX, &number))
		return;
	struct slice what = slice_skip(line, space + 1);
	if (slice_same_nocase(what, S("EXISTS"))) {
		if (number > i->exists)
			i->seen_ns = wire_now_ns();
		i->exists = number;
		i->taken = i->taken > number ? number : i->taken;
	} else if (slice_same_nocase(what, S("EXPUNGE")) && number > 0 && i->exists > 0) {
		i->exists--;
		i->taken -= number <= i->taken ? 1 : 0;
	}
}

/* The lines up to the tagged answer, which must be OK. */
static bool answer(struct push *i, const char *what, uint64_t until_ns, struct error *e)
{
	char tag[16];
	int len = snprintf(tag, sizeof tag, "a%u ", i->tag);

	for (int lines = 0; lines < LINES_MAX; lines++) {
		struct slice line;

		if (!wire_line(&i->wire, until_ns, &line, e))
			return fail_in(e, "IMAP %s", what);
		if (!slice_starts(line, (struct slice){ tag, (size_t)len })) {
			untagged_note(i, line);
			continue;
		}
		line = slice_skip(line, (size_t)len);
		return slice_starts_nocase(line, S("OK")) ||
		       fail(e, FAULT_LATER, "IMAP %s: the server answered '%.*s'", what,
			       S_FMT(slice_first(line, 80)));
	}
	return fail(e, FAULT_NEVER, "IMAP %s: the answer has no end", what);
}

static bool say(struct push *i, const char *words, uint64_t until_ns, struct error *e)
{
	char text[COMMAND_BYTES];
	int len = snprintf(text, sizeof text, "a%u %s\r\n", ++i->tag, words);

	if (len < 0 || (size_t)len >= sizeof text)
		return fail(e, FAULT_NEVER, "IMAP: a command is too long");
	bool is_sent = wire_send(&i->wire, (struct slice){ text, (size_t)len }, until_ns, e);

	explicit_bzero(text, sizeof text);
	return is_sent;
}

static bool ask(
	struct push *i, const char *words, const char *what, uint64_t until_ns, struct error *e)
{
	return (say(i, words, until_ns, e) || fail_in(e, "IMAP %s", what)) &&
	       answer(i, what, until_ns, e);
}

/* A quoted string, RFC 9051 4.3; without the two characters that need escaping. */
static bool is_quotable(const char *text)
{
	return strpbrk(text, "\"\\\r\n") == NULL;
}

static bool secure(
	struct push *i, const struct pop3_mailbox *box, uint64_t until_ns, struct error *e)
{
	uint32_t took_us = 0;

	return wire_secure(&i->wire, box->tls, until_ns, &took_us, e) || fail_in(e, "IMAP");
}

/* RFC 9051 6.2.1: STARTTLS; RFC 8314 3.2: TLS before the greeting. */
static bool greet(
	struct push *i, const struct pop3_mailbox *box, uint64_t until_ns, struct error *e)
{
	struct slice greeting;

	if (box->way.submit == SUBMIT_TLS && !secure(i, box, until_ns, e))
		return false;
	if (!wire_line(&i->wire, until_ns, &greeting, e))
		return false;
	if (!slice_starts_nocase(greeting, S("* OK")))
		return fail(e, FAULT_LATER, "IMAP: the server greets with '%.*s'",
			S_FMT(slice_first(greeting, 60)));
	return box->way.submit != SUBMIT_STARTTLS ||
	       (ask(i, "STARTTLS", "STARTTLS", until_ns, e) && secure(i, box, until_ns, e));
}

static bool log_in(
	struct push *i, const struct pop3_mailbox *box, uint64_t until_ns, struct error *e)
{
	char words[COMMAND_BYTES - 32];
	int len = snprintf(words, sizeof words, "LOGIN \"%s\" \"%s\"", box->user, box->password);

	if (!is_quotable(box->user) || !is_quotable(box->password) || len < 0 ||
		(size_t)len >= sizeof words)
		return fail(e, FAULT_NEVER, "IMAP LOGIN: this name or password cannot be sent");
	bool is_in = greet(i, box, until_ns, e) && ask(i, words, "LOGIN", until_ns, e);

	explicit_bzero(words, sizeof words);
	return is_in && ask(i, "SELECT INBOX", "SELECT", until_ns, e);
}

bool push_open(struct push *i, const struct pop3_mailbox *box, uint64_t until_ns, struct error *e)
{
	*i = (struct push){ .wire = { .fd = -1 }, .last_uid = i->last_uid };
	if (!wire_dial(&i->wire, box->host, box->port, until_ns, e))
		return fail_in(e, "IMAP");
	if (log_in(i, box, until_ns, e))
		return true;
	push_close(i);
	return false;
}

static bool idle_enter(struct push *i, uint64_t until_ns, struct error *e)
{
	struct slice line;

	if (i->is_idle)
		return true;
	if (!say(i, "IDLE", until_ns, e))
		return fail_in(e, "IMAP IDLE");
	do {
		if (!wire_line(&i->wire, until_ns, &line, e))
			return fail_in(e, "IMAP IDLE");
		untagged_note(i, line);
	} while (slice_starts(line, S("* ")));
	i->is_idle = slice_starts(line, S("+"));
	return i->is_idle || fail(e, FAULT_NEVER, "IMAP IDLE: the server answered '%.*s'",
				     S_FMT(slice_first(line, 80)));
}

static bool idle_leave(struct push *i, uint64_t until_ns, struct error *e)
{
	if (!i->is_idle)
		return true;
	i->is_idle = false;
	return (wire_send(&i->wire, S("DONE\r\n"), until_ns, e) || fail_in(e, "IMAP DONE")) &&
	       answer(i, "DONE", until_ns, e);
}

bool push_wait(struct push *i, uint64_t until_ns, bool *ret, struct error *e)
{
	struct slice line;

	*ret = i->exists > i->taken;
	if (*ret)
		return true;
	/* Getting into IDLE is no wait of ours: it has a deadline of its own. */
	if (!idle_enter(i, wire_now_ns() + PUSH_ANSWER_NS, e))
		return false;
	while (i->exists <= i->taken) {
		if (!wire_is_ready(&i->wire, until_ns))
			return true;
		if (!wire_line(&i->wire, wire_now_ns() + PUSH_ANSWER_NS, &line, e))
			return fail_in(e, "IMAP IDLE");
		untagged_note(i, line);
	}
	*ret = true;
	return true;
}

/* "... BODY[] {123}": the number; false: no literal. */
static bool literal_bytes(struct slice line, uint64_t *ret)
{
	size_t open = slice_find_last(line, '{');

	return open < line.len && line.at[line.len - 1] == '}' &&
	       slice_number(
		       (struct slice){ line.at + open + 1, line.len - open - 2 }, UINT32_MAX, ret);
}

/* "* 12 FETCH (UID 34 BODY[] {…}": 34; 0: none. */
static uint64_t uid_of(struct slice line)
{
	const char *at = memmem(line.at, line.len, "UID ", 4);
	uint64_t uid = 0;

	if (at == NULL)
		return 0;
	struct slice number = slice_skip(line, (size_t)(at - line.at) + 4);
	size_t end = slice_find(number, ' ');
	return slice_number(slice_first(number, end), UINT32_MAX, &uid) ? uid : 0;
}

/* One mail of the answer to FETCH, whose first line was read. */
static bool mail_take(struct push *i, const struct pop3_mailbox *box, uint64_t uid, uint64_t bytes,
	uint64_t until_ns, struct error *e)
{
	struct slice rest;

	buf_clear(box->room);
	if (!wire_bytes(&i->wire, bytes, until_ns, box->room, e))
		return fail_in(e, "IMAP FETCH");
	/* "*" names the last mail even when it is an old one. */
	if (uid > i->last_uid) {
		box->on_mail(box->context, buf_slice(box->room), i->seen_ns, wire_now_ns());
		i->last_uid = uid;
	}
	/* what closes the bracket */
	return wire_line(&i->wire, until_ns, &rest, e) || fail_in(e, "IMAP FETCH");
}

static bool fetch(
	struct push *i, const struct pop3_mailbox *box, uint64_t until_ns, struct error *e)
{
	char words[64], tag[16];
	uint64_t last = i->exists, bytes = 0;
	struct slice line;

	(void)snprintf(
		words, sizeof words, "UID FETCH %" PRIu64 ":* (UID BODY.PEEK[])", i->last_uid + 1);
	if (!say(i, words, until_ns, e))
		return fail_in(e, "IMAP FETCH");
	(void)snprintf(tag, sizeof tag, "a%u ", i->tag);
	for (int lines = 0; lines < LINES_MAX; lines++) {
		if (!wire_line(&i->wire, until_ns, &line, e))
			return fail_in(e, "IMAP FETCH");
		if (slice_starts(line, slice_of(tag)))
			break;
		if (!literal_bytes(line, &bytes))
			untagged_note(i, line);
		else if (!mail_take(i, box, uid_of(line), bytes, until_ns, e))
			return false;
	}
	i->taken = last > i->exists ? i->exists : last;
	return slice_starts_nocase(slice_skip(line, strlen(tag)), S("OK")) ||
	       fail(e, FAULT_LATER, "IMAP FETCH: the server answered '%.*s'",
		       S_FMT(slice_first(line, 80)));
}

bool push_take(struct push *i, const struct pop3_mailbox *box, uint64_t until_ns, struct error *e)
{
	return idle_leave(i, until_ns, e) && (i->exists <= i->taken || fetch(i, box, until_ns, e));
}

bool push_empty(struct push *i, uint64_t until_ns, struct error *e)
{
	return idle_leave(i, until_ns, e) && ask(i, "NOOP", "NOOP", until_ns, e) &&
	       (i->exists == 0 ||
		       (ask(i, "STORE 1:* +FLAGS.SILENT (\\Deleted)", "STORE", until_ns, e) &&
			       ask(i, "EXPUNGE", "EXPUNGE", until_ns, e)));
}

bool push_park(struct push *i, uint64_t until_ns, struct push_parked *ret, struct error *e)
{
	if (!idle_enter(i, until_ns, e))
		return false;
	*ret = (struct push_parked){ fd_give(&i->wire.fd), i->wire.tls };
	i->wire.tls = NULL;
	return true;
}

void push_parked_close(struct push_parked *p)
{
	wire_end_free(p->tls);
	p->tls = NULL;
	fd_close(&p->fd);
}

void push_close(struct push *i)
{
	wire_close(&i->wire);
	i->is_idle = false;
}
