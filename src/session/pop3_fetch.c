/* SPDX-License-Identifier: MIT */
#include "session/pop3.h"
#include "session/pop3_top.h"

#include "base/log.h"
#include "mail/body.h"
#include "mail/timeline.h"
#include "syntax/dot.h"
#include "syntax/pop3_line.h"

#include <inttypes.h>
#include <stdlib.h>

/* Entries read ahead, 150 bytes each: one scan costs as much as ten of them. */
enum { FETCH_PAGE_ROWS = 64 };

/* One piece of a message to the client, dots doubled. */
static bool fetch_send(struct pop3 *p, struct dot_encoder *dots, struct slice s)
{
	const struct session_host *h = p->client.host;

	while (s.len > 0) {
		struct slice piece = slice_first(s, LIMIT_POP3_PIECE_BYTES);
		uint64_t now = clock_mono_ns(h->clock);

		/* Each piece anew: a big mail over a slow line may take longer than a command. */
		conn_write_until(p->client.conn, now + h->data_wait_ms * NS_PER_MS);
		buf_clear(&p->encoded);
		if (!dot_encode(dots, piece, &p->encoded) ||
			!conn_write(p->client.conn, buf_slice(&p->encoded)))
			return false;
		s = slice_skip(s, piece.len);
	}
	return true;
}

static bool fetch_finish(struct pop3 *p, struct dot_encoder *dots)
{
	buf_clear(&p->encoded);
	return dot_finish(dots, &p->encoded) && conn_write(p->client.conn, buf_slice(&p->encoded));
}

/* After +OK there is no way to say that the store failed: the connection breaks, and the client asks again. */
static enum next fetch_broken(struct pop3 *p, const struct error *e)
{
	if (e->fault != FAULT_NONE) {
		client_count(&p->client, COUNT_STORE_FAILURES);
		log_event(LOG_LEVEL_ERROR, "pop3.failed",
			LOG_TEXT("peer", conn_peer(p->client.conn)),
			LOG_TEXT("why", slice_of(e->text)));
	}
	return NEXT_CLOSE;
}

/* The next piece, or what TOP shows of it. */
static bool fetch_piece(
	struct pop3 *p, struct dot_encoder *dots, struct pop3_top *top, struct slice piece)
{
	return fetch_send(
		p, dots, top == NULL ? piece : slice_first(piece, pop3_top_cut(top, piece)));
}

/* Behind the prefix, which is in memory: the first bytes from the store are read before +OK, so that a failure gets its reply. */
static enum next fetch_stream(struct pop3 *p, const struct entry *entry, struct pop3_top *top)
{
	ON_EXIT(body_close) struct body_reader reader;
	struct error e = { .fault = FAULT_NONE };
	struct dot_encoder dots = { 0 };
	struct slice piece;

	body_open(&reader, p->client.host->mail->store, entry);
	reader.at = entry->prefix.len;
	if (!body_next(&reader, &piece, &e))
		return pop3_failed(p, &e);
	if (pop3_say_format(p, "+OK %" PRIu64 " octets", entry->bytes) == NEXT_CLOSE ||
		!fetch_piece(p, &dots, top, entry->prefix))
		return NEXT_CLOSE;
	while (piece.len > 0 && (top == NULL || !pop3_top_is_done(top)))
		if (!fetch_piece(p, &dots, top, piece) || !body_next(&reader, &piece, &e))
			return fetch_broken(p, &e);
	return fetch_finish(p, &dots) ? NEXT_AGAIN : NEXT_CLOSE;
}

static int order_by_uid(const void *a, const void *b)
{
	const struct fetched *x = a, *y = b;

	return (x->uid > y->uid) - (x->uid < y->uid);
}

