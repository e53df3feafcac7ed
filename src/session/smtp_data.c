/* SPDX-License-Identifier: MIT */
#include "session/smtp.h"

#include "base/limits.h"

#include <string.h>

/* ---- Waiting for bytes: each block within its time, and all together not too slowly ---- */

enum body_answer { BODY_BYTES, BODY_TIMEOUT, BODY_SLOW, BODY_GONE };

struct body_pace {
	uint64_t window_end_ns, window_bytes;
};

static uint64_t least_window_bytes(const struct smtp *s)
{
	return (uint64_t)s->client.host->min_bytes_per_s * LIMIT_RATE_WINDOW_S;
}

static void pace_begin(struct body_pace *p, uint64_t now)
{
	p->window_end_ns = now + LIMIT_RATE_WINDOW_S * NS_PER_S;
	p->window_bytes = 0;
}

/* A client that trickles is never quiet for long: the rate is also looked at while bytes come. */
static bool pace_is_too_slow(const struct smtp *s, struct body_pace *p, uint64_t now)
{
	bool is_too_slow;

	if (now < p->window_end_ns)
		return false;
	is_too_slow = p->window_bytes < least_window_bytes(s);
	pace_begin(p, now);
	return is_too_slow;
}

/* The next moment at which there is something to decide. */
static uint64_t pace_until(const struct body_pace *p, uint64_t now, uint64_t give_up)
{
	uint64_t until = now + LIMIT_CROWDED_WAIT_MS * NS_PER_MS;

	until = until < p->window_end_ns ? until : p->window_end_ns;
	return until < give_up ? until : give_up;
}

/* Looks at what is there, without taking it: the end of the mail may be in the middle. */
static enum body_answer body_peek(struct smtp *s, struct body_pace *p, struct slice *ret)
{
	const struct session_host *h = s->client.host;
	uint64_t began = clock_mono_ns(h->clock), now = began;

	if (p->window_end_ns == 0)
		pace_begin(p, now);
	for (;;) { /* ends with the block's time */
		uint64_t until = pace_until(p, now, began + h->data_wait_ms * NS_PER_MS);
		enum conn_answer answer = conn_peek(s->client.conn, until, ret);

		if (answer == CONN_OK) {
			p->window_bytes += ret->len;
			now = clock_mono_ns(h->clock);
			return pace_is_too_slow(s, p, now) ? BODY_SLOW : BODY_BYTES;
		}
		if (answer != CONN_QUIET)
			return BODY_GONE;
		now = clock_mono_ns(h->clock);
		if (now - began >= client_patience_ns(&s->client, h->data_wait_ms))
			return BODY_TIMEOUT;
		if (pace_is_too_slow(s, p, now))
			return BODY_SLOW;
	}
}

/* The rest of the body will not come, or we no longer want it: the session cannot go on. */
static enum next body_broken(struct smtp *s, enum body_answer answer)
{
	struct slice path = s->message == NULL ? S("") : s->message->envelope.reverse_path;

	switch (answer) {
	case BODY_TIMEOUT:
		(void)smtp_refuse(s, COUNT_TIMEOUTS, path,
			S("421 4.4.2 Timeout in the middle of a mail, closing the connection"));
		break;
	case BODY_SLOW:
		(void)smtp_refuse(s, COUNT_TOO_SLOW, path,
			S("421 4.4.2 The mail comes too slowly, closing the connection"));
		break;
	case BODY_BYTES:
	case BODY_GONE:
		(void)smtp_refuse(s, COUNT_TIMEOUTS, path,
			S("421 4.4.2 Connection lost in the middle of a mail"));
		break;
	}
	return NEXT_CLOSE;
}

/* We eat what is over the size limit so that the answer finds its place, but not for ever. */
static bool body_is_endless(const struct smtp *s)
{
	return s->message->bytes / 2 > s->client.host->message_bytes_max;
}

static enum next body_endless(struct smtp *s)
{
	(void)smtp_refuse(s, COUNT_REFUSED_SIZE, s->message->envelope.reverse_path,
		S("552 5.3.4 Message is far over the limit told with SIZE, closing the "
		  "connection"));
	return NEXT_CLOSE;
}

/* ---- DATA ---- */

/* Takes dots away and passes the rest on; stops behind the final dot. */
static void data_eat(struct smtp *s, struct slice input)
{
	struct smtp_message *m = s->message;
	struct slice left = input, run;

	while (left.len > 0 && !m->dot.is_done) {
		dot_decode(&m->dot, &left, &run);
		if (run.len > 0)
			smtp_message_bytes(s, run);
	}
	conn_take(s->client.conn, input.len - left.len);
}

static enum next data_read(struct smtp *s)
{
	struct smtp_message *m = s->message;
	struct body_pace pace = { 0 };
	struct slice input;

	while (!m->dot.is_done) {
		enum body_answer answer = body_peek(s, &pace, &input);

		if (answer != BODY_BYTES)
			return body_broken(s, answer);
		data_eat(s, input);
		if (body_is_endless(s))
			return body_endless(s);
	}
	return NEXT_AGAIN;
}

