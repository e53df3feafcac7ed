/* SPDX-License-Identifier: MIT */
#include "lab/workload/wire.h"

#include "base/clock.h"
#include "lab/workload/wire_tls.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

uint64_t wire_now_ns(void)
{
	return clock_mono_ns(&clock_real);
}

bool wire_wait(int fd, short events, uint64_t until_ns, struct error *e)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		uint64_t now = wire_now_ns();
		uint64_t left = until_ns > now ? until_ns - now : 0;
		struct timespec wait = { (time_t)(left / NS_PER_S), (long)(left % NS_PER_S) };
		int ready = ppoll(&p, 1, &wait, NULL);

		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR)
			return fail(e, FAULT_LATER, "wait for a socket: %m");
		if (ready == 0 && left == 0)
			return fail(e, FAULT_LATER, "the server was silent until the deadline");
	}
}

static bool connect_to(int fd, const struct addrinfo *to, uint64_t until_ns, struct error *e)
{
	int one = 1, status = 0;
	socklen_t size = sizeof status;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return true;
	if (errno != EINPROGRESS)
		return fail(e, FAULT_LATER, "connect: %m");
	if (!wire_wait(fd, POLLOUT, until_ns, e))
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &status, &size) != 0)
		status = errno;
	errno = status;
	return status == 0 || fail(e, FAULT_LATER, "connect: %m");
}

bool wire_dial(struct wire *w, const char *host, uint16_t port, uint64_t until_ns, struct error *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *to = NULL;
	char service[8];

	*w = (struct wire){ .fd = -1 };
	(void)snprintf(service, sizeof service, "%u", (unsigned)port);
	int status = getaddrinfo(host, service, &hints, &to);
	if (status != 0)
		return fail(e, FAULT_NEVER, "address '%s': %s", host, gai_strerror(status));
	w->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool is_connected = w->fd >= 0 ? connect_to(w->fd, to, until_ns, e)
				       : fail(e, FAULT_LATER, "make a socket: %m");
	freeaddrinfo(to);
	if (is_connected)
		return true;
	wire_close(w);
	return fail_in(e, "'%s' port %u", host, (unsigned)port);
}

static ssize_t some_send(struct wire *w, struct slice bytes, short *ret_events)
{
	*ret_events = POLLOUT;
	return w->tls != NULL ? wire_end_send(w->tls, bytes, ret_events)
			      : send(w->fd, bytes.at, bytes.len, MSG_NOSIGNAL);
}

static ssize_t some_recv(struct wire *w, short *ret_events)
{
	char *room = w->in + w->count;
	size_t max = sizeof w->in - w->count;

	*ret_events = POLLIN;
	return w->tls != NULL ? wire_end_recv(w->tls, room, max, ret_events)
			      : recv(w->fd, room, max, 0);
}

bool wire_send(struct wire *w, struct slice bytes, uint64_t until_ns, struct error *e)
{
	while (bytes.len > 0) {
		short events;
		ssize_t count = some_send(w, bytes, &events);

		if (count > 0)
			bytes = slice_skip(bytes, (size_t)count);
		else if (count < 0 && errno != EAGAIN && errno != EINTR)
			return fail(e, FAULT_GONE, "send: %m");
		else if (!wire_wait(w->fd, events, until_ns, e))
			return false;
	}
	return true;
}

/* Adds what is there to the buffer, waiting for at least one byte. */
static bool wire_fill(struct wire *w, uint64_t until_ns, struct error *e)
{
	if (w->from > 0) {
		memmove(w->in, w->in + w->from, w->count);
		w->from = 0;
	}
	if (w->count == sizeof w->in)
		return fail(e, FAULT_NEVER, "a line is longer than %d bytes", WIRE_IN_BYTES);
	for (;;) {
		short events;
		ssize_t count = some_recv(w, &events);

		if (count > 0) {
			w->count += (size_t)count;
			return true;
		}
		if (count == 0)
			return fail(e, FAULT_GONE, "the server closed the connection");
		if (errno != EAGAIN && errno != EINTR)
			return fail(e, FAULT_GONE, "receive: %m");
		if (!wire_wait(w->fd, events, until_ns, e))
			return false;
	}
}

bool wire_line(struct wire *w, uint64_t until_ns, struct slice *ret, struct error *e)
{
	size_t seen = 0;

	for (;;) {
		const char *at = w->in + w->from;
		const char *end = memchr(at + seen, '\n', w->count - seen);

		if (end != NULL) {
			size_t len = (size_t)(end - at);

			w->from += len + 1;
			w->count -= len + 1;
			*ret = (struct slice){ at, len > 0 && at[len - 1] == '\r' ? len - 1 : len };
			return true;
		}
		seen = w->count;
		if (!wire_fill(w, until_ns, e))
			return false;
	}
}

bool wire_bytes(struct wire *w, size_t count, uint64_t until_ns, struct buf *to, struct error *e)
{
	while (count > 0) {
		size_t take = w->count < count ? w->count : count;

		if (!buf_add(to, (struct slice){ w->in + w->from, take }))
			return fail(e, FAULT_LATER, "receive %zu bytes: no room", count);
		w->from += take;
		w->count -= take;
		count -= take;
		if (count > 0 && !wire_fill(w, until_ns, e))
			return false;
	}
	return true;
}

bool wire_is_ready(struct wire *w, uint64_t until_ns)
{
	struct error why = { .fault = FAULT_NONE };

	return w->count > 0 || (w->tls != NULL && wire_end_has_input(w->tls)) ||
	       wire_wait(w->fd, POLLIN, until_ns, &why);
}

void wire_close(struct wire *w)
{
	wire_end_free(w->tls);
	w->tls = NULL;
	fd_close(&w->fd);
	w->from = w->count = 0;
}
