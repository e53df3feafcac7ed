/* SPDX-License-Identifier: MIT */
#include "lab/lifecycle/imap.h"

#include <stdio.h>
#include <string.h>

enum {
	COMMAND_BYTES = 1024,
	ANSWERS_MAX = 10000000, /* of one command: more than a mailbox may hold */
};

/* "...{123}": a literal of so many bytes follows; false when there is none. */
static bool literal_follows(struct slice line, uint64_t *ret_bytes)
{
	size_t open = slice_find_last(line, '{');

	if (line.len == 0 || line.at[line.len - 1] != '}' || open == line.len)
		return false;
	return slice_number((struct slice){ line.at + open + 1, line.len - open - 2 },
		IMAP_RESPONSE_BYTES, ret_bytes);
}

/* Reads a line, and while it announces a literal, that and the next; into i->response. */
static bool response_read(
	struct imap *i, uint64_t until_ns, struct slice *ret_literal, struct error *e)
{
	size_t literal_at = 0, literal_len = 0;
	uint64_t bytes = 0;
	struct slice line;

	buf_clear(&i->response);
	for (;;) {
		if (!wire_line(&i->wire, until_ns, &line, e))
			return false;
		bool has_more = literal_follows(line, &bytes);

		if (!buf_add(&i->response, line))
			break;
		if (!has_more) {
			*ret_literal = literal_len == 0
					       ? S("")
					       : slice_first(slice_skip(buf_slice(&i->response),
								     literal_at),
							 literal_len);
			return true;
		}
		literal_at = i->response.len;
		literal_len = (size_t)bytes;
		if (literal_len > i->response.max - i->response.len)
			break;
		if (!wire_bytes(&i->wire, literal_len, until_ns, &i->response, e))
			return false;
	}
	return fail(e, FAULT_NEVER, "read IMAP: an answer of over %d bytes", IMAP_RESPONSE_BYTES);
}

static bool result_check(struct slice text, struct slice tag, const char *command, struct error *e)
{
	struct slice result = slice_skip(text, tag.len);

	return slice_starts_nocase(result, S("OK")) ||
	       fail(e, FAULT_NEVER, "IMAP '%.40s' was answered '%.*s'", command,
		       S_FMT(slice_first(result, 120)));
}

bool imap_run(struct imap *i, const char *command, imap_answer_fn *on_answer, void *context,
	uint64_t until_ns, struct error *e)
{
	char text[COMMAND_BYTES], tag[16];
	int len = snprintf(text, sizeof text, "t%u %s\r\n", ++i->tag, command);
	struct slice literal;

	(void)snprintf(tag, sizeof tag, "t%u ", i->tag);
	if (len >= (int)sizeof text)
		return fail(e, FAULT_NEVER, "IMAP '%.40s...': too long", command);
	if (!wire_send(&i->wire, (struct slice){ text, (size_t)len }, until_ns, e))
		return false;
	for (unsigned n = 0; n < ANSWERS_MAX; n++) {
		if (!response_read(i, until_ns, &literal, e))
			return fail_in(e, "IMAP '%.40s'", command);
		struct slice answer = buf_slice(&i->response);

		if (slice_starts(answer, slice_of(tag)))
			return result_check(answer, slice_of(tag), command, e);
		if (on_answer != NULL && slice_starts(answer, S("* ")) &&
			!on_answer(context, slice_skip(answer, 2), literal, e))
			return false;
	}
	return fail(e, FAULT_NEVER, "IMAP '%.40s': the answers do not end", command);
}

bool imap_open(struct imap *i, const char *host, uint16_t port, const char *user,
	const char *password, uint64_t until_ns, struct error *e)
{
	char command[COMMAND_BYTES];
	struct slice greeting;

	*i = (struct imap){ .wire = { .fd = -1 }, .response = { .max = IMAP_RESPONSE_BYTES } };
	if (snprintf(command, sizeof command, "LOGIN \"%s\" \"%s\"", user, password) >=
		(int)sizeof command)
		return fail(e, FAULT_NEVER, "log in as '%.80s...': too long", user);
	if (!wire_dial(&i->wire, host, port, until_ns, e) ||
		!wire_line(&i->wire, until_ns, &greeting, e) ||
		(!slice_starts(greeting, S("* OK")) &&
			!fail(e, FAULT_LATER, "IMAP greets with '%.*s'",
				S_FMT(slice_first(greeting, 60)))) ||
		!imap_run(i, command, NULL, NULL, until_ns, e)) {
		imap_close(i);
		return fail_in(e, "log in to IMAP as '%s'", user);
	}
	return true;
}

void imap_close(struct imap *i)
{
	struct error ignored = { .fault = FAULT_NONE };

	if (i->wire.fd >= 0)
		(void)!wire_send(&i->wire, S("bye LOGOUT\r\n"), wire_now_ns() + 1, &ignored);
	wire_close(&i->wire);
	buf_done(&i->response);
}

static struct slice behind(struct slice answer, const char *word)
{
	const char *at = answer.len == 0 ? NULL : memmem(answer.at, answer.len, word, strlen(word));

	if (at == NULL)
		return S("");
	return slice_skip(answer, (size_t)(at - answer.at) + strlen(word));
}

struct slice imap_between(struct slice answer, const char *word, char end)
{
	struct slice text = behind(answer, word);

	return slice_first(text, slice_find(text, end));
}

struct slice imap_word(struct slice answer, const char *word)
{
	struct slice text = behind(answer, word);
	size_t len = 0;

	while (len < text.len && strchr(" )]\r\n", text.at[len]) == NULL)
		len++;
	return slice_first(text, len);
}
