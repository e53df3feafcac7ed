/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * zstream - DEFLATE in both directions over a byte stream: RFC 1951 without a header, as RFC 4978 wants it. The only home of zlib.
 *
 * It moves bytes between buffers and does no I/O: conn reads into zstream_room(), and writes what zstream_deflate() makes.
 * A bomb costs its sender's time: bytes stay deflated until a reader has room for them.
 * Threads: one at a time. Owns its states and the deflated bytes that were not read yet.
 * Memory: at work 270 KB to deflate and 40 KB to inflate; zstream_rest() gives all of it back but the window that the peer may
 * still point into: as many bytes as it has sent in all, at most 32 KB. (A peer that stops in the middle of a block, as
 * Z_PARTIAL_FLUSH does, keeps the 40 KB.)
 */
#include "base/slice.h"

#include <stdbool.h>

struct zstream;

/* NULL: no memory. */
struct zstream *zstream_new(void);
void zstream_free(struct zstream *z); /* NULL is fine */

/* Room for deflated bytes that come; NULL: no memory. zstream_came() takes them in. Not while zstream_has_input(). */
char *zstream_room(struct zstream *z, size_t *ret_bytes);
void zstream_came(struct zstream *z, size_t count);
/* Deflated bytes that came another way; false: no memory. */
MUST_CHECK bool zstream_feed(struct zstream *z, struct slice s);

enum zstream_answer {
	ZSTREAM_OK,    /* at least one byte */
	ZSTREAM_EMPTY, /* more has to come first */
	ZSTREAM_BROKEN /* it is not DEFLATE, or goes on behind its end, or there is no memory */
};
MUST_CHECK enum zstream_answer zstream_inflate(
	struct zstream *z, char *room, size_t max, size_t *ret_count);
/* zstream_inflate() may have more without another byte coming. */
bool zstream_has_input(const struct zstream *z);

typedef bool zstream_sink_fn(void *context, struct slice deflated);
/* All of s; with is_flush the peer can read every byte of it. False: no memory, or the sink said so. */
MUST_CHECK bool zstream_deflate(
	struct zstream *z, struct slice s, bool is_flush, zstream_sink_fn *sink, void *context);
/* Something was deflated and not flushed. */
bool zstream_has_output(const struct zstream *z);

/* Needs neither input nor output waiting. */
void zstream_rest(struct zstream *z);
/* What it holds now, about: for tests. */
size_t zstream_bytes(const struct zstream *z);
