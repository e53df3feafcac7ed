/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * conn - a byte stream with a client or a server: buffered, with deadlines, with or without TLS and DEFLATE.
 *
 * Reads hand out slices that point into the input buffer and stay good until the next read call.
 * Writes collect in the output buffer; conn_flush sends them. A read flushes first, so a lock-step
 * protocol needs no flush of its own and pipelined answers leave together.
 * Not here: protocols, who may connect, when to park (pool.h).
 * Threads: one at a time. Waits are bounded by the absolute monotonic deadline given with each call.
 * Ownership: the conn owns its descriptors and its buffers; conn_rest() gives the buffers back while
 * a silent client is parked (a parked plain conn costs under 1 KiB).
 * Limits: LIMIT_CONN_IN_BYTES, LIMIT_CONN_OUT_BYTES; output beyond it is flushed, never grown. LIMIT_CONN_DROP_BYTES of a line
 * that does not end.
 */
#include "base/error.h"
#include "base/slice.h"

struct conn;
struct tls_config;
struct tls_trust;

enum {
	LIMIT_CONN_IN_BYTES = 64 << 10,   /* the longest line we take, a socket read of a body */
	LIMIT_CONN_OUT_BYTES = 256 << 10, /* a page of answers; beyond it we flush */
	/* read and dropped of one line: no mistake is longer, and deflated it costs its sender 16 KB */
	LIMIT_CONN_DROP_BYTES = 16 << 20,
};

enum conn_answer {
	CONN_OK,
	CONN_QUIET,    /* nothing came before the time given; nothing is lost, call again */
	CONN_TOO_LONG, /* more bytes than the caller takes; they were dropped up to the line's end */
	CONN_BARE, /* (conn_line) the line ended with LF alone or holds a bare CR; it was taken */
	CONN_GONE, /* the peer closed or the connection broke */
};

/* A connected socket (owned from now on, also on failure: FAULT_GONE when the peer left already). */
MUST_CHECK bool conn_open(int fd, struct conn **ret, struct error *e);
/*
 * stdin and stdout, or a test's pipes: reads from in_fd, writes to out_fd; owns both. Writing to a pipe
 * that nobody reads raises SIGPIPE: programs ignore it (sockets never raise it).
 */
MUST_CHECK bool conn_open_pair(int in_fd, int out_fd, struct conn **ret, struct error *e);
/* Flushes what it can without waiting, says goodbye in TLS, closes, frees. NULL is fine. */
void conn_close(struct conn *c);

int conn_fd(const struct conn *c);            /* to wait on */
struct slice conn_peer(const struct conn *c); /* "[192.0.2.1]:4711", "unix" or "stdio" */
/* "192.0.2.1", "2001:db8::1"; empty if none. */
struct slice conn_peer_address(const struct conn *c);
bool conn_is_loopback(const struct conn *c); /* loopback, Unix socket or stdio */
uint16_t conn_local_port(const struct conn *c);

/*
 * One line without its CRLF, at most max bytes (without CRLF). Waits until until_ns for all of it.
 * CONN_QUIET keeps what came so far.
 */
MUST_CHECK enum conn_answer conn_line(
	struct conn *c, size_t max, uint64_t until_ns, struct slice *ret);
/* Some bytes, at least one, at most max: whatever is there. For bodies. */
MUST_CHECK enum conn_answer conn_some(
	struct conn *c, size_t max, uint64_t until_ns, struct slice *ret);
/* Looks at what is buffered or comes next without taking it; conn_take takes. */
MUST_CHECK enum conn_answer conn_peek(struct conn *c, uint64_t until_ns, struct slice *ret);
void conn_take(struct conn *c, size_t count);

/* Adds to the output, flushing when it is full. False when the peer is gone or the deadline passed. */
MUST_CHECK bool conn_write(struct conn *c, struct slice s);
MUST_CHECK bool conn_flush(struct conn *c);
/* Writes (and the flush inside reads) give up at this absolute time; also a peer that stops reading. */
void conn_write_until(struct conn *c, uint64_t until_ns);
/* What it tells and asks while a write waits for a peer that does not read; on the thread that writes. */
struct conn_wait {
	void (*begin)(void *context);
	/* at once, and then each second: may it go on, for a peer that has read nothing for so long? */
	bool (*may_go_on)(void *context, uint64_t silent_ns);
	void (*end)(void *context);
};
/* `wait` lives as long as the conn. */
void conn_on_wait(struct conn *c, const struct conn_wait *wait, void *context);

/* Bytes already here (buffered, or decrypted inside TLS): do not park, do not wait. */
bool conn_has_input(const struct conn *c);
bool conn_has_output(const struct conn *c);
/* Nothing in flight: no input, no output, no half line, nothing inside TLS. */
bool conn_may_park(const struct conn *c);
/* Gives the buffers back; needs conn_may_park(). */
void conn_rest(struct conn *c);

/* After the go-ahead was flushed: drops plaintext that was pipelined behind STARTTLS (injection,
 * RFC 3207 4.2 and CVE-2011-0411), then shakes hands. */
MUST_CHECK bool conn_start_tls(
	struct conn *c, struct tls_config *config, uint64_t until_ns, struct error *e);
/* As a client (deliver). name: for SNI, and for the certificate when there is trust (net/tls.h); NULL: anybody is taken. */
MUST_CHECK bool conn_start_tls_client(struct conn *c, struct slice name,
	const struct tls_trust *trust, uint64_t until_ns, struct error *e);
bool conn_has_tls(const struct conn *c);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384" for Received and the log; empty without TLS. */
struct slice conn_tls_text(const struct conn *c);

/*
 * From here on both sides deflate what they say (RFC 4978), above TLS when there is TLS, which cannot come later: where a flush
 * ends its reader does not know. Flushes first. Bytes that the peer has sent already are taken for deflated ones. False: the
 * peer left, or there is no memory.
 */
MUST_CHECK bool conn_start_deflate(struct conn *c);
bool conn_is_deflated(const struct conn *c);
/* After CONN_GONE: the peer is still there, but what it sends is not DEFLATE. A last word can be written. */
bool conn_is_garbled(const struct conn *c);

/*
 * A client connection to host and port, or to "unix:/path". Names are resolved by getaddrinfo, whose own
 * time-outs are not under until_ns: a caller with a deadline gives an IP address.
 */
MUST_CHECK bool conn_dial(
	struct slice host, uint16_t port, uint64_t until_ns, struct conn **ret, struct error *e);

uint64_t conn_bytes_in(const struct conn *c);
uint64_t conn_bytes_out(const struct conn *c);
