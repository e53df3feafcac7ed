/* SPDX-License-Identifier: MIT */
/*
 * append - APPEND and MULTIAPPEND (RFC 3502): the messages stream from the client into the store, and become one commit.
 *
 * Once something is wrong the command is only read to its end, unless the client waits for our word before it sends more.
 */
#include "session/imap/change.h"
#include "session/imap/push.h"

#include "base/limits.h"
#include "mail/append.h"
#include "syntax/imap_append.h"

#include <inttypes.h>

struct appending {
	struct imap *s;
	struct imap_append command;
	struct slice line;    /* the newest of the segment */
	struct slice segment; /* see imap_append.h; in the arena */
	struct folder *folder;
	struct append *append;
	struct target target;
	const struct imap_append_message *open; /* its bytes have come, it is not added yet */
	struct slice refusal;                   /* what is wrong: the rest is dropped */
	bool is_syntax;                         /* it is BAD, not NO */
	struct error error;
};

static void refuse(struct appending *a, struct slice text)
{
	if (a->refusal.len == 0)
		a->refusal = text;
}

static void refuse_failure(struct appending *a, struct error *e)
{
	imap_note_failure(a->s, e);
	refuse(a, S("[UNAVAILABLE] Temporary failure, try again later"));
	error_clear(e);
}

bool imap_own_target(struct imap *s, struct target *ret, enum next *ret_next)
{
	struct client *c = &s->client;
	struct error e = { .fault = FAULT_NONE };
	bool is_found;

	if (!directory_target(c->host->mail->directory, slice_of(c->account), &s->arena, ret,
		    &is_found, &e)) {
		*ret_next = imap_failed(s, &e);
		return false;
	}
	if (!is_found)
		*ret_next = imap_bye(s, S("The account was removed"));
	return is_found;
}

/* ---- Reading on ---- */

/* Adds bytes of an argument and the line behind them to the segment, in fresh memory. */
static bool segment_grow(struct appending *a, struct imap_literal literal)
{
	struct imap *s = a->s;
	struct imap_pace pace = { 0 };
	struct buf text = { .max = LIMIT_IMAP_COMMAND_BYTES };
	struct slice piece;
	bool is_good = imap_read_go_ahead(s, literal) && buf_add(&text, a->segment) &&
		       buf_add(&text, S("\r\n"));

	for (uint64_t left = literal.bytes; is_good && left > 0; left -= piece.len)
		is_good = imap_read_some(s, &pace, left, &piece) && buf_add(&text, piece);
	is_good = is_good && imap_read_line(s, &piece) && buf_add(&text, piece);
	if (is_good) {
		a->segment = arena_copy(&s->arena, buf_slice(&text));
		a->line = slice_skip(a->segment, a->segment.len - piece.len);
	}
	buf_done(&text);
	return is_good && a->segment.at != NULL;
}

/* A new segment begins behind a message. */
static bool segment_begin(struct appending *a)
{
	struct slice line;

	if (!imap_read_line(a->s, &line))
		return false;
	a->segment = arena_copy(&a->s->arena, line);
	a->line = a->segment;
	return a->segment.at != NULL;
}

/* Drops the literals and lines that are still to come; false: the session ends. */
static bool swallow(struct appending *a)
{
	struct imap *s = a->s;

	for (uint64_t total = 0;;) { /* bounded by the size of a message */
		struct imap_literal literal = imap_line_literal(a->line);
		struct imap_pace pace = { 0 };
		struct slice piece;

		if (literal.kind == IMAP_LITERAL_NONE || literal.is_sync)
			return true;
		total += literal.bytes + 1;
		if (literal.kind == IMAP_LITERAL_BAD ||
			total / 2 > s->client.host->message_bytes_max) {
			(void)imap_bye(s, S("[TOOBIG] That is far over the limit"));
			return false;
		}
		for (uint64_t left = literal.bytes; left > 0; left -= piece.len)
			if (!imap_read_some(s, &pace, left, &piece))
				return false;
		if (!imap_read_line(s, &a->line))
			return false;
	}
}

/* ---- Messages ---- */

/* With the first message, when the mailbox is known. */
static bool append_open(struct appending *a, enum next *ret_next)
{
	struct imap *s = a->s;
	struct error e = { .fault = FAULT_NONE };
	enum mailbox_answer answer;

	if (a->append != NULL || a->refusal.len > 0)
		return true;
	if (!imap_own_target(s, &a->target, ret_next))
		return false;
	answer = mailbox_open(
		s->client.host->mail, s->client.account_id, a->command.mailbox, &a->folder, &e);
	if (answer == MAILBOX_FAILED)
		refuse_failure(a, &e);
	else if (answer != MAILBOX_OK)
		refuse(a, S("[TRYCREATE] There is no such mailbox"));
	if (answer != MAILBOX_OK)
		return true;
	a->append = append_begin(s->client.host->mail, a->folder, &a->target, &e);
	if (a->append == NULL)
		refuse_failure(a, &e);
	return true;
}

/* An entry's times are from 1970 to 2262; what the client says outside becomes the nearest. */
static uint64_t wall_ns_of(int64_t seconds)
{
	const int64_t last = (int64_t)(INT64_MAX / NS_PER_S);

	return seconds <= 0 ? 1 : (uint64_t)(seconds < last ? seconds : last) * NS_PER_S;
}

