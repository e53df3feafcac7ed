/* SPDX-License-Identifier: MIT */
#include "deliver/smtp_client.h"

#include "base/limits.h"
#include "syntax/dot.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static uint64_t in_ms(const struct smtp_client *c, uint64_t ms)
{
	return clock_mono_ns(c->clock) + ms * NS_PER_MS;
}

static bool dial_unix(struct smtp_client *c, struct slice path, struct error *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!slice_text(path, to.sun_path, sizeof to.sun_path))
		return fail(e, FAULT_LATER, "connect to '%.*s': the path is too long", S_FMT(path));
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
		return fail(e, FAULT_LATER, "connect to '%.*s': %m", S_FMT(path));
	return conn_open(fd_give(&fd), &c->conn, e);
}

/* The host's part of "host:port", without the brackets of an address. */
static struct slice hop_host(struct slice hop)
{
	struct slice host = slice_first(hop, slice_find_last(hop, ':'));

	if (slice_starts(host, S("lmtp:")))
		host = slice_skip(host, 5);
	if (host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
		host = slice_first(slice_skip(host, 1), host.len - 2);
	return host;
}

/* "host:port", "[2001:db8::1]:25", "unix:/path"; each also after "lmtp:". */
static bool dial(struct smtp_client *c, struct slice hop, struct error *e)
{
	uint64_t port;

	c->is_lmtp = slice_starts(hop, S("lmtp:"));
	if (c->is_lmtp)
		hop = slice_skip(hop, 5);
	c->is_unix = slice_starts(hop, S("unix:"));
	if (c->is_unix)
		return dial_unix(c, slice_skip(hop, 5), e);
	size_t colon = slice_find_last(hop, ':');
	if (colon == hop.len || !slice_number(slice_skip(hop, colon + 1), 65535, &port))
		return fail(e, FAULT_LATER, "connect to '%.*s': no port", S_FMT(hop));
	return conn_dial(hop_host(hop), (uint16_t)port, in_ms(c, SMTP_CLIENT_DIAL_MS), &c->conn, e);
}

/* For the log, the trace and the bounce: the peer's bytes as printable text. */
static void keep_text(struct smtp_reply *reply, struct slice line)
{
	size_t len = line.len < sizeof reply->text - 1 ? line.len : sizeof reply->text - 1;

	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)line.at[i];

		reply->text[i] = byte >= 0x20 && byte < 0x7f ? line.at[i] : '?';
	}
	reply->text[len] = '\0';
}

typedef void reply_line_fn(void *context, struct slice text);

/* RFC 5321 4.2.1: lines "250-text" and a last one "250 text". */
static bool read_reply(struct smtp_client *c, uint64_t wait_ms, struct smtp_reply *ret,
	reply_line_fn *on_line, void *context, struct error *e)
{
	uint64_t until_ns = in_ms(c, wait_ms), code;
	struct slice line;

	for (unsigned i = 0; i < LIMIT_REPLY_LINES; i++) {
		enum conn_answer answer =
			conn_line(c->conn, LIMIT_REPLY_LINE_BYTES, until_ns, &line);

		if (answer == CONN_QUIET)
			return fail(
				e, FAULT_LATER, "no answer for %u s", (unsigned)(wait_ms / 1000));
		if (answer == CONN_GONE || answer == CONN_TOO_LONG)
			return fail(e, FAULT_LATER,
				answer == CONN_GONE ? "the connection broke" : "an endless answer");
		if (line.len < 3 || !slice_number(slice_first(line, 3), 599, &code) || code < 200)
			return fail(e, FAULT_LATER, "not an SMTP answer: '%.*s'",
				S_FMT(slice_first(line, 60)));
		if (on_line != NULL)
			on_line(context, slice_skip(line, 4));
		if (line.len > 3 && line.at[3] == '-')
			continue;
		ret->code = (unsigned)code;
		keep_text(ret, line);
		return true;
	}
	return fail(e, FAULT_LATER, "an answer of more than %d lines", (int)LIMIT_REPLY_LINES);
}

