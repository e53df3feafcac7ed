/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * wire - a descriptor with deadlines: what conn and TLS read from and write to.
 *
 * The descriptor stays blocking. A read sleeps in recv() under SO_RCVTIMEO, a "tick" that is set once
 * and seldom changed, and looks at the clock when the tick passes: so a command costs one recv and no
 * poll, and a wait may end up to one tick after its deadline. A write tries at once and polls only
 * when the peer is slow. Pipes and files (stdin, stdout) have no receive timeout and are polled first.
 * Not here: buffers, TLS. Private to net.
 * Threads: one at a time. Owns its descriptors.
 */
#include "net/conn.h"

enum {
	WIRE_TICK_MS = 20, /* the usual wait for "is anything coming"; also how late we may be */
	WIRE_LONG_TICK_MS =
		1000, /* after a silent tick, far from the deadline; and between two questions whether to go on */
};

struct wire {
	int in_fd, out_fd; /* the same for a socket */
	bool is_in_socket, is_out_socket;
	unsigned tick_ms;             /* what SO_RCVTIMEO says now */
	const struct conn_wait *wait; /* NULL: the deadline alone counts */
	void *wait_context;
};

void wire_open(struct wire *w, int in_fd, int out_fd);
void wire_close(struct wire *w);
/* At least one byte into room, or CONN_QUIET or CONN_GONE. A deadline that has passed means: do not wait. */
MUST_CHECK enum conn_answer wire_read(
	struct wire *w, char *room, size_t max, uint64_t until_ns, size_t *ret_count);
/* All of head and then body, or CONN_QUIET (the deadline passed half-way) or CONN_GONE. */
MUST_CHECK enum conn_answer wire_write(
	struct wire *w, struct slice head, struct slice body, uint64_t until_ns);
/* Waits for events (POLLIN, POLLOUT) on fd; false when the deadline passed first. */
MUST_CHECK bool wire_wait(int fd, short events, uint64_t until_ns);