/*
 * RFC 5321 4.1.1.4. The mail ends only with CRLF "." CRLF. A mail with bare CRs or LFs is how one mail is made to look like two
 * (SMTP smuggling, CVE-2023-51764): it is refused as a whole. Some servers also hang up (521). We need not: the bytes up
 * to the true end were all taken as one mail, so nothing smuggled is left to be read as a command, and the honest
 * but broken client of a shared connection gets its answer and goes on with the next mail.
 */
enum next smtp_data(struct smtp *s, struct slice args)
{
	struct smtp_message *m = s->message;

	if (args.len > 0)
		return smtp_wrong(s, S("501 5.5.4 DATA takes no argument"));
	if (m->envelope.body == SMTP_BODY_BINARYMIME)
		return smtp_wrong(s, S("503 5.5.1 BODY=BINARYMIME needs BDAT, RFC 3030"));
	if (smtp_say(s, S("354 Go ahead, end with <CRLF>.<CRLF>")) == NEXT_CLOSE)
		return NEXT_CLOSE;
	timeline_note(&m->timeline, s->client.host->clock, STAGE_DATA, 0, S("DATA"));
	if (data_read(s) == NEXT_CLOSE)
		return NEXT_CLOSE;
	if (m->dot.is_bare)
		smtp_message_refuse(m, COUNT_REFUSED_BARE,
			S("554 5.6.0 Bare <CR> or <LF> in the mail: lines end with <CR><LF>"));
	return smtp_message_finish(s);
}

/* ---- BDAT ---- */

static void bdat_bytes(struct smtp *s, struct slice bytes)
{
	struct smtp_message *m = s->message;

	if (m->envelope.body != SMTP_BODY_BINARYMIME) {
		crlf_check_bytes(&m->crlf, bytes);
		m->ends_line = bytes.at[bytes.len - 1] == '\n';
	}
	smtp_message_bytes(s, bytes);
}

/* Takes exactly `left` bytes; without a message they are dropped. */
static enum next bdat_read(struct smtp *s, uint64_t left)
{
	struct body_pace pace = { 0 };
	struct slice input;

	while (left > 0) {
		enum body_answer answer = body_peek(s, &pace, &input);

		if (answer != BODY_BYTES)
			return body_broken(s, answer);
		input = slice_first(input, left < input.len ? (size_t)left : input.len);
		if (s->message != NULL)
			bdat_bytes(s, input);
		conn_take(s->client.conn, input.len);
		left -= input.len;
		if (s->message != NULL && body_is_endless(s))
			return body_endless(s);
	}
	return NEXT_AGAIN;
}

/* Without a length we cannot tell commands from mail any more. */
static enum next bdat_unreadable(struct smtp *s)
{
	client_count(&s->client, COUNT_REFUSED_SYNTAX);
	return smtp_last_word(s, S("501 5.5.4 BDAT needs a length: closing the connection"));
}

/* A mail that came in chunks may lack its last CRLF; every other part of the system relies on it (not for binary MIME). */
static enum next bdat_finish(struct smtp *s)
{
	struct smtp_message *m = s->message;

	if (crlf_check_is_bare(&m->crlf))
		smtp_message_refuse(m, COUNT_REFUSED_BARE,
			S("554 5.6.0 Bare <CR> or <LF> in the mail: lines end with <CR><LF>"));
	else if (m->bytes > 0 && m->envelope.body != SMTP_BODY_BINARYMIME && !m->ends_line)
		smtp_message_bytes(s, S("\r\n"));
	return smtp_message_finish(s);
}

/* RFC 3030 2: a chunk that is refused is answered at once; the client then sends RSET. */
static enum next bdat_answer(struct smtp *s, uint64_t bytes)
{
	struct smtp_message *m = s->message;

	if (m->refusal.len > 0)
		return smtp_refuse(s, m->refusal_counter, m->envelope.reverse_path, m->refusal);
	return smtp_say_format(s, "250 2.0.0 %llu octets received", (unsigned long long)bytes);
}

enum next smtp_bdat(struct smtp *s, struct slice args)
{
	struct smtp_message *m = s->message;
	uint64_t bytes;
	bool is_last;

	if (!smtp_line_bdat(args, &bytes, &is_last))
		return bdat_unreadable(s);
	if (s->phase == PHASE_RCPT)
		timeline_note(&m->timeline, s->client.host->clock, STAGE_DATA, 0, S("BDAT"));
	s->phase = PHASE_CHUNK;
	if (bdat_read(s, bytes) == NEXT_CLOSE)
		return NEXT_CLOSE;
	return is_last ? bdat_finish(s) : bdat_answer(s, bytes);
}

enum next smtp_bdat_refused(struct smtp *s, struct slice args, struct slice reply)
{
	uint64_t bytes;
	bool is_last;

	if (!smtp_line_bdat(args, &bytes, &is_last) || bytes > s->client.host->message_bytes_max)
		return bdat_unreadable(s);
	/* A message without recipients may be open: its bytes belong to nobody. */
	smtp_message_drop(s);
	if (s->phase != PHASE_GREETED)
		s->phase = PHASE_READY;
	return bdat_read(s, bytes) == NEXT_CLOSE ? NEXT_CLOSE : smtp_wrong(s, reply);
}
