/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * wire_tls - TLS on the instrument's own connection (wire.h): its settings, its tickets, its handshake.
 *
 * One struct wire_tls a port: with `resumes` each handshake offers the ticket that came last on any connection made
 * with it (TLS 1.3, RFC 8446 2.2; TLS 1.2 by ticket too). Certificates are not checked: a trial's server makes its
 * own, and what is measured is the handshake, whose signature is checked all the same.
 * The only home of OpenSSL's libssl in the lab; wire.c calls the functions below the line.
 * Threads: one struct wire_tls may serve many threads, one wire one thread. Ownership: wire_tls_close, after its wires.
 */
#include "base/error.h"
#include "base/slice.h"

#include <sys/types.h>

struct wire;
struct wire_tls;

MUST_CHECK bool wire_tls_open(bool resumes, struct wire_tls **ret, struct error *e);
/* NULL is fine. */
void wire_tls_close(struct wire_tls *t);
/* Hands the connected wire over to TLS; *ret_us is how long the handshake took. Nothing may have been read ahead. */
MUST_CHECK bool wire_secure(
	struct wire *w, struct wire_tls *t, uint64_t until_ns, uint32_t *ret_us, struct error *e);
/* Was the last handshake of this wire a resumed one? */
bool wire_is_resumed(const struct wire *w);

/* For wire.c. As recv and send on a non-blocking socket: -1 and EAGAIN with what to wait for in *ret_events. */
struct wire_end;
ssize_t wire_end_recv(struct wire_end *t, char *room, size_t max, short *ret_events);
ssize_t wire_end_send(struct wire_end *t, struct slice bytes, short *ret_events);
/* Has it bytes that were read from the socket and not taken? */
bool wire_end_has_input(const struct wire_end *t);
/* Says goodbye without waiting, and frees. NULL is fine. */
void wire_end_free(struct wire_end *t);
