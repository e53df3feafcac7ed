/* SPDX-License-Identifier: MIT */
/*
 * The fast coder against a slow one that goes byte by byte, whole and split; and both ways in a row.
 */
#include "fuzz.h"
#include "syntax/dot.h"

#include <string.h>

enum {
	INPUT_BYTES_MAX = 1 << 16,
	OUTPUT_BYTES_MAX = 4 * INPUT_BYTES_MAX, /* more than encoding can make of it */
	SPLIT_BYTES_MAX = 300,                  /* every place to split is tried below this */
};

struct decoded {
	struct buf bytes;
	size_t eaten;
	bool is_bare, is_done;
};

static void decoded_done(struct decoded *d)
{
	buf_done(&d->bytes);
}
#define auto_decoded ON_EXIT(decoded_done) struct decoded
#define DECODED_INIT                                                                               \
	{                                                                                          \
		.bytes = {.max = OUTPUT_BYTES_MAX }                                                \
	}

static void feed(struct dot_decoder *d, struct slice input, struct decoded *ret)
{
	size_t size = input.len;

	while (input.len > 0 && !d->is_done) {
		size_t left = input.len;
		struct slice run;

		dot_decode(d, &input, &run);
		invariant(run.len > 0 || input.len < left || d->is_done);
		invariant(buf_add(&ret->bytes, run));
	}
	ret->eaten += size - input.len;
	ret->is_bare = d->is_bare;
	ret->is_done = d->is_done;
}

/* Straight from RFC 5321 4.5.2 over the whole text; sees the same bytes in one look. */
static void decode_slowly(struct slice s, struct decoded *ret)
{
	bool is_line_start = true;
	size_t i = 0;

	while (i < s.len) {
		struct slice rest = slice_skip(s, i);

		if (is_line_start && slice_starts(rest, S(".\r\n"))) {
			ret->is_done = true;
			ret->eaten = i + 3;
			return;
		}
		/* Cut inside what may be the end: nothing is decided yet, nothing is handed out. */
		if (is_line_start && (slice_same(rest, S(".")) || slice_same(rest, S(".\r"))))
			break;
		if (is_line_start && s.at[i] == '.') {
			is_line_start = false;
			i++;
			continue;
		}
		if ((i > 0 && s.at[i - 1] == '\r') != (s.at[i] == '\n'))
			ret->is_bare = true;
		invariant(buf_add_byte(&ret->bytes, s.at[i]));
		is_line_start = i > 0 && s.at[i - 1] == '\r' && s.at[i] == '\n';
		i++;
	}
	ret->eaten = s.len;
}

static void check_same(const struct decoded *a, const struct decoded *b)
{
	invariant(slice_same(buf_slice(&a->bytes), buf_slice(&b->bytes)));
	invariant(a->eaten == b->eaten && a->is_bare == b->is_bare && a->is_done == b->is_done);
}

static void check_decoder(struct slice s)
{
	auto_decoded slow = DECODED_INIT, whole = DECODED_INIT, bytewise = DECODED_INIT;
	struct dot_decoder d = { 0 }, single = { 0 };

	decode_slowly(s, &slow);
	feed(&d, s, &whole);
	check_same(&whole, &slow);
	for (size_t i = 0; i < s.len; i++)
		feed(&single, slice_first(slice_skip(s, i), 1), &bytewise);
	check_same(&bytewise, &slow);
	for (size_t i = 1; s.len <= SPLIT_BYTES_MAX && i < s.len; i++) {
		auto_decoded split = DECODED_INIT;
		struct dot_decoder twice = { 0 };

		feed(&twice, slice_first(s, i), &split);
		feed(&twice, slice_skip(s, i), &split);
		check_same(&split, &slow);
	}
}

/* CRLF for every bare LF, one more dot before a line's first. */
static void encode_slowly(struct slice s, struct buf *out, struct buf *plain)
{
	bool is_line_start = true;

	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '\n' && (i == 0 || s.at[i - 1] != '\r'))
			invariant(buf_add_byte(out, '\r') && buf_add_byte(plain, '\r'));
		if (s.at[i] == '.' && is_line_start)
			invariant(buf_add_byte(out, '.'));
		invariant(buf_add_byte(out, s.at[i]) && buf_add_byte(plain, s.at[i]));
		is_line_start = s.at[i] == '\n';
	}
	if (!is_line_start)
		invariant(buf_add(out, S("\r\n")) && buf_add(plain, S("\r\n")));
	invariant(buf_add(out, S(".\r\n")));
}

static void encode_split(struct slice s, size_t step, struct buf *out)
{
	struct dot_encoder e = { 0 };

	for (size_t i = 0; i < s.len; i += step)
		invariant(dot_encode(&e, slice_first(slice_skip(s, i), step), out));
	invariant(dot_finish(&e, out));
}

static void check_encoder(struct slice s)
{
	auto_buf slow = { .max = OUTPUT_BYTES_MAX }, plain = { .max = OUTPUT_BYTES_MAX };
	auto_decoded back = DECODED_INIT;
	struct dot_decoder d = { 0 };
	static const size_t steps[] = { 1, 2, 3, 7, 16, 17, 31, INPUT_BYTES_MAX };

	encode_slowly(s, &slow, &plain);
	for (size_t i = 0; i < COUNT(steps); i++) {
		auto_buf fast = { .max = OUTPUT_BYTES_MAX };

		encode_split(s, steps[i], &fast);
		invariant(slice_same(buf_slice(&fast), buf_slice(&slow)));
		invariant(fast.len <= 2 * s.len + 5);
	}
	feed(&d, buf_slice(&slow), &back);
	invariant(back.is_done && back.eaten == slow.len);
	invariant(slice_same(buf_slice(&back.bytes), buf_slice(&plain)));
}

/* Without room nothing changes. */
static void check_full(struct slice s)
{
	char room[8];
	struct buf out = BUF_OVER(room);
	struct dot_encoder e = { 0 };

	if (dot_encode(&e, s, &out))
		invariant(out.len >= s.len);
	else
		invariant(out.len == 0 && !e.in_line && !e.after_cr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = fuzz_input(data, size);

	if (size > INPUT_BYTES_MAX)
		return 0;
	check_decoder(s);
	check_encoder(s);
	check_full(s);
	return 0;
}
