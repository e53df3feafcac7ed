/* SPDX-License-Identifier: MIT */
#include "net/zstream.h"

#include "base/buf.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

enum {
	RAW_BYTES =
		16 << 10, /* one read from the peer; inflated it may be a thousand times as much */
	RAW_MAX_BYTES = 64 << 10, /* what stood in conn's input behind COMPRESS */
	PIECE_BYTES = 16 << 10,   /* deflated bytes handed on at once; a TLS record */
	WINDOW_BITS = -15,        /* negative: no header; the peer may choose any window */
	MEM_LEVEL = 8,
	LEVEL = 3, /* of mail and answers: four fifths of the speed of 1, and a tenth less to send */
	DEFLATE_BYTES = 270 << 10, /* zconf.h: (1 << (15 + 2)) + (1 << (8 + 9)), and 6 KB */
	INFLATE_BYTES = 40 << 10,  /* (1 << 15), and 7 KB */
	AT_BLOCK = 128,            /* z_stream.data_type: inflate stands between two blocks */
	LAST_BLOCK = 64,           /* behind or in the last one */
	UNUSED_BITS = 7,
};

struct zstream {
	z_stream in, out;
	bool has_in, has_out; /* they have their memory */
	bool is_full;         /* the last room was filled: there may be more to inflate */
	bool is_over;         /* the peer's last block has ended */
	bool is_broken;
	bool is_unflushed;
	struct buf raw; /* raw.at[raw_from ..) is not yet inflated */
	size_t raw_from;
	/* Between two blocks inflate's state is its window and some bits of a byte. */
	bool is_at_block;
	unsigned bits, last_byte;
	unsigned char *window; /* while it rests */
	unsigned window_bytes;
};

struct zstream *zstream_new(void)
{
	struct zstream *z = calloc(1, sizeof *z);

	if (z == NULL)
		return NULL;
	z->raw.max = RAW_MAX_BYTES;
	z->is_at_block = true;
	return z;
}

static void in_end(struct zstream *z)
{
	if (z->has_in)
		(void)inflateEnd(&z->in);
	z->has_in = false;
}

static void out_end(struct zstream *z)
{
	if (z->has_out)
		(void)deflateEnd(&z->out);
	z->has_out = false;
}

void zstream_free(struct zstream *z)
{
	if (z == NULL)
		return;
	in_end(z);
	out_end(z);
	buf_done(&z->raw);
	free(z->window);
	free(z);
}

/* ---- Input ---- */

char *zstream_room(struct zstream *z, size_t *ret_bytes)
{
	char *room;

	invariant(z->raw_from == z->raw.len);
	buf_clear(&z->raw);
	z->raw_from = 0;
	room = buf_reserve(&z->raw, RAW_BYTES);
	*ret_bytes = RAW_BYTES;
	return room;
}

void zstream_came(struct zstream *z, size_t count)
{
	buf_grew(&z->raw, count);
}

bool zstream_feed(struct zstream *z, struct slice s)
{
	return buf_add(&z->raw, s);
}

bool zstream_has_input(const struct zstream *z)
{
	return z->is_full || z->raw_from < z->raw.len;
}

/* From where it rested: zlib's manual, inflateSetDictionary() and inflatePrime(). */
static bool in_begin(struct zstream *z)
{
	if (z->has_in)
		return true;
	z->in = (z_stream){ .next_in = NULL };
	if (inflateInit2(&z->in, WINDOW_BITS) != Z_OK)
		return false;
	z->has_in = true;
	if (z->window_bytes > 0 && inflateSetDictionary(&z->in, z->window, z->window_bytes) != Z_OK)
		return false;
	if (z->bits > 0 &&
		inflatePrime(&z->in, (int)z->bits, (int)(z->last_byte >> (8 - z->bits))) != Z_OK)
		return false;
	free(z->window);
	z->window = NULL;
	z->window_bytes = 0;
	return true;
}