bool smtp_client_reply(
	struct smtp_client *c, uint64_t wait_ms, struct smtp_reply *ret, struct error *e)
{
	return read_reply(c, wait_ms, ret, NULL, NULL, e);
}

PRINTF_LIKE(3, 0)
static bool write_line(struct smtp_client *c, struct error *e, const char *format, va_list words)
{
	char line[LIMIT_REPLY_LINE_BYTES];
	int len = vsnprintf(line, sizeof line, format, words);

	if (len < 0 || (size_t)len >= sizeof line)
		return fail(e, FAULT_LATER, "a command of more than %zu bytes", sizeof line);
	conn_write_until(c->conn, in_ms(c, SMTP_CLIENT_COMMAND_MS));
	return (conn_write(c->conn, (struct slice){ line, (size_t)len }) &&
		       conn_write(c->conn, S("\r\n")) && conn_flush(c->conn)) ||
	       fail(e, FAULT_LATER, "the connection broke");
}

bool smtp_client_say(
	struct smtp_client *c, struct smtp_reply *ret, struct error *e, const char *format, ...)
{
	va_list words;

	va_start(words, format);
	bool is_sent = write_line(c, e, format, words);
	va_end(words);
	return is_sent && smtp_client_reply(c, SMTP_CLIENT_COMMAND_MS, ret, e);
}

static void on_feature(void *context, struct slice text)
{
	static const struct {
		struct slice name;
		enum smtp_feature feature;
	} features[] = {
		{ S_INIT("SIZE"), FEATURE_SIZE },
		{ S_INIT("8BITMIME"), FEATURE_8BITMIME },
		{ S_INIT("SMTPUTF8"), FEATURE_SMTPUTF8 },
		{ S_INIT("DSN"), FEATURE_DSN },
		{ S_INIT("STARTTLS"), FEATURE_STARTTLS },
		{ S_INIT("CHUNKING"), FEATURE_CHUNKING },
		{ S_INIT("BINARYMIME"), FEATURE_BINARYMIME },
	};
	struct smtp_client *c = context;
	struct slice name = slice_first(text, slice_find(text, ' '));

	for (size_t i = 0; i < COUNT(features); i++) {
		if (!slice_same_nocase(name, features[i].name))
			continue;
		c->features |= features[i].feature;
		if (features[i].feature == FEATURE_SIZE &&
			!slice_number(
				slice_trim(slice_skip(text, name.len)), UINT64_MAX, &c->size_max))
			c->size_max = 0;
	}
}

/* The first line of the answer is the host's name, which no feature is called like. */
static bool say_hello(struct smtp_client *c, struct slice our_name, struct error *e)
{
	struct smtp_reply reply;

	c->features = 0;
	conn_write_until(c->conn, in_ms(c, SMTP_CLIENT_COMMAND_MS));
	if (!conn_write(c->conn, c->is_lmtp ? S("LHLO ") : S("EHLO ")) ||
		!conn_write(c->conn, our_name) || !conn_write(c->conn, S("\r\n")) ||
		!conn_flush(c->conn))
		return fail(e, FAULT_LATER, "the connection broke");
	if (!read_reply(c, SMTP_CLIENT_COMMAND_MS, &reply, on_feature, c, e))
		return false;
	if (reply.code >= 500 && !c->is_lmtp) { /* RFC 5321 3.2: an old host */
		c->features = 0;
		if (!smtp_client_say(c, &reply, e, "HELO %.*s", S_FMT(our_name)))
			return false;
	}
	if (reply.code != 250)
		return fail(e, FAULT_LATER, "after our greeting: %.150s", reply.text);
	return true;
}

/* False with FAULT_NONE: it does not offer TLS, or cannot now. */
static bool shake_hands(struct smtp_client *c, struct slice hop, struct error *e)
{
	struct slice name = c->tls_name.len > 0 ? c->tls_name : hop_host(hop);
	struct smtp_reply reply;

	invariant(c->tls != SMTP_TLS_VERIFY || c->trust != NULL);
	if ((c->features & FEATURE_STARTTLS) == 0 || !smtp_client_say(c, &reply, e, "STARTTLS") ||
		reply.code != 220)
		return false;
	return conn_start_tls_client(c->conn, name, c->tls == SMTP_TLS_VERIFY ? c->trust : NULL,
		in_ms(c, SMTP_CLIENT_COMMAND_MS), e);
}

