/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * wire - the instrument's own TCP connection: lines in, bytes out, every wait with a deadline.
 *
 * The lab does not use net/conn here on purpose: the instrument shares no buffering, no parking and
 * no bug with the server that it measures. Nagle is off; one wire_send is one hand-over to the kernel.
 * It may become a TLS connection (wire_tls.h); lines and bytes are then what was encrypted.
 * Threads: one. Ownership: wire_close closes; a closed wire may be closed again.
 * Limits: WIRE_IN_BYTES is the longest line; longer ones are a failure.
 */
#include "base/buf.h"
#include "base/error.h"

enum { WIRE_IN_BYTES = 64 << 10 };

struct wire {
	int fd;
	struct wire_end *tls; /* wire_tls.h; NULL: in clear */
	size_t from, count;   /* unread bytes in `in` */
	char in[WIRE_IN_BYTES];
};

/* Now, CLOCK_MONOTONIC. */
uint64_t wire_now_ns(void);
/* Until the descriptor is ready for that (poll(2)); a failure when it was not until then. */
MUST_CHECK bool wire_wait(int fd, short events, uint64_t until_ns, struct error *e);
/* host is an IPv4 or IPv6 address. */
MUST_CHECK bool wire_dial(
	struct wire *w, const char *host, uint16_t port, uint64_t until_ns, struct error *e);
MUST_CHECK bool wire_send(struct wire *w, struct slice bytes, uint64_t until_ns, struct error *e);
/* A line without its CRLF (or LF); good until the next call. */
MUST_CHECK bool wire_line(struct wire *w, uint64_t until_ns, struct slice *ret, struct error *e);
/* Adds exactly so many bytes to the buffer, whose maximum allows for them. */
MUST_CHECK bool wire_bytes(
	struct wire *w, size_t count, uint64_t until_ns, struct buf *to, struct error *e);
/* False: nothing came until then. True: there are bytes to read, or an end or a failure to be told. */
bool wire_is_ready(struct wire *w, uint64_t until_ns);
void wire_close(struct wire *w);
