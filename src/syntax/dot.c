/* SPDX-License-Identifier: MIT */
#include "syntax/dot.h"

#include <string.h>

/*
 * Both directions need the same question answered quickly: where, in a run of bytes, does something
 * stand that is not plain text and true CRLFs? The vector types below are the compilers' own and
 * turn into whatever the machine has; the rules compare each byte with the one before it, so a
 * block is loaded twice, the second time one byte earlier.
 */
enum { BLOCK_BYTES = 16 };
typedef unsigned char block __attribute__((vector_size(BLOCK_BYTES)));

static block block_at(const char *at)
{
	block b;

	memcpy(&b, at, sizeof b);
	return b;
}

static bool block_is_set(block b)
{
	uint64_t halves[2];

	memcpy(halves, &b, sizeof halves);
	return (halves[0] | halves[1]) != 0;
}

/* CR and LF come only as pairs: byte i is LF exactly when byte i-1 is CR. */
static bool is_unpaired(char before, char byte)
{
	return (before == '\r') != (byte == '\n');
}

/*
 * The first i >= 1 with at[i - 1] == LF and at[i] == '.', or len. Whether a CR or LF without its
 * partner stands before that is noted in *is_bare; at[0] is not judged, it has no neighbour here.
 */
static size_t find_dot_line(const char *at, size_t len, bool *is_bare)
{
	size_t i = 1;
	block unpaired = { 0 };

	for (; i + BLOCK_BYTES <= len; i += BLOCK_BYTES) {
		block before = block_at(at + i - 1), now = block_at(at + i);

		if (block_is_set((block)((before == '\n') & (now == '.'))))
			break;
		unpaired |= (block)((before == '\r') ^ (now == '\n'));
	}
	if (block_is_set(unpaired))
		*is_bare = true;
	for (; i < len; i++) {
		if (at[i - 1] == '\n' && at[i] == '.')
			return i;
		if (is_unpaired(at[i - 1], at[i]))
			*is_bare = true;
	}
	return len;
}

/* The decoder's place in the line. A fresh, zeroed decoder stands at a line's start. */
enum { AT_LINE_START, IN_LINE, AFTER_CR, AFTER_DOT, AFTER_DOT_CR };

/* The dot at a line's start is eaten. What follows decides whether it was the end. */
static void decode_dot(struct dot_decoder *d, struct slice *input, struct slice *ret)
{
	while (input->len > 0 && !d->is_done) {
		char byte = input->at[0];

		if (d->state == AT_LINE_START && byte == '.') {
			d->state = AFTER_DOT;
		} else if (d->state == AFTER_DOT && byte == '\r') {
			d->state = AFTER_DOT_CR;
		} else if (d->state == AFTER_DOT_CR && byte == '\n') {
			d->is_done = true;
		} else {
			/* It was an added dot; the CR after it belongs to the line. */
			*ret = d->state == AFTER_DOT_CR ? S("\r") : S("");
			d->state = d->state == AFTER_DOT_CR ? AFTER_CR : IN_LINE;
			return;
		}
		*input = slice_skip(*input, 1);
	}
}

static bool is_line_end(const struct dot_decoder *d, struct slice run)
{
	bool is_after_cr = run.len >= 2 ? run.at[run.len - 2] == '\r' : d->state == AFTER_CR;

	return is_after_cr && run.at[run.len - 1] == '\n';
}

/* Everything up to the next line that starts with a dot. Such a line counts only after a true CRLF. */
static struct slice decode_run(struct dot_decoder *d, struct slice *input)
{
	struct slice run = *input;

	if (is_unpaired(d->state == AFTER_CR ? '\r' : '\0', run.at[0]))
		d->is_bare = true;
	run.len = find_dot_line(run.at, run.len, &d->is_bare);
	if (is_line_end(d, run))
		d->state = AT_LINE_START;
	else
		d->state = run.at[run.len - 1] == '\r' ? AFTER_CR : IN_LINE;
	*input = slice_skip(*input, run.len);
	return run;
}

void dot_decode(struct dot_decoder *d, struct slice *input, struct slice *ret)
{
	*ret = S("");
	if (d->is_done || input->len == 0)
		return;
	if (d->state == AFTER_DOT || d->state == AFTER_DOT_CR ||
		(d->state == AT_LINE_START && input->at[0] == '.'))
		decode_dot(d, input, ret);
	if (!d->is_done && input->len > 0 && ret->len == 0)
		*ret = decode_run(d, input);
}

/* The first i >= 1 whose byte cannot be sent as it is: a LF without CR, or a dot after LF; or len. */
static size_t find_unsendable(const char *at, size_t len)
{
	size_t i = 1;

	for (; i + BLOCK_BYTES <= len; i += BLOCK_BYTES) {
		block before = block_at(at + i - 1), now = block_at(at + i);

		if (block_is_set((block)(((now == '\n') & (before != '\r')) |
					 ((before == '\n') & (now == '.')))))
			break;
	}
	for (; i < len; i++) {
		if (at[i] == '\n' ? at[i - 1] != '\r' : at[i - 1] == '\n' && at[i] == '.')
			return i;
	}
	return len;
}

/* What must stand before this byte because of the byte before it. */
static struct slice encode_prefix(const struct dot_encoder *d, char byte)
{
	if (byte == '\n' && !d->after_cr)
		return S("\r");
	return byte == '.' && !d->in_line ? S(".") : S("");
}

bool dot_encode(struct dot_encoder *d, struct slice s, struct buf *out)
{
	struct dot_encoder before = *d;
	size_t len_before = out->len;

	while (s.len > 0) {
		struct slice run = slice_first(s, find_unsendable(s.at, s.len));

		if (!buf_add(out, encode_prefix(d, run.at[0])) || !buf_add(out, run)) {
			*d = before;
			out->len = len_before;
			return false;
		}
		d->in_line = run.at[run.len - 1] != '\n';
		d->after_cr = run.at[run.len - 1] == '\r';
		s = slice_skip(s, run.len);
	}
	return true;
}

bool dot_finish(struct dot_encoder *d, struct buf *out)
{
	if (!buf_add(out, d->in_line ? S("\r\n.\r\n") : S(".\r\n")))
		return false;
	*d = (struct dot_encoder){ 0 };
	return true;
}
