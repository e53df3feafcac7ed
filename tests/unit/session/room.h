/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * room - a session in a test: its host, its counters, a clock that stands still, and the client's end of a socket.
 */
#include "session/session.h"

#include "check.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct room {
	struct session_host host;
	struct session_counters counters;
	_Atomic uint64_t ahead_ns; /* how far the clock is before the real one */
	struct clock clock;
	struct work *work;
	int client_fd;
	unsigned ended;
};

static inline uint64_t room_mono_ns(void *self)
{
	return clock_mono_ns(&clock_real) + ((struct room *)self)->ahead_ns;
}

static inline uint64_t room_wall_ns(void *self)
{
	return clock_wall_ns(&clock_real) + ((struct room *)self)->ahead_ns;
}

static inline void room_on_end(void *context, struct slice peer_address)
{
	(void)peer_address;
	((struct room *)context)->ended++;
}

static inline void room_open_over(struct room *r, enum session_kind kind, struct mail *mail)
{
	struct session_service service = { .kind = kind };
	struct error e = { .fault = FAULT_NONE };
	struct conn *conn;
	int ends[2];

	*r = (struct room){ .host = { .name = "mail.test",
				    .message_bytes_max = 1 << 20,
				    .rcpt_max = 100,
				    .command_wait_ms = 5000,
				    .data_wait_ms = 5000,
				    .idle_wait_ms = 60000,
				    .errors_max = 20,
				    .logins_max = 5,
				    .rcpts_refused_max = 50 } };
	r->clock = (struct clock){ room_mono_ns, room_wall_ns, r };
	r->host.clock = &r->clock;
	r->host.mail = mail;
	r->host.counters = &r->counters;
	r->host.on_end = room_on_end;
	r->host.on_end_context = r;
	atomic_init(&r->host.users, 1);
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	r->client_fd = ends[1];
	check(conn_open(ends[0], &conn, &e));
	check(session_new(&r->host, service, conn, &r->work, &e));
}

/* For what needs no mailboxes. */
static inline void room_open(struct room *r, enum session_kind kind)
{
	room_open_over(r, kind, NULL);
}

static inline void room_send(struct room *r, struct slice s)
{
	check(write(r->client_fd, s.at, s.len) == (ssize_t)s.len);
}

/* What the server has said by now, starting so? */
static inline bool room_hears(struct room *r, struct slice start)
{
	char got[4096];
	ssize_t len = recv(r->client_fd, got, sizeof got, MSG_DONTWAIT);

	return len > 0 && slice_starts((struct slice){ got, (size_t)len }, start);
}

static inline void room_close(struct room *r)
{
	r->work->end(r->work);
	check(r->ended == 1);
	check(atomic_load(&r->host.users) == 1);
	check(close(r->client_fd) == 0);
}
