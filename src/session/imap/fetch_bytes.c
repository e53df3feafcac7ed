/* SPDX-License-Identifier: MIT */
#include "session/imap/fetch.h"

#include "base/limits.h"

#include <string.h>

bool fetch_range_next(struct fetching *f, uint64_t end, struct slice *ret, struct error *e)
{
	uint64_t left = end > f->reader.at ? end - f->reader.at : 0;

	*ret = S("");
	if (left == 0)
		return true;
	if (!body_next(&f->reader, ret, e))
		return false;
	if (ret->len == 0)
		return fail(e, FAULT_NEVER, "read a message: it is shorter than its record says");
	if (ret->len > left)
		*ret = slice_first(*ret, (size_t)left);
	return true;
}

bool fetch_send_range(struct fetching *f, struct section_range range, struct error *e)
{
	struct slice piece;

	f->reader.at = range.at;
	for (uint64_t end = range.at + range.len;;) { /* ends with the range */
		if (!fetch_range_next(f, end, &piece, e))
			return false;
		if (piece.len == 0)
			return true;
		imap_put_bytes(f->s, piece);
		if (f->s->is_broken)
			return false;
	}
}

bool fetch_read_range(
	struct fetching *f, struct section_range range, struct buf *out, struct error *e)
{
	uint64_t len = range.len < LIMIT_HEADER_BYTES ? range.len : LIMIT_HEADER_BYTES;
	struct slice piece;

	buf_clear(out);
	out->max = LIMIT_HEADER_BYTES;
	f->reader.at = range.at;
	for (uint64_t end = range.at + len;;) { /* ends with the range */
		if (!fetch_range_next(f, end, &piece, e))
			return false;
		if (piece.len == 0)
			return true;
		if (!buf_add(out, piece))
			return fail(e, FAULT_LATER, "read a header: out of memory");
	}
}

/* ---- BINARY ---- */

struct decoding {
	struct fetching *f;
	struct transfer_decoder decoder;
	struct buf text;
	uint64_t end;
	bool is_over;
};

static void decoding_begin(
	struct decoding *d, struct fetching *f, struct section_range range, enum transfer transfer)
{
	*d = (struct decoding){ .f = f, .end = range.at + range.len };
	d->text.max = LIMIT_BLOB_CHUNK_BYTES + TRANSFER_BLANKS_MAX + 16;
	f->reader.at = range.at;
	transfer_begin(&d->decoder, transfer);
}

/* The next decoded piece, maybe empty; is_over after the last. */
static bool decoding_next(struct decoding *d, struct slice *ret, struct error *e)
{
	struct slice piece;
	bool is_good;

	buf_clear(&d->text);
	if (!fetch_range_next(d->f, d->end, &piece, e))
		return false;
	d->is_over = piece.len == 0;
	is_good = d->is_over ? transfer_end(&d->decoder, &d->text)
			     : transfer_feed(&d->decoder, piece, &d->text);
	*ret = buf_slice(&d->text);
	return is_good || fail(e, FAULT_LATER, "decode a part: out of memory");
}

bool fetch_measure(struct fetching *f, struct section_range range, enum transfer transfer,
	struct fetch_decoded *ret, struct error *e)
{
	struct decoding d;
	struct slice piece;
	bool is_good = true;

	*ret = (struct fetch_decoded){ 0 };
	decoding_begin(&d, f, range, transfer);
	while (is_good && !d.is_over) {
		is_good = decoding_next(&d, &piece, e);
		if (!is_good || piece.len == 0)
			continue;
		ret->bytes += piece.len;
		ret->has_nul = ret->has_nul || memchr(piece.at, '\0', piece.len) != NULL;
	}
	buf_done(&d.text);
	return is_good;
}

bool fetch_send_decoded(struct fetching *f, struct section_range range, enum transfer transfer,
	uint64_t offset, uint64_t bytes, struct error *e)
{
	struct decoding d;
	struct slice piece;
	bool is_good = true;

	decoding_begin(&d, f, range, transfer);
	while (is_good && !d.is_over && bytes > 0) {
		is_good = decoding_next(&d, &piece, e);
		if (!is_good)
			continue;
		size_t skip = offset < piece.len ? (size_t)offset : piece.len;

		offset -= skip;
		piece = slice_skip(piece, skip);
		piece = slice_first(piece, bytes < piece.len ? (size_t)bytes : piece.len);
		bytes -= piece.len;
		imap_put_bytes(f->s, piece);
		is_good = !f->s->is_broken;
	}
	buf_done(&d.text);
	return is_good;
}
