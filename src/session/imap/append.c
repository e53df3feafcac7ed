/* SPDX-License-Identifier: MIT */
/*
 * append - APPEND, MULTIAPPEND (RFC 3502), CATENATE (RFC 4469) and REPLACE (RFC 8508): the messages stream from the client into
 * the store, and become one commit.
 *
 * Once something is wrong the command is only read to its end, unless the client waits for our word before it sends more.
 * Limits: RFC 6855 4 wants 8-bit bytes in a header refused from who has not enabled UTF8=ACCEPT. They are taken: a client that
 * carries an old archive here would lose mails, or never end.
 */
#include "session/imap/appending.h"
#include "session/imap/place.h"
#include "session/imap/push.h"

#include "base/limits.h"

#include <inttypes.h>

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

enum mailbox_answer imap_into_open(
	struct imap *s, struct slice name, struct imap_into *ret, struct error *e)
{
	struct directory *directory = s->client.host->mail->directory;
	struct place place;
	enum mailbox_answer answer = place_need(s, name, IMAP_RIGHT_INSERT, &place, e);
	bool is_found;

	if (answer != MAILBOX_OK)
		return answer;
	if (!directory_target(directory, place.owner, &s->arena, &ret->target, &is_found, e))
		return MAILBOX_FAILED;
	if (!is_found) {
		(void)fail(e, FAULT_NEVER, "its account was removed");
		return MAILBOX_MISSING;
	}
	ret->rights = place.rights;
	return place_open(s, &place, &ret->folder, e);
}

bool imap_into_tells(const struct imap_into *into)
{
	return (into->rights & IMAP_RIGHT_READ) != 0;
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

/* False: the session ends. */
static bool literal_take(struct appending *a, const struct imap_append_part *part)
{
	struct imap *s = a->s;
	struct imap_pace pace = { 0 };
	struct error e = { .fault = FAULT_NONE };
	struct slice piece;

	if (!imap_read_go_ahead(s, part->literal))
		return false;
	for (uint64_t left = part->literal.bytes; left > 0; left -= piece.len) {
		if (!imap_read_some(s, &pace, left, &piece))
			return false;
		if (a->refusal.len == 0 && !body_add(a->body, piece, &e))
			appending_refuse_failure(a, &e);
	}
	a->part = part;
	return segment_begin(a);
}

/* ---- The end ---- */

/* RFC 8508 4.3: what came is told before what went. */
static enum next replaced_say(struct imap *s, const struct appended *done, bool tells_uids)
{
	if (tells_uids)
		imap_put_format(s,
			"* OK [APPENDUID %" PRIu32 " %" PRIu32 "] The replacement is there\r\n",
			done->uid_validity, done->uid_first);
	if ((s->enabled & IMAP_ENABLED_QRESYNC) != 0)
		return imap_ok_format(
			s, "[HIGHESTMODSEQ %" PRIu64 "] Replaced", done->replaced_modseq);
	return imap_ok(s, S("Replaced"));
}

static enum next appended_say(struct imap *s, const struct appended *done, bool tells_uids)
{
	if (!tells_uids)
		return imap_ok(s, S("Appended"));
	if (done->uid_first == done->uid_last)
		return imap_ok_format(s, "[APPENDUID %" PRIu32 " %" PRIu32 "] Appended",
			done->uid_validity, done->uid_first);
	return imap_ok_format(s, "[APPENDUID %" PRIu32 " %" PRIu32 ":%" PRIu32 "] Appended",
		done->uid_validity, done->uid_first, done->uid_last);
}

static enum next append_commit_say(struct appending *a)
{
	struct imap *s = a->s;
	struct error e = { .fault = FAULT_NONE };
	struct append *append = a->append;
	struct appended done;
	bool tells_uids = imap_into_tells(&a->into);

	a->append = NULL;
	s->tells_own = a->command.is_replace;
	switch (append_commit(append, &done, &e)) {
	case APPEND_OK:
		imap_notify_arrivals(s, folder_id(a->into.folder), done.uid_first,
			done.uid_last - done.uid_first + 1);
		return a->command.is_replace ? replaced_say(s, &done, tells_uids)
					     : appended_say(s, &done, tells_uids);
	case APPEND_OVER_QUOTA:
	case APPEND_TOO_BIG:
		return imap_no(s, S("[OVERQUOTA] There is no room for it"));
	case APPEND_GONE:
		if (a->command.is_replace)
			return imap_no(s, S("[EXPUNGEISSUED] The message or the mailbox is gone"));
		return imap_no(s, S("[TRYCREATE] That mailbox was deleted"));
	case APPEND_FULL:
		return imap_no(s, S("[LIMIT] That mailbox can take no more"));
	case APPEND_FAILED:
		break;
	}
	return imap_failed(s, &e);
}

static enum next append_done(struct appending *a)
{
	appending_open(a);
	appending_catch_up(a, NULL);
	return a->refusal.len > 0 ? imap_no(a->s, a->refusal) : append_commit_say(a);
}

/* It ends before its time: what the client sends unasked is dropped. */
static enum next append_refused(struct appending *a, bool is_bad, struct slice text)
{
	if (!imap_read_over(a->s, a->line))
		return NEXT_CLOSE;
	return is_bad ? imap_bad(a->s, text) : imap_no(a->s, text);
}

/* A message literal was announced. True: go on. */
static bool append_message(struct appending *a, enum next *ret_next)
{
	const struct imap_append_part *part = a->command.part;

	*ret_next = NEXT_CLOSE;
	appending_open(a);
	appending_catch_up(a, part);
	if (a->refusal.len == 0)
		appending_check_room(a, part->literal.bytes);
	if (a->refusal.len == 0)
		return literal_take(a, part);
	*ret_next = append_refused(a, false, a->refusal);
	return false;
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

static enum next append_command(struct imap *s, struct slice args, bool is_replace)
{
	struct appending a = { .s = s, .command = { .is_replace = is_replace } };
	enum next next;

	a.segment = arena_copy(&s->arena, args);
	a.line = a.segment;
	next = a.segment.at == NULL && args.len > 0 ? NEXT_CLOSE : append_run(&a);
	append_abandon(a.append);
	if (a.into.folder != NULL)
		folder_close(a.into.folder);
	return next;
}

enum next imap_append(struct imap *s, struct slice args)
{
	return append_command(s, args, false);
}

enum next imap_replace(struct imap *s, struct slice args)
{
	return append_command(s, args, true);
}
