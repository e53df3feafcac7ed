/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "syntax/dot.h"

#include <string.h>

/* Three blocks of the fast path, so that what follows lies across its seams. */
#define LONG "0123456789abcdef0123456789abcdef0123456789abcdef"

static void feed(struct dot_decoder *d, struct slice input, struct buf *ret, struct slice *ret_rest)
{
	while (input.len > 0 && !d->is_done) {
		struct slice run;

		dot_decode(d, &input, &run);
		check(buf_add(ret, run));
	}
	*ret_rest = input;
}

struct decode_row {
	struct slice input, text, rest;
	bool is_done, is_bare;
};

static void check_decoded(const struct decode_row *row, size_t i, size_t split)
{
	struct dot_decoder d = { 0 };
	auto_buf text = { .max = 1 << 12 };
	struct slice rest = S("");

	feed(&d, slice_first(row->input, split), &text, &rest);
	if (!d.is_done) {
		feed(&d, slice_skip(row->input, split), &text, &rest);
		check_row(slice_same(rest, row->rest), i);
	} else {
		check_row(rest.len + row->input.len - split == row->rest.len, i);
	}
	check_row(slice_same(buf_slice(&text), row->text), i);
	check_row(d.is_done == row->is_done && d.is_bare == row->is_bare, i);
}

static void test_decode(void **state)
{
	static const struct decode_row rows[] = {
		{ S_INIT(".\r\n"), S_INIT(""), S_INIT(""), true, false },
		{ S_INIT(".\r\nQUIT\r\n"), S_INIT(""), S_INIT("QUIT\r\n"), true, false },
		{ S_INIT("a\r\n.\r\n"), S_INIT("a\r\n"), S_INIT(""), true, false },
		{ S_INIT("\r\n.\r\n"), S_INIT("\r\n"), S_INIT(""), true, false },
		{ S_INIT("a\r\n..\r\n.\r\n"), S_INIT("a\r\n.\r\n"), S_INIT(""), true, false },
		{ S_INIT("..a\r\n.b\r\n...\r\n.\r\n"), S_INIT(".a\r\nb\r\n..\r\n"), S_INIT(""),
			true, false },
		{ S_INIT("a.\r\n.\r\n"), S_INIT("a.\r\n"), S_INIT(""), true, false },
		{ S_INIT(LONG "\r\n" LONG "\r\n." LONG "\r\n.\r\nrest"),
			S_INIT(LONG "\r\n" LONG "\r\n" LONG "\r\n"), S_INIT("rest"), true, false },
		/* Not the end. */
		{ S_INIT("a"), S_INIT("a"), S_INIT(""), false, false },
		{ S_INIT("a\r\n."), S_INIT("a\r\n"), S_INIT(""), false, false },
		{ S_INIT("a\r\n.\r"), S_INIT("a\r\n"), S_INIT(""), false, false },
		{ S_INIT("a\r\n.b"), S_INIT("a\r\nb"), S_INIT(""), false, false },
		{ S_INIT(".."), S_INIT("."), S_INIT(""), false, false },
		{ S_INIT("a.\r\n"), S_INIT("a.\r\n"), S_INIT(""), false, false },
		/* Smuggling: what other servers have taken for the end. */
		{ S_INIT("a\n.\nb\r\n"), S_INIT("a\n.\nb\r\n"), S_INIT(""), false, true },
		{ S_INIT("a\n.\r\nb\r\n"), S_INIT("a\n.\r\nb\r\n"), S_INIT(""), false, true },
		{ S_INIT("a\r\n.\nb\r\n"), S_INIT("a\r\n\nb\r\n"), S_INIT(""), false, true },
		{ S_INIT("a\r.\rb"), S_INIT("a\r.\rb"), S_INIT(""), false, true },
		{ S_INIT("a\r.\r\nb\r\n"), S_INIT("a\r.\r\nb\r\n"), S_INIT(""), false, true },
		{ S_INIT("a\r\n.\rb\r\n"), S_INIT("a\r\n\rb\r\n"), S_INIT(""), false, true },
		{ S_INIT("a\r\n.\r\r\nb"), S_INIT("a\r\n\r\r\nb"), S_INIT(""), false, true },
		{ S_INIT("a\r\r\n.\r\nb"), S_INIT("a\r\r\n"), S_INIT("b"), true, true },
		{ S_INIT("\n.\r\n"), S_INIT("\n.\r\n"), S_INIT(""), false, true },
		{ S_INIT("\r.\r\n"), S_INIT("\r.\r\n"), S_INIT(""), false, true },
		{ S_INIT(LONG "\n" LONG "\r\n.\r\n"), S_INIT(LONG "\n" LONG "\r\n"), S_INIT(""),
			true, true },
		{ S_INIT(LONG "\r" LONG "\r\n.\r\n"), S_INIT(LONG "\r" LONG "\r\n"), S_INIT(""),
			true, true },
		{ S_INIT("a\0b\r\n.\r\n"), S_INIT("a\0b\r\n"), S_INIT(""), true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t split = 0; split <= rows[i].input.len; split++)
			check_decoded(&rows[i], i, split);
	}
}

