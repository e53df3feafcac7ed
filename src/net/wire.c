/* SPDX-License-Identifier: MIT */
#include "net/wire.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { DISCARD_BYTES = 1 << 20, DISCARD_ROUNDS = 4 };

static bool is_socket(int fd)
{
	struct stat about;

	return fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode);
}

void wire_open(struct wire *w, int in_fd, int out_fd)
{
	*w = (struct wire){ .in_fd = in_fd, .out_fd = out_fd, .is_in_socket = is_socket(in_fd) };
	w->is_out_socket = in_fd == out_fd ? w->is_in_socket : is_socket(out_fd);
}

/*
 * Closing a TCP socket with unread bytes resets the connection, and the reset may overtake our last
 * words. MSG_TRUNC throws the bytes away without copying them.
 */
static void discard_input(const struct wire *w)
{
	for (int i = 0; i < DISCARD_ROUNDS; i++) {
		if (recv(w->in_fd, NULL, DISCARD_BYTES, MSG_TRUNC | MSG_DONTWAIT) <= 0)
			return;
	}
}

void wire_close(struct wire *w)
{
	if (w->is_in_socket)
		discard_input(w);
	if (w->out_fd != w->in_fd)
		fd_close(&w->out_fd);
	fd_close(&w->in_fd);
}

bool wire_wait(int fd, short events, uint64_t until_ns)
{
	for (;;) {
		struct pollfd wish = { .fd = fd, .events = events };
		uint64_t now_ns = clock_mono_ns(&clock_real);
		uint64_t left_ms =
			until_ns > now_ns ? (until_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0;
		int rc = poll(&wish, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms);

		if (rc > 0)
			return true;
		if (rc < 0 && errno != EINTR)
			return true; /* the read or write that follows meets the cause */
		if (rc == 0 && left_ms < INT_MAX)
			return false;
	}
}

static void set_tick(struct wire *w, unsigned tick_ms)
{
	struct timeval tick = { .tv_sec = tick_ms / 1000,
		.tv_usec = (suseconds_t)(tick_ms % 1000) * 1000 };

	if (w->tick_ms == tick_ms)
		return;
	/* On failure the socket is broken, and recv says so. */
	(void)setsockopt(w->in_fd, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
	w->tick_ms = tick_ms;
}

static enum conn_answer read_socket(
	struct wire *w, char *room, size_t max, uint64_t until_ns, size_t *ret_count)
{
	unsigned silent = 0;

	for (;;) {
		uint64_t now_ns = clock_mono_ns(&clock_real);
		bool may_wait = until_ns > now_ns;
		bool is_far = silent > 0 && until_ns - now_ns > WIRE_LONG_TICK_MS * NS_PER_MS;
		ssize_t count;

		if (silent > 0 && !may_wait)
			return CONN_QUIET;
		if (may_wait)
			set_tick(w, is_far ? WIRE_LONG_TICK_MS : WIRE_TICK_MS);
		count = recv(w->in_fd, room, max, may_wait ? 0 : MSG_DONTWAIT);
		if (count > 0) {
			*ret_count = (size_t)count;
			return CONN_OK;
		}
		if (count == 0 || (errno != EAGAIN && errno != EINTR))
			return CONN_GONE;
		silent++;
	}
}

static enum conn_answer read_pipe(
	struct wire *w, char *room, size_t max, uint64_t until_ns, size_t *ret_count)
{
	ssize_t count;

	do {
		if (!wire_wait(w->in_fd, POLLIN, until_ns))
			return CONN_QUIET;
		count = read(w->in_fd, room, max);
	} while (count < 0 && (errno == EINTR || errno == EAGAIN));
	if (count <= 0)
		return CONN_GONE;
	*ret_count = (size_t)count;
	return CONN_OK;
}

enum conn_answer wire_read(
	struct wire *w, char *room, size_t max, uint64_t until_ns, size_t *ret_count)
{
	return w->is_in_socket ? read_socket(w, room, max, until_ns, ret_count)
			       : read_pipe(w, room, max, until_ns, ret_count);
}

/* The kernel only reads it, but struct iovec has no const. */
static struct iovec piece_of(struct slice s)
{
	union {
		const char *from;
		void *to;
	} at = { .from = s.at };

	return (struct iovec){ .iov_base = at.to, .iov_len = s.len };
}

/* One try that does not wait: bytes written, or -1 with errno. */
static ssize_t write_some(const struct wire *w, struct slice head, struct slice body)
{
	struct iovec pieces[2] = { piece_of(head), piece_of(body) };
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = 2 };
	struct slice first = head.len > 0 ? head : body;

	if (w->is_out_socket && first.len == head.len + body.len)
		return send(w->out_fd, first.at, first.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (w->is_out_socket)
		return sendmsg(w->out_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	/* A pipe that polls writable takes PIPE_BUF bytes without blocking. */
	if (!wire_wait(w->out_fd, POLLOUT, 0)) {
		errno = EAGAIN;
		return -1;
	}
	return write(w->out_fd, first.at, first.len < PIPE_BUF ? first.len : PIPE_BUF);
}

/* In ticks, each of them granted. */
static bool wait_in_ticks(const struct wire *w, uint64_t until_ns)
{
	uint64_t began_ns = clock_mono_ns(&clock_real), now_ns = began_ns;

	while (now_ns < until_ns && w->wait->may_go_on(w->wait_context, now_ns - began_ns)) {
		uint64_t tick_ns = now_ns + WIRE_LONG_TICK_MS * NS_PER_MS;

		if (wire_wait(w->out_fd, POLLOUT, tick_ns < until_ns ? tick_ns : until_ns))
			return true;
		now_ns = clock_mono_ns(&clock_real);
	}
	return wire_wait(w->out_fd, POLLOUT, 0);
}

/* Until the peer reads on. */
static bool write_wait(const struct wire *w, uint64_t until_ns)
{
	bool is_ready;

	if (w->wait == NULL || clock_mono_ns(&clock_real) >= until_ns)
		return wire_wait(w->out_fd, POLLOUT, until_ns);
	w->wait->begin(w->wait_context);
	is_ready = wait_in_ticks(w, until_ns);
	w->wait->end(w->wait_context);
	return is_ready;
}

enum conn_answer wire_write(struct wire *w, struct slice head, struct slice body, uint64_t until_ns)
{
	while (head.len + body.len > 0) {
		ssize_t done = write_some(w, head, body);

		if (done >= 0) {
			size_t of_head = (size_t)done < head.len ? (size_t)done : head.len;

			head = slice_skip(head, of_head);
			body = slice_skip(body, (size_t)done - of_head);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return CONN_GONE;
		if (!write_wait(w, until_ns))
			return CONN_QUIET;
	}
	return CONN_OK;
}