/* One call of inflate(), which stops between blocks. False: there is no sense in another one. */
static bool in_step(struct zstream *z)
{
	unsigned had_in = z->in.avail_in, had_out = z->in.avail_out;
	int status = inflate(&z->in, Z_BLOCK);
	bool has_moved = z->in.avail_in < had_in || z->in.avail_out < had_out;

	z->is_over = (z->in.data_type & (AT_BLOCK | LAST_BLOCK)) == (AT_BLOCK | LAST_BLOCK) ||
		     status == Z_STREAM_END;
	z->is_broken = status != Z_OK && status != Z_BUF_ERROR && !z->is_over;
	if (has_moved)
		z->is_at_block = (z->in.data_type & AT_BLOCK) != 0;
	z->bits = (unsigned)z->in.data_type & UNUSED_BITS;
	if (z->in.avail_in < had_in)
		z->last_byte = z->in.next_in[-1];
	return has_moved && !z->is_broken && !z->is_over && z->in.avail_in > 0 &&
	       z->in.avail_out > 0;
}

enum zstream_answer zstream_inflate(struct zstream *z, char *room, size_t max, size_t *ret_count)
{
	struct slice raw = slice_skip(buf_slice(&z->raw), z->raw_from);
	size_t count;

	if (!zstream_has_input(z))
		return z->is_broken ? ZSTREAM_BROKEN : ZSTREAM_EMPTY;
	if (z->is_broken || z->is_over || !in_begin(z)) {
		z->is_broken = true;
		return ZSTREAM_BROKEN;
	}
	z->in.next_in = (const unsigned char *)raw.at;
	z->in.avail_in = (unsigned)raw.len;
	z->in.next_out = (unsigned char *)room;
	z->in.avail_out = (unsigned)max;
	while (in_step(z))
		continue;
	z->raw_from = z->raw.len - z->in.avail_in;
	z->is_full = z->in.avail_out == 0 && !z->is_over;
	count = max - z->in.avail_out;
	if (count == 0)
		return z->is_broken ? ZSTREAM_BROKEN : ZSTREAM_EMPTY;
	*ret_count = count;
	return ZSTREAM_OK;
}

/* ---- Output ---- */

/* A new state goes on where the old one was flushed: nothing that it makes points back. */
static bool out_begin(struct zstream *z)
{
	if (z->has_out)
		return true;
	z->out = (z_stream){ .next_in = NULL };
	z->has_out = deflateInit2(&z->out, LEVEL, Z_DEFLATED, WINDOW_BITS, MEM_LEVEL,
			     Z_DEFAULT_STRATEGY) == Z_OK;
	return z->has_out;
}

bool zstream_deflate(
	struct zstream *z, struct slice s, bool is_flush, zstream_sink_fn *sink, void *context)
{
	char piece[PIECE_BYTES];

	if (!out_begin(z))
		return false;
	z->out.next_in = (const unsigned char *)s.at;
	z->out.avail_in = (unsigned)s.len;
	z->is_unflushed = !is_flush;
	do {
		z->out.next_out = (unsigned char *)piece;
		z->out.avail_out = sizeof piece;
		/* Z_BUF_ERROR: the last piece ended just where the bytes did. */
		(void)deflate(&z->out, is_flush ? Z_SYNC_FLUSH : Z_NO_FLUSH);
		if (z->out.avail_out < sizeof piece &&
			!sink(context, (struct slice){ piece, sizeof piece - z->out.avail_out }))
			return false;
	} while (z->out.avail_out == 0);
	return true;
}

bool zstream_has_output(const struct zstream *z)
{
	return z->is_unflushed;
}

/* ---- Rest ---- */

static void window_keep(struct zstream *z)
{
	unsigned bytes = 0;

	if (inflateGetDictionary(&z->in, NULL, &bytes) != Z_OK)
		return;
	if (bytes > 0) {
		z->window = malloc(bytes);
		if (z->window == NULL || inflateGetDictionary(&z->in, z->window, &bytes) != Z_OK) {
			free(z->window);
			z->window = NULL;
			return; /* then the whole state is kept */
		}
	}
	z->window_bytes = bytes;
	in_end(z);
}

void zstream_rest(struct zstream *z)
{
	invariant(!zstream_has_input(z) && !z->is_unflushed);
	out_end(z);
	buf_done(&z->raw);
	z->raw_from = 0;
	if (z->has_in && z->is_at_block)
		window_keep(z);
}

size_t zstream_bytes(const struct zstream *z)
{
	return sizeof *z + z->raw.room + z->window_bytes + (z->has_in ? INFLATE_BYTES : 0) +
	       (z->has_out ? DEFLATE_BYTES : 0);
}
