/* SPDX-License-Identifier: MIT */
/*
 * append - APPEND, MULTIAPPEND (RFC 3502), CATENATE (RFC 4469) and REPLACE (RFC 8508): the messages stream from the client into
 * the store, and become one commit.
 *
 * Once something is wrong the command is only read to its end, unless the client waits for our word before it sends more.
 */
#include "session/imap/change.h"
#include "session/imap/place.h"
#include "session/imap/push.h"

#include "base/limits.h"
#include "mail/append.h"
#include "session/imap/catenate.h"
#include "syntax/imap_append.h"

#include <inttypes.h>

enum {
	/* of messages of the largest size: what URLs of one command may copy, for a few bytes of it can name gigabytes */
	CATENATE_COPY_MESSAGES = 4,
};

struct appending {
	struct imap *s;
	struct imap_append command;
	struct slice line;     /* the newest of the segment */
	struct slice segment;  /* see imap_append.h; in the arena */
	struct imap_into into; /* its folder is NULL until the first message */
	struct append *append;
	struct body_writer *body; /* of the message `open` */
	/* How far we are in the command's list of messages: */
	const struct imap_append_message
		*open; /* some of its parts may still come; NULL: none is */
	const struct imap_append_message *added;
	const struct imap_append_part *part; /* the last of `open` whose bytes are taken */
	uint64_t copied;                     /* bytes that URLs brought */
	struct slice refusal;                /* what is wrong: the rest is dropped */
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

/* ---- Messages ---- */

/* The message that goes: its number or UID as the client knows it. False: *ret_next is what follows the answer. */
static bool replaced_find(struct appending *a, uint32_t *ret_uid)
{
	const struct uids *all = &a->s->view.uids;
	uint32_t number = a->command.number;

	if (number == IMAP_STAR)
		*ret_uid = uids_last(all);
	else if (a->s->is_uid)
		*ret_uid = uids_has(all, number) ? number : 0;
	else
		*ret_uid = uids_at(all, number);
	if (*ret_uid == 0)
		refuse(a, S("[NONEXISTENT] There is no such message to be replaced"));
	return *ret_uid != 0;
}

static void replaced_open(struct appending *a)
{
	struct error e = { .fault = FAULT_NONE };
	bool is_there;
	uint32_t uid;

	if (!replaced_find(a, &uid))
		return;
	if (!append_replaces(a->append, a->s->view.folder, uid, &is_there, &e))
		refuse_failure(a, &e);
	else if (!is_there)
		refuse(a, S("[EXPUNGEISSUED] The message to be replaced is gone"));
}

/* With the first message, when the mailbox is known. */
static void append_open(struct appending *a)
{
	struct imap *s = a->s;
	struct error e = { .fault = FAULT_NONE };
	enum mailbox_answer answer;

	if (a->append != NULL || a->refusal.len > 0)
		return;
	/* RFC 8508 5: what replaces something deletes and expunges it, too. */
	if (a->command.is_replace && !imap_may(s, IMAP_RIGHT_TRASH | IMAP_RIGHT_EXPUNGE))
		return refuse(a, S("[NOPERM] You may not remove messages from here"));
	answer = imap_into_open(s, a->command.mailbox, &a->into, &e);
	if (answer == MAILBOX_FAILED)
		refuse_failure(a, &e);
	else if (answer == MAILBOX_DENIED)
		refuse(a, S("[NOPERM] You may not put messages there"));
	else if (answer != MAILBOX_OK)
		refuse(a, S("[TRYCREATE] There is no such mailbox"));
	if (answer != MAILBOX_OK)
		return;
	a->append = append_begin(s->client.host->mail, a->into.folder, &a->into.target, &e);
	if (a->append == NULL)
		refuse_failure(a, &e);
	else if (a->command.is_replace)
		replaced_open(a);
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
	a->added = m;
	/* RFC 3502 6.3.11: an empty message is how a client says that it has changed its mind. */
	if (a->body->bytes == 0)
		return refuse(a, S("[CANNOT] An empty message is not appended"));
	/* RFC 4314 4: what one may not set is left out, and the message comes all the same. */
	message.flags =
		imap_flags_allowed(a->into.rights, m->flags.system & ~(unsigned)IMAP_FLAG_RECENT);
	if (m->has_time) {
		message.received_ns = wall_ns_of(m->time.seconds);
		message.zone_min = m->time.zone_minutes;
	}
	if (!folder_keywords_bits(a->into.folder, m->flags.keywords,
		    (a->into.rights & IMAP_RIGHT_WRITE) != 0 ? m->flags.keyword_count : 0, true,
		    &message.keywords, &missing, &e) ||
		!append_add(a->append, &message, NULL, &e))
		refuse_failure(a, &e);
}

/* For so many bytes more of the message that is open. */
static void check_room(struct appending *a, uint64_t more)
{
	uint64_t bytes = a->body->bytes + more;

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

/* RFC 4469 5 and its erratum 2002: the URL as it came, but for bytes that a code cannot hold. */
static void refuse_url(struct appending *a, struct slice url, struct slice why)
{
	auto_buf text = { .max = LIMIT_IMAP_LITERAL_BYTES * 3 + 512 };
	bool is_good = buf_add(&text, S("[BADURL "));

	for (size_t i = 0; is_good && i < url.len; i++) {
		unsigned char byte = (unsigned char)url.at[i];

		is_good = byte <= ' ' || byte >= 127 || byte == ']'
				  ? buf_add_format(&text, "%%%02X", byte)
				  : buf_add_byte(&text, (char)byte);
	}
	is_good = is_good && buf_add(&text, S("] ")) && buf_add(&text, why);
	refuse(a, is_good ? arena_copy(&a->s->arena, buf_slice(&text)) : S(""));
	refuse(a, S("[LIMIT] A URL is wrong, and too long to be repeated"));
}

static void check_copied(struct appending *a, uint64_t more)
{
	a->copied += more;
	if (a->copied / CATENATE_COPY_MESSAGES > a->s->client.host->message_bytes_max)
		refuse(a, S("[LIMIT] The URLs of one command copy too much"));
}

static void url_take(struct appending *a, struct slice url)
{
	struct error e = { .fault = FAULT_NONE };
	struct slice why = S("");
	struct catenated part;

	switch (catenate_open(&part, a->s, url, &why, &e)) {
	case CATENATE_OK:
		check_room(a, part.bytes);
		check_copied(a, part.bytes);
		if (a->refusal.len == 0 && !catenate_copy(&part, a->body, &e))
			refuse_failure(a, &e);
		break;
	case CATENATE_BAD_URL:
		refuse_url(a, url, why);
		break;
	case CATENATE_FAILED:
		refuse_failure(a, &e);
		break;
	}
	catenate_close(&part);
}

/*
 * Does what the command has said so far, up to a part (NULL: to its end): copies what URLs name, adds messages that are whole.
 * Literals on the way were taken when they came.
 */
static void catch_up(struct appending *a, const struct imap_append_part *until)
{
	while (a->refusal.len == 0) { /* each turn is a part or a message */
		const struct imap_append_part *next;

		if (a->open == NULL) {
			a->open = a->added == NULL ? a->command.messages : a->added->next;
			if (a->open == NULL)
				return;
			a->body = append_body(a->append);
			a->part = NULL;
		}
		next = a->part == NULL ? a->open->parts : a->part->next;
		if (next != NULL && next == until)
			return;
		if (next == NULL) {
			message_finish(a);
			continue;
		}
		url_take(a, next->url);
		a->part = next;
	}
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
			refuse_failure(a, &e);
	}
	a->part = part;
	return segment_begin(a);
}

/* ---- The end ---- */

/* RFC 8508 4.3: what came is told before what went. */
static enum next replaced_say(struct imap *s, const struct appended *done)
{
	imap_put_format(s, "* OK [APPENDUID %" PRIu32 " %" PRIu32 "] The replacement is there\r\n",
		done->uid_validity, done->uid_first);
	if ((s->enabled & IMAP_ENABLED_QRESYNC) != 0)
		return imap_ok_format(
			s, "[HIGHESTMODSEQ %" PRIu64 "] Replaced", done->replaced_modseq);
	return imap_ok(s, S("Replaced"));
}

static enum next appended_say(struct imap *s, const struct appended *done)
{
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

	a->append = NULL;
	s->tells_own = a->command.is_replace;
	switch (append_commit(append, &done, &e)) {
	case APPEND_OK:
		imap_notify_arrivals(s, folder_id(a->into.folder), done.uid_first,
			done.uid_last - done.uid_first + 1);
		return a->command.is_replace ? replaced_say(s, &done) : appended_say(s, &done);
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
	append_open(a);
	catch_up(a, NULL);
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
	append_open(a);
	catch_up(a, part);
	if (a->refusal.len == 0)
		check_room(a, part->literal.bytes);
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
