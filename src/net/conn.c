/* SPDX-License-Identifier: MIT */
#include "net/conn_layer.h"

#include "base/clock.h"
#include "net/tls.h"
#include "net/zstream.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_IN_BYTES = 2 << 10,   /* command lines; buf takes twice as much */
	BODY_IN_BYTES = 16 << 10,   /* a body: fewer reads */
	BIG_WRITE_BYTES = 32 << 10, /* leaves at once instead of being copied */
	WRITE_WAIT_S = 60, /* for a peer that stops reading, when nobody set another deadline */
};

/* Owns the descriptors at once: on failure they are closed and *e says why. */
static struct conn *conn_new(int in_fd, int out_fd, struct error *e)
{
	struct conn *c = calloc(1, sizeof *c);

	if (c == NULL) {
		(void)fail(e, FAULT_LATER, "open a connection: %m");
		if (out_fd != in_fd)
			fd_close(&out_fd);
		fd_close(&in_fd);
		return NULL;
	}
	wire_open(&c->wire, in_fd, out_fd);
	c->in.max = LIMIT_CONN_IN_BYTES;
	c->out.max = LIMIT_CONN_OUT_BYTES;
	return c;
}

bool conn_open(int fd, struct conn **ret, struct error *e)
{
	union peer_name name = { .room = { .ss_family = AF_UNSPEC } };
	socklen_t len = sizeof name;
	int on = 1;
	struct conn *c = conn_new(fd, fd, e);

	if (c == NULL)
		return false;
	if (getpeername(fd, &name.any, &len) != 0) {
		(void)fail(e, FAULT_GONE, "open a connection: %m"); /* it was reset already */
		conn_close(c);
		return false;
	}
	peer_of(&name, &c->peer);
	if (name.any.sa_family == AF_INET || name.any.sa_family == AF_INET6) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		len = sizeof name;
		if (getsockname(fd, &name.any, &len) == 0)
			c->local_port = peer_port(&name);
	}
	*ret = c;
	return true;
}

bool conn_open_pair(int in_fd, int out_fd, struct conn **ret, struct error *e)
{
	struct conn *c = conn_new(in_fd, out_fd, e);

	if (c == NULL)
		return false;
	peer_stdio(&c->peer);
	*ret = c;
	return true;
}

void conn_close(struct conn *c)
{
	if (c == NULL)
		return;
	conn_write_until(c, 1); /* long ago: try, and do not wait */
	if (!conn_flush(c))
		c->is_gone = true;
	zstream_free(c->zstream);
	tls_close(c->tls);
	wire_close(&c->wire);
	buf_done(&c->in);
	buf_done(&c->out);
	free(c);
}

int conn_fd(const struct conn *c)
{
	return c->wire.in_fd;
}

struct slice conn_peer(const struct conn *c)
{
	return (struct slice){ c->peer.text, c->peer.text_len };
}

struct slice conn_peer_address(const struct conn *c)
{
	return peer_address(&c->peer);
}

bool conn_is_loopback(const struct conn *c)
{
	return c->peer.is_loopback;
}

uint16_t conn_local_port(const struct conn *c)
{
	return c->local_port;
}

uint64_t conn_bytes_in(const struct conn *c)
{
	return c->bytes_in;
}

uint64_t conn_bytes_out(const struct conn *c)
{
	return c->bytes_out;
}

/* Writing. */

void conn_write_until(struct conn *c, uint64_t until_ns)
{
	c->write_until_ns = until_ns;
}

void conn_on_wait(struct conn *c, const struct conn_wait *wait, void *context)
{
	c->wire.wait = wait;
	c->wire.wait_context = context;
}

static uint64_t write_deadline(const struct conn *c)
{
	if (c->write_until_ns != 0)
		return c->write_until_ns;
	return clock_mono_ns(&clock_real) + WRITE_WAIT_S * NS_PER_S;
}

/* What is buffered and then s, in one system call when the socket takes it. With is_flush the peer can read all of it. */
static bool send_all(struct conn *c, struct slice s, bool is_flush)
{
	bool is_sent;

	if (c->is_gone)
		return false;
	is_sent = conn_layer_write(c, buf_slice(&c->out), s, is_flush, write_deadline(c));
	/* Part of an answer may be out: there is no way back into the protocol. */
	if (!is_sent)
		c->is_gone = true;
	else
		c->bytes_out += c->out.len + s.len;
	buf_clear(&c->out);
	return is_sent;
}

bool conn_flush(struct conn *c)
{
	return conn_has_output(c) ? send_all(c, S(""), true) : !c->is_gone;
}

bool conn_write(struct conn *c, struct slice s)
{
	if (c->is_gone)
		return false;
	if (s.len >= BIG_WRITE_BYTES)
		return send_all(c, s, false);
	if (buf_add(&c->out, s))
		return true;
	/* Full, or out of memory: both are helped by sending. */
	return send_all(c, s, false);
}

/* Reading. */