static bool take_tls(
	struct smtp_client *c, struct slice hop, struct slice our_name, struct error *e)
{
	if (c->tls == SMTP_TLS_NONE || c->is_unix || c->avoids_tls)
		return true;
	if (shake_hands(c, hop, e))
		return say_hello(c, our_name, e);
	if (e->fault != FAULT_NONE)
		return false;
	return c->tls == SMTP_TLS_MAY ||
	       fail(e, FAULT_LATER, "the host offers no TLS, and relay.tls wants it");
}

static bool open_once(
	struct smtp_client *c, struct slice next_hop, struct slice our_name, struct error *e)
{
	struct smtp_reply reply;

	if (!dial(c, next_hop, e))
		return false;
	if (c->on_conn != NULL)
		c->on_conn(c->context, conn_fd(c->conn));
	if (!smtp_client_reply(c, SMTP_CLIENT_COMMAND_MS, &reply, e))
		return false;
	/* RFC 5321 3.1: 554 instead of a greeting. It refuses the connection, not yet this mail. */
	if (reply.code != 220)
		return fail(e, FAULT_LATER, "instead of a greeting: %.150s", reply.text);
	return say_hello(c, our_name, e);
}

bool smtp_client_open(
	struct smtp_client *c, struct slice next_hop, struct slice our_name, struct error *e)
{
	struct error tls_error = { .fault = FAULT_NONE };

	if (!open_once(c, next_hop, our_name, e))
		return false;
	if (take_tls(c, next_hop, our_name, &tls_error))
		return true;
	if (c->tls != SMTP_TLS_MAY)
		return fail(e, FAULT_LATER, "%s", tls_error.text);
	/* RFC 7435: a broken TLS must not be worse than none. */
	smtp_client_close(c);
	c->avoids_tls = true;
	return open_once(c, next_hop, our_name, e);
}

static bool send_encoded(struct smtp_client *c, struct dot_encoder *dots, struct buf *room,
	struct slice bytes, bool is_raw, struct error *e)
{
	buf_clear(room);
	if (!is_raw && !dot_encode(dots, bytes, room))
		return fail(e, FAULT_LATER, "send the body: out of memory");
	/* Each block anew: the time is for a block, not for the whole mail (RFC 5321 4.5.3.2.5). */
	conn_write_until(c->conn, in_ms(c, SMTP_CLIENT_COMMAND_MS));
	return conn_write(c->conn, is_raw ? bytes : buf_slice(room)) ||
	       fail(e, FAULT_LATER, "the connection broke in the body");
}

bool smtp_client_send(struct smtp_client *c, struct store *store, const struct entry *entry,
	bool is_raw, struct error *e)
{
	auto_buf room = { .max = 2 * LIMIT_BLOB_CHUNK_BYTES + 16 };
	struct dot_encoder dots = { 0 };
	struct body_reader reader;
	struct slice piece;
	bool is_sent;

	body_open(&reader, store, entry);
	do
		is_sent = body_next(&reader, &piece, e) &&
			  (piece.len == 0 || send_encoded(c, &dots, &room, piece, is_raw, e));
	while (is_sent && piece.len > 0); /* bounded by the entry's bytes */
	body_close(&reader);
	buf_clear(&room);
	if (!is_sent)
		return false;
	if (!is_raw && !dot_finish(&dots, &room))
		return fail(e, FAULT_LATER, "send the body: out of memory");
	return (conn_write(c->conn, buf_slice(&room)) && conn_flush(c->conn)) ||
	       fail(e, FAULT_LATER, "the connection broke in the body");
}

void smtp_client_close(struct smtp_client *c)
{
	if (c->conn == NULL)
		return;
	conn_write_until(c->conn, in_ms(c, 1000));
	if (conn_write(c->conn, S("QUIT\r\n")))
		(void)!conn_flush(c->conn);
	if (c->on_conn != NULL)
		c->on_conn(c->context, -1);
	conn_close(c->conn);
	c->conn = NULL;
}