/* The message whose bytes have all come. */
static void message_finish(struct appending *a)
{
	const struct imap_append_message *m = a->open;
	struct append_message message = { 0 };
	struct error e = { .fault = FAULT_NONE };
	size_t missing;

	a->open = NULL;
	if (m == NULL || a->refusal.len > 0)
		return;
	message.flags = m->flags.system & ~(unsigned)IMAP_FLAG_RECENT;
	if (m->has_time) {
		message.received_ns = wall_ns_of(m->time.seconds);
		message.zone_min = m->time.zone_minutes;
	}
	if (!folder_keywords_bits(a->folder, m->flags.keywords, m->flags.keyword_count, true,
		    &message.keywords, &missing, &e) ||
		!append_add(a->append, &message, NULL, &e))
		refuse_failure(a, &e);
}

static void check_room(struct appending *a, uint64_t bytes)
{
	if (a->refusal.len > 0)
		return;
	if (bytes > a->s->client.host->message_bytes_max) {
		refuse(a, S("[TOOBIG] That message is over the limit of APPENDLIMIT"));
		return;
	}
	switch (append_may(a->append, bytes)) {
	case APPEND_OK:
		return;
	case APPEND_OVER_QUOTA:
	case APPEND_TOO_BIG:
		return refuse(a, S("[OVERQUOTA] There is no room for it"));
	case APPEND_FULL:
		return refuse(a, S("[LIMIT] That mailbox can take no more"));
	case APPEND_GONE:
		return refuse(a, S("[TRYCREATE] That mailbox was deleted"));
	case APPEND_FAILED:
		break;
	}
	refuse(a, S("[UNAVAILABLE] Temporary failure, try again later"));
}

/* False: the session ends. */
static bool message_take(struct appending *a, struct imap_literal literal)
{
	struct imap *s = a->s;
	struct imap_pace pace = { 0 };
	struct error e = { .fault = FAULT_NONE };
	struct body_writer *body = append_body(a->append);
	struct slice piece;

	if (!imap_read_go_ahead(s, literal))
		return false;
	for (uint64_t left = literal.bytes; left > 0; left -= piece.len) {
		if (!imap_read_some(s, &pace, left, &piece))
			return false;
		if (a->refusal.len == 0 && !body_add(body, piece, &e))
			refuse_failure(a, &e);
	}
	return segment_begin(a);
}

/* ---- The end ---- */

static enum next append_done(struct appending *a)
{
	struct imap *s = a->s;
	struct error e = { .fault = FAULT_NONE };
	struct append *append = a->append;
	struct appended done;

	message_finish(a);
	if (a->refusal.len > 0)
		return imap_no(s, a->refusal);
	a->append = NULL;
	switch (append_commit(append, &done, &e)) {
	case APPEND_OK:
		imap_notify_arrivals(s, folder_id(a->folder), done.uid_first,
			done.uid_last - done.uid_first + 1);
		if (done.uid_first == done.uid_last)
			return imap_ok_format(s, "[APPENDUID %" PRIu32 " %" PRIu32 "] Appended",
				done.uid_validity, done.uid_first);
		return imap_ok_format(s, "[APPENDUID %" PRIu32 " %" PRIu32 ":%" PRIu32 "] Appended",
			done.uid_validity, done.uid_first, done.uid_last);
	case APPEND_OVER_QUOTA:
	case APPEND_TOO_BIG:
		return imap_no(s, S("[OVERQUOTA] There is no room for it"));
	case APPEND_GONE:
		return imap_no(s, S("[TRYCREATE] That mailbox was deleted"));
	case APPEND_FULL:
		return imap_no(s, S("[LIMIT] That mailbox can take no more"));
	case APPEND_FAILED:
		break;
	}
	return imap_failed(s, &e);
}

/* It ends before its time: what the client sends unasked is dropped. */
static enum next append_refused(struct appending *a, bool is_bad, struct slice text)
{
	if (!swallow(a))
		return NEXT_CLOSE;
	return is_bad ? imap_bad(a->s, text) : imap_no(a->s, text);
}

/* A message literal was announced. True: go on. */
static bool append_message(struct appending *a, enum next *ret_next)
{
	struct imap_literal literal = a->command.part->literal;

	*ret_next = NEXT_CLOSE;
	if (a->command.message != a->open)
		message_finish(a);
	if (!append_open(a, ret_next))
		return false;
	check_room(a, literal.bytes);
	if (a->refusal.len > 0) {
		*ret_next = append_refused(a, false, a->refusal);
		return false;
	}
	a->open = a->command.message;
	return message_take(a, literal);
}

static enum next append_run(struct appending *a)
{
	enum next next = NEXT_CLOSE;

	for (;;) { /* bounded by LIMIT_IMAP_APPEND_MESSAGES and the arena */
		struct imap_literal literal = imap_line_literal(a->line);

		switch (imap_append_next(&a->s->parse, a->segment, &a->command)) {
		case IMAP_APPEND_ARGUMENT:
			if (literal.bytes > LIMIT_IMAP_LITERAL_BYTES)
				return append_refused(
					a, false, S("[TOOBIG] That literal is too big"));
			if (!segment_grow(a, literal))
				return NEXT_CLOSE;
			break;
		case IMAP_APPEND_MESSAGE:
			if (a->command.message->is_catenate)
				return append_refused(a, true, S("CATENATE is not offered here"));
			if (!append_message(a, &next))
				return next;
			break;
		case IMAP_APPEND_DONE:
			return append_done(a);
		case IMAP_APPEND_BAD:
			return append_refused(a, true, slice_of(a->s->parse.why));
		}
	}
}

enum next imap_append(struct imap *s, struct slice args)
{
	struct appending a = { .s = s };
	enum next next;

	a.segment = arena_copy(&s->arena, args);
	a.line = a.segment;
	next = a.segment.at == NULL && args.len > 0 ? NEXT_CLOSE : append_run(&a);
	append_abandon(a.append);
	if (a.folder != NULL)
		folder_close(a.folder);
	return next;
}
