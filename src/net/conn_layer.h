/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * conn_layer - what lies between a conn's buffers and its descriptors: the wire, TLS above it, DEFLATE above that (RFC 4978 3).
 *
 * conn.c has the buffers, lines and parking; conn_layer.c the layers and how they begin. Private to these two.
 */
#include "base/buf.h"
#include "net/conn.h"
#include "net/peer.h"
#include "net/wire.h"

struct tls;
struct zstream;

struct conn {
	struct wire wire;
	struct tls *tls;
	struct zstream *zstream;
	/* in.at[in_from .. in.len) is unread; in_seen of it holds no LF. */
	struct buf in, out;
	size_t in_from, in_seen;
	bool is_dropping; /* inside a line that is too long */
	size_t dropped;   /* bytes of it */
	bool is_gone;
	bool is_garbled; /* it does not inflate */
	uint64_t write_until_ns;
	uint64_t bytes_in, bytes_out;
	uint16_t local_port;
	struct peer peer;
};

/* What came and was not taken. */
static inline struct slice conn_unread(const struct conn *c)
{
	return slice_skip(buf_slice(&c->in), c->in_from);
}

/* At least one byte; as wire_read. */
MUST_CHECK enum conn_answer conn_layer_read(
	struct conn *c, char *room, size_t max, uint64_t until_ns, size_t *ret_count);
/* All of both; with is_flush nothing stays behind in a layer. */
MUST_CHECK bool conn_layer_write(
	struct conn *c, struct slice head, struct slice body, bool is_flush, uint64_t until_ns);
