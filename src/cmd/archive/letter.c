/* SPDX-License-Identifier: MIT */
#include "cmd/archive/letter.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PART_BYTES =
		8
		<< 10 /* of a line at once: with its line end there is always room for one in `out` */
};

void letter_done(struct letter *l)
{
	free(l->path);
	json_decref(l->flags);
	*l = (struct letter){ .path = NULL };
}

bool letter_open(struct letter_reader *r, const struct letter *l, struct error *e)
{
	r->letter = l;
	r->at = l->at;
	r->raw_at = r->raw_len = 0;
	r->is_line_start = true;
	r->fd = open(l->path, O_RDONLY | O_CLOEXEC);
	return r->fd >= 0 || fail(e, FAULT_NEVER, "%s", strerrordesc_np(errno));
}

void letter_close(struct letter_reader *r)
{
	fd_close(&r->fd);
}

/* How much of the file follows without a cut; cuts that begin here are passed over. */
static uint64_t stretch(struct letter_reader *r)
{
	const struct letter *l = r->letter;

	for (size_t i = 0; i < l->cut_count; i++) {
		if (l->cuts[i].at > r->at)
			return l->cuts[i].at - r->at;
		if (l->cuts[i].end > r->at)
			r->at = l->cuts[i].end;
	}
	return l->end > r->at ? l->end - r->at : 0;
}

/* Fills the raw buffer, so that the beginning of a line stands in it whole. */
static bool refill(struct letter_reader *r, struct error *e)
{
	memmove(r->raw, r->raw + r->raw_at, r->raw_len - r->raw_at);
	r->raw_len -= r->raw_at;
	r->raw_at = 0;
	while (r->raw_len < sizeof r->raw) {
		uint64_t left = stretch(r), room = sizeof r->raw - r->raw_len;
		ssize_t got;

		if (left == 0)
			return true;
		got = pread(r->fd, r->raw + r->raw_len, left < room ? left : room, (off_t)r->at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(e, FAULT_NEVER, "%s", strerrordesc_np(errno));
		if (got == 0)
			return fail(e, FAULT_NEVER, "it became shorter while it was read");
		r->at += (uint64_t)got;
		r->raw_len += (size_t)got;
	}
	return true;
}

static bool is_quoted(const struct letter_reader *r, struct slice rest)
{
	int depth;

	if (r->letter->quotes == MBOX_QUOTES_NONE || !r->is_line_start)
		return false;
	depth = mbox_quote_depth(rest);
	return depth == 1 || (depth > 1 && r->letter->quotes == MBOX_QUOTES_RD);
}

/* Moves one part of a line; the raw buffer is not empty. */
static void move(struct letter_reader *r, struct buf *out)
{
	struct slice rest = { r->raw + r->raw_at, r->raw_len - r->raw_at };
	size_t quote = is_quoted(r, rest) ? 1 : 0;
	struct slice part = slice_first(slice_skip(rest, quote), PART_BYTES);
	size_t lf = slice_find(part, '\n');
	bool has_end = lf < part.len;

	invariant(buf_add(out, slice_first(part, lf)));
	if (has_end)
		invariant(buf_add(out, r->letter->to_crlf ? S("\r\n") : S("\n")));
	r->raw_at += quote + lf + (has_end ? 1 : 0);
	r->is_line_start = has_end;
}

bool letter_next(struct letter_reader *r, struct slice *ret, struct error *e)
{
	struct buf out = BUF_OVER(r->out);

	while (out.max - out.len > PART_BYTES + 2) {
		if (r->raw_len - r->raw_at < MBOX_QUOTE_BYTES && !refill(r, e))
			return false;
		if (r->raw_at == r->raw_len)
			break;
		move(r, &out);
	}
	*ret = buf_slice(&out);
	return true;
}

bool letter_measure(struct letter_reader *r, struct letter *l, struct error *e)
{
	struct digest digest;
	struct slice piece;
	bool is_read = letter_open(r, l, e);

	digest_begin(&digest);
	l->to_crlf = false;
	do { /* ends with the message */
		piece = S("");
		is_read = is_read && letter_next(r, &piece, e);
		digest_add(&digest, piece);
	} while (is_read && piece.len > 0);
	letter_close(r);
	l->to_crlf = digest.crlf_count == 0 && !l->keeps_lf;
	l->is_verbatim = digest.crlf_count > 0;
	l->size = digest.bytes + (l->to_crlf ? digest.lf_count : 0);
	l->id = digest_end(&digest);
	return is_read;
}
