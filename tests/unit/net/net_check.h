/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * net_check - what the tests of net share: pairs of connected ends, deadlines from now.
 */
#include "base/clock.h"
#include "net/conn.h"

#include "check.h"
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static inline uint64_t in_ms(uint64_t ms)
{
	return clock_mono_ns(&clock_real) + ms * NS_PER_MS;
}

/* A deadline that only a hang reaches. */
static inline uint64_t in_time(void)
{
	return in_ms(20000);
}

static inline struct conn *open_conn(int fd)
{
	struct error e = { .fault = FAULT_NONE };
	struct conn *c = NULL;

	check(conn_open(fd, &c, &e));
	return c;
}

/* A conn, and the other end as a plain descriptor. */
static inline struct conn *open_half(int *ret_far)
{
	int ends[2];

	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	*ret_far = ends[1];
	return open_conn(ends[0]);
}

static inline void feed(int fd, struct slice s)
{
	while (s.len > 0) {
		ssize_t done = write(fd, s.at, s.len);

		check(done > 0);
		s = slice_skip(s, (size_t)done);
	}
}

/* Reads exactly this text from a plain descriptor. */
static inline void expect_bytes(int fd, struct slice text)
{
	char room[4096];
	size_t len = 0;

	check(text.len <= sizeof room);
	while (len < text.len) {
		ssize_t done = read(fd, room + len, text.len - len);

		check(done > 0);
		len += (size_t)done;
	}
	check(memcmp(room, text.at, len) == 0);
}