void conn_take(struct conn *c, size_t count)
{
	invariant(count <= c->in.len - c->in_from);
	c->in_from += count;
	c->in_seen = 0;
	if (c->in_from == c->in.len) {
		c->in_from = 0;
		buf_clear(&c->in);
	}
}

/* Room for at least one byte, better for wish bytes. */
static bool make_room(struct conn *c, size_t wish)
{
	size_t left;

	if (c->in_from > 0) {
		buf_shift(&c->in, c->in_from);
		c->in_from = 0;
	}
	left = c->in.max - c->in.len;
	if (c->in.len + wish > c->in.room || c->in.at == NULL) {
		/* A read that filled its room wants a bigger one. */
		size_t more = wish > c->in.room ? wish : c->in.room;

		if (buf_reserve(&c->in, more < left ? more : left) == NULL &&
			c->in.len == c->in.room)
			return false;
	}
	return c->in.len < c->in.room;
}

/* One read from the peer into the buffer, after everything of ours has left. */
static enum conn_answer fill(struct conn *c, size_t wish, uint64_t until_ns)
{
	size_t count = 0;
	enum conn_answer answer;

	if (!conn_flush(c) || !make_room(c, wish)) {
		c->is_gone = true;
		return CONN_GONE;
	}
	answer = conn_layer_read(c, c->in.at + c->in.len, c->in.room - c->in.len, until_ns, &count);
	if (answer == CONN_OK) {
		buf_grew(&c->in, count);
		c->bytes_in += count;
	}
	if (answer == CONN_GONE && !c->is_garbled)
		c->is_gone = true;
	return answer;
}

/* The whole line, without its end, was found in `line`. */
static enum conn_answer judge_line(struct slice line, size_t max, struct slice *ret)
{
	bool has_cr = line.len > 0 && line.at[line.len - 1] == '\r';
	struct slice text = slice_first(line, line.len - has_cr);

	if (text.len > max)
		return CONN_TOO_LONG;
	*ret = text;
	return has_cr && slice_find(text, '\r') == text.len ? CONN_OK : CONN_BARE;
}

/* More of a line that is too long. */
static bool drop_line(struct conn *c, size_t count)
{
	conn_take(c, count);
	c->dropped += count;
	if (c->dropped > LIMIT_CONN_DROP_BYTES)
		c->is_gone = true;
	return !c->is_gone;
}

enum conn_answer conn_line(struct conn *c, size_t max, uint64_t until_ns, struct slice *ret)
{
	invariant(max + 2 <= LIMIT_CONN_IN_BYTES);
	for (;;) {
		struct slice all = conn_unread(c);
		size_t at = c->in_seen + slice_find(slice_skip(all, c->in_seen), '\n');
		enum conn_answer answer;

		if (at < all.len) {
			bool was_dropping = c->is_dropping;

			c->is_dropping = false;
			c->dropped = 0;
			answer = was_dropping ? CONN_TOO_LONG
					      : judge_line(slice_first(all, at), max, ret);
			conn_take(c, at + 1);
			return answer;
		}
		c->in_seen = all.len;
		/* max bytes and a CR may still become a good line. */
		if (all.len > max + 1)
			c->is_dropping = true;
		if (c->is_dropping && !drop_line(c, all.len))
			return CONN_GONE;
		answer = fill(c, FIRST_IN_BYTES, until_ns);
		if (answer != CONN_OK)
			return answer;
	}
}

enum conn_answer conn_peek(struct conn *c, uint64_t until_ns, struct slice *ret)
{
	if (conn_unread(c).len == 0) {
		enum conn_answer answer = fill(c, BODY_IN_BYTES, until_ns);

		if (answer != CONN_OK)
			return answer;
	}
	*ret = conn_unread(c);
	return CONN_OK;
}

enum conn_answer conn_some(struct conn *c, size_t max, uint64_t until_ns, struct slice *ret)
{
	struct slice all;
	enum conn_answer answer = conn_peek(c, until_ns, &all);

	invariant(max > 0);
	if (answer != CONN_OK)
		return answer;
	*ret = slice_first(all, max);
	conn_take(c, ret->len);
	return CONN_OK;
}

/* Parking. */

bool conn_has_input(const struct conn *c)
{
	return c->in.len > c->in_from || (c->zstream != NULL && zstream_has_input(c->zstream)) ||
	       (c->tls != NULL && tls_has_input(c->tls));
}

bool conn_has_output(const struct conn *c)
{
	return c->out.len > 0 || (c->zstream != NULL && zstream_has_output(c->zstream));
}

bool conn_may_park(const struct conn *c)
{
	return !conn_has_input(c) && !conn_has_output(c) && !c->is_dropping && !c->is_gone;
}

void conn_rest(struct conn *c)
{
	invariant(conn_may_park(c));
	buf_done(&c->in);
	buf_done(&c->out);
	if (c->zstream != NULL)
		zstream_rest(c->zstream);
	c->in_from = c->in_seen = 0;
}