/* As IMAP clients see it, and so that the next download finds nothing to note. Lazy: a crash may take it. */
static void mark_seen(struct pop3 *p)
{
	const struct flags_change seen = {
		.how = FLAGS_ADD, .flags = ENTRY_SEEN, .may_be_lazy = true
	};
	struct flags_result results[LIMIT_FETCHED];
	struct error e = { .fault = FAULT_NONE };
	uint32_t uids[LIMIT_FETCHED];

	qsort(p->fetched, p->fetched_count, sizeof *p->fetched, order_by_uid);
	for (size_t i = 0; i < p->fetched_count; i++)
		uids[i] = p->fetched[i].uid;
	if (!folder_flags_set(p->maildrop.folder, uids, p->fetched_count, &seen, results, &e))
		(void)fetch_broken(p, &e);
}

void pop3_note_fetched(struct pop3 *p)
{
	struct slice account = slice_of(p->client.account);
	struct timeline timeline;

	if (p->fetched_count == 0)
		return;
	mark_seen(p);
	for (size_t i = 0; i < p->fetched_count; i++) {
		const struct fetched *f = &p->fetched[i];

		timeline_begin(&timeline, f->message);
		timeline_note_at(&timeline, STAGE_FETCHED, f->when.mono_ns, f->when.wall_ns,
			f->bytes, account);
		timelines_add(p->client.host->mail->timelines, &timeline, S(""), NULL, 0);
		timeline_log(&timeline);
	}
	p->fetched_count = 0;
}

/* The stage `fetched` of the mail's timeline: when it is sent to a client for the first time. */
static void fetch_note(struct pop3 *p, struct maildrop_row *row, const struct entry *entry)
{
	client_count(&p->client, COUNT_FETCHED);
	if (row->is_fetched || (entry->flags & ENTRY_SEEN) != 0)
		return;
	row->is_fetched = true;
	if (p->fetched == NULL)
		p->fetched = calloc(LIMIT_FETCHED, sizeof *p->fetched);
	if (p->fetched == NULL)
		return; /* a trace is not worth a failure */
	p->fetched[p->fetched_count++] = (struct fetched){ .message = entry->message,
		.uid = entry->uid,
		.bytes = entry->bytes,
		.when = moment_now(p->client.host->clock) };
	if (p->fetched_count == LIMIT_FETCHED)
		pop3_note_fetched(p);
}

/*
 * Clients fetch one message after the other, so entries are read some at a time. An entry of the page may have been
 * removed since: then its bytes are gone, and reading them fails.
 */
static bool fetch_entry(struct pop3 *p, uint32_t uid, const struct entry **ret, struct error *e)
{
	for (int turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < p->page.count; i++)
			if (p->page.at[i].uid == uid) {
				*ret = &p->page.at[i];
				return true;
			}
		if (turn == 0 &&
			!folder_list(p->maildrop.folder, uid - 1, FETCH_PAGE_ROWS, &p->page, e))
			return false;
	}
	*ret = NULL;
	return true;
}

static enum next fetch_number(struct pop3 *p, uint32_t number, struct pop3_top *top)
{
	struct error e = { .fault = FAULT_NONE };
	enum next next = NEXT_AGAIN;
	struct maildrop_row *row = pop3_row(p, number, &next);
	const struct entry *entry;

	if (row == NULL)
		return next;
	if (!fetch_entry(p, row->uid, &entry, &e))
		return pop3_failed(p, &e);
	if (entry == NULL)
		return pop3_say(p, S("-ERR That message was removed by another session"));
	next = fetch_stream(p, entry, top);
	if (next != NEXT_CLOSE && top == NULL)
		fetch_note(p, row, entry);
	return next;
}

enum next pop3_retr(struct pop3 *p, struct slice args)
{
	uint32_t number;

	if (!pop3_line_number(args, &number))
		return pop3_wrong(p, S("-ERR The argument is a message number"));
	return fetch_number(p, number, NULL);
}

enum next pop3_top(struct pop3 *p, struct slice args)
{
	struct pop3_top top = { .is_line_empty = true };
	uint32_t number;

	if (!pop3_line_top(args, &number, &top.lines_left))
		return pop3_wrong(p, S("-ERR TOP needs a message number and a number of lines"));
	return fetch_number(p, number, &top);
}