/* Nothing is copied: runs point into the input. */
static void test_decode_borrows(void **state)
{
	static const char input[] = "Subject: x\r\n\r\n" LONG "\r\n" LONG "\r\n.\r\n";
	struct dot_decoder d = { 0 };
	struct slice rest = slice_of(input), run;

	(void)state;
	dot_decode(&d, &rest, &run);
	check(run.at == input && run.len == sizeof input - 1 - 3 && rest.len == 3);
	dot_decode(&d, &rest, &run);
	check(run.len == 0 && d.is_done && !d.is_bare && rest.len == 0);
	rest = S("more");
	dot_decode(&d, &rest, &run);
	check(run.len == 0 && rest.len == 4);
}

static void test_encode(void **state)
{
	static const struct {
		struct slice plain, text;
	} rows[] = {
		{ S_INIT(""), S_INIT(".\r\n") },
		{ S_INIT("a"), S_INIT("a\r\n.\r\n") },
		{ S_INIT("a\r\n"), S_INIT("a\r\n.\r\n") },
		{ S_INIT("."), S_INIT("..\r\n.\r\n") },
		{ S_INIT(".\r\n"), S_INIT("..\r\n.\r\n") },
		{ S_INIT("..a\r\n.\r\n"), S_INIT("...a\r\n..\r\n.\r\n") },
		{ S_INIT("a\nb\n"), S_INIT("a\r\nb\r\n.\r\n") },
		{ S_INIT("a\n.b"), S_INIT("a\r\n..b\r\n.\r\n") },
		{ S_INIT("\n\n"), S_INIT("\r\n\r\n.\r\n") },
		{ S_INIT("\r\n"), S_INIT("\r\n.\r\n") },
		{ S_INIT("a\rb"), S_INIT("a\rb\r\n.\r\n") },
		{ S_INIT("a\r.b"), S_INIT("a\r.b\r\n.\r\n") },
		{ S_INIT("a\r"), S_INIT("a\r\r\n.\r\n") },
		{ S_INIT("a.b.\r\nc"), S_INIT("a.b.\r\nc\r\n.\r\n") },
		{ S_INIT(LONG "\n." LONG "\r\n." LONG),
			S_INIT(LONG "\r\n.." LONG "\r\n.." LONG "\r\n.\r\n") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t split = 0; split <= rows[i].plain.len; split++) {
			struct dot_encoder e = { 0 };
			auto_buf text = { .max = 1 << 12 };

			check_row(dot_encode(&e, slice_first(rows[i].plain, split), &text), i);
			check_row(dot_encode(&e, slice_skip(rows[i].plain, split), &text), i);
			check_row(dot_finish(&e, &text), i);
			check_row(slice_same(buf_slice(&text), rows[i].text), i);
		}
	}
}

static void test_encode_full(void **state)
{
	char room[8];
	struct buf out = BUF_OVER(room);
	struct dot_encoder e = { 0 };

	(void)state;
	check(dot_encode(&e, S("ab"), &out) && e.in_line);
	check(!dot_encode(&e, S("\n.\n.\n.\n"), &out));
	check(slice_same(buf_slice(&out), S("ab")) && e.in_line && !e.after_cr);
	check(dot_encode(&e, S("\r"), &out) && e.after_cr);
	check(dot_encode(&e, S("\n"), &out) && dot_finish(&e, &out));
	check(slice_same(buf_slice(&out), S("ab\r\n.\r\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_decode),
		cmocka_unit_test(test_decode_borrows), cmocka_unit_test(test_encode),
		cmocka_unit_test(test_encode_full) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
