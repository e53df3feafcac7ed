/* SPDX-License-Identifier: MIT */
#include "session/imap/imap.h"

#include "base/limits.h"

enum { LIMIT_RATE_WINDOW_S = 30 /* a literal's minimum rate is looked at this often */ };

static bool must_stop(const struct imap *s)
{
	return s->client.work.pool != NULL && pool_is_draining(s->client.work.pool);
}

static bool read_timeout(struct imap *s, enum session_counter counter)
{
	client_count(&s->client, counter);
	(void)imap_bye(s, S("Timeout in the middle of a command, closing the connection"));
	return false;
}

/* The client is lost. If it only does not deflate what it says, it is told so. */
void imap_note_garbled(struct imap *s)
{
	if (!conn_is_garbled(s->client.conn))
		return;
	client_count(&s->client, COUNT_REFUSED_SYNTAX);
	(void)imap_bye(s, S("What came is not DEFLATE, and COMPRESS is active"));
}

bool imap_read_line(struct imap *s, struct slice *ret)
{
	switch (client_answer(&s->client, IMAP_LINE_BYTES, ret)) {
	case CLIENT_COMMAND:
		return true;
	case CLIENT_TOO_LONG:
	case CLIENT_BARE:
		client_count(&s->client, COUNT_REFUSED_SYNTAX);
		(void)imap_bye(s, S("That line is too long, or does not end with CRLF"));
		return false;
	case CLIENT_TIMEOUT:
		return read_timeout(s, COUNT_TIMEOUTS);
	case CLIENT_DRAIN:
		(void)imap_bye(s, S("[UNAVAILABLE] The server is stopping, try again later"));
		return false;
	case CLIENT_GONE:
		imap_note_garbled(s);
		break;
	case CLIENT_REVOKED: /* only commands ask that */
	case CLIENT_QUIET:
		break;
	}
	return false;
}

/* ---- Literals: each block within its time, and all together not too slowly ---- */

static bool pace_is_too_slow(const struct imap *s, struct imap_pace *p, uint64_t now)
{
	uint64_t least = (uint64_t)s->client.host->min_bytes_per_s * LIMIT_RATE_WINDOW_S;
	bool is_too_slow = p->window_bytes < least;

	if (p->window_end_ns != 0 && now < p->window_end_ns)
		return false;
	is_too_slow = is_too_slow && p->window_end_ns != 0;
	*p = (struct imap_pace){ .window_end_ns = now + LIMIT_RATE_WINDOW_S * NS_PER_S };
	return is_too_slow;
}

bool imap_read_some(struct imap *s, struct imap_pace *pace, uint64_t max, struct slice *ret)
{
	struct client *c = &s->client;
	uint64_t began = clock_mono_ns(c->host->clock), now = began;

	for (;;) { /* ends with the block's time */
		enum conn_answer answer;

		if (pace_is_too_slow(s, pace, now))
			return read_timeout(s, COUNT_TOO_SLOW);
		answer = conn_some(c->conn, max < SIZE_MAX ? (size_t)max : SIZE_MAX,
			now + LIMIT_STALL_MS * NS_PER_MS, ret);
		if (answer == CONN_OK) {
			pace->window_bytes += ret->len;
			return true;
		}
		now = clock_mono_ns(c->host->clock);
		if (answer == CONN_GONE)
			imap_note_garbled(s);
		if (answer != CONN_QUIET || must_stop(s))
			return false;
		if (now - began >= client_patience_ns(c, c->host->data_wait_ms))
			return read_timeout(s, COUNT_TIMEOUTS);
	}
}

bool imap_read_over(struct imap *s, struct slice line)
{
	for (uint64_t total = 0;;) { /* bounded by the size of a message */
		struct imap_literal literal = imap_line_literal(line);
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
		if (!imap_read_line(s, &line))
			return false;
	}
}

bool imap_read_go_ahead(struct imap *s, struct imap_literal literal)
{
	if (literal.is_sync)
		imap_put(s, S("+ Go ahead\r\n"));
	return imap_push(s);
}

static bool literal_take(struct imap *s, uint64_t bytes)
{
	struct imap_pace pace = { 0 };
	struct slice piece;

	while (bytes > 0) {
		if (!imap_read_some(s, &pace, bytes, &piece) || !buf_add(&s->text, piece))
			return false;
		bytes -= piece.len;
	}
	return true;
}

static size_t command_bytes_max(const struct imap *s)
{
	return s->state == IMAP_STRANGER ? IMAP_STRANGER_BYTES : LIMIT_IMAP_COMMAND_BYTES;
}

/*
 * RFC 7888 4: what is too big is refused before it comes; a client that does not wait for us has sent it already, and we
 * cannot tell it from commands.
 */
static enum imap_read literal_too_big(struct imap *s, struct imap_literal literal)
{
	if (literal.is_sync)
		return imap_no(s, S("[TOOBIG] That literal is too big here")) == NEXT_CLOSE
			       ? IMAP_READ_CLOSE
			       : IMAP_READ_REFUSED;
	(void)imap_bye(s, S("[TOOBIG] That literal is too big here"));
	return IMAP_READ_CLOSE;
}

static bool literal_fits(const struct imap *s, struct imap_literal literal)
{
	return literal.bytes <= LIMIT_IMAP_LITERAL_BYTES &&
	       literal.bytes + s->text.len + 2 <= command_bytes_max(s);
}

enum imap_read imap_read_rest(struct imap *s, struct slice line)
{
	for (;;) { /* bounded by the command's size: each turn adds at least CRLF */
		struct imap_literal literal = imap_line_literal(line);
		struct slice next;

		if (literal.kind == IMAP_LITERAL_NONE)
			return IMAP_READ_DONE;
		if (literal.kind == IMAP_LITERAL_BAD) {
			(void)imap_bye(s, S("That literal has no length"));
			return IMAP_READ_CLOSE;
		}
		if (!literal_fits(s, literal))
			return literal_too_big(s, literal);
		if (!imap_read_go_ahead(s, literal) || !buf_add(&s->text, S("\r\n")) ||
			!literal_take(s, literal.bytes) || !imap_read_line(s, &next))
			return IMAP_READ_CLOSE;
		if (next.len > command_bytes_max(s) - s->text.len) {
			(void)imap_bye(s, S("[TOOBIG] That command is too long"));
			return IMAP_READ_CLOSE;
		}
		if (!buf_add(&s->text, next))
			return IMAP_READ_CLOSE;
		line = slice_skip(buf_slice(&s->text), s->text.len - next.len);
	}
}
