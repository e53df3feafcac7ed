/* SPDX-License-Identifier: MIT */
#include "base/limits.h"
#include "check.h"
#include "message/header.h"

#include <stdlib.h>
#include <string.h>

#define auto_header ON_EXIT(header_done) struct header

static void test_feed(void **state)
{
	static const struct {
		struct slice message;
		size_t header_len;
		bool is_complete;
	} rows[] = {
		{ S_INIT("A: b\r\n\r\nbody\r\n"), 8, true },
		{ S_INIT("A: b\r\nC: d\r\n\r\n"), 14, true },
		{ S_INIT("A: b\r\n c\r\n\r\n\r\n"), 12, true },
		{ S_INIT("\r\nbody"), 2, true },
		{ S_INIT("\nbody"), 1, true },
		{ S_INIT("A: b\n\nbody"), 6, true },
		{ S_INIT("A: b\r\n\nbody"), 7, true },
		{ S_INIT("A: b\n\r\nbody"), 7, true },
		{ S_INIT("A: b\r\n"), 6, false },
		{ S_INIT("A: b\r\n\r"), 7, false },
		{ S_INIT("A: b\r\n\rC: d\r\n\r\n"), 15, true },
		{ S_INIT("A: b\r\n \r\nC: d"), 13, false },
		{ S_INIT(""), 0, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t split = 0; split <= rows[i].message.len; split++) {
			size_t first_used, second_used;
			auto_header h;

			header_init(&h);
			check_row(header_feed(&h, slice_first(rows[i].message, split), &first_used),
				i);
			check_row(header_feed(&h, slice_skip(rows[i].message, split), &second_used),
				i);
			check_row(first_used + second_used == rows[i].header_len, i);
			check_row(h.is_complete == rows[i].is_complete && !h.is_too_long, i);
			check_row(slice_same(buf_slice(&h.bytes),
					  slice_first(rows[i].message, rows[i].header_len)),
				i);
		}
	}
}

/* The last byte that fits, and the first that does not; both as one piece and in blocks. */
static void test_too_long(void **state)
{
	static const struct {
		size_t field_len, step;
		bool is_complete;
	} rows[] = {
		{ LIMIT_HEADER_BYTES - 4, LIMIT_HEADER_BYTES * 2, true },
		{ LIMIT_HEADER_BYTES - 3, LIMIT_HEADER_BYTES * 2, false },
		{ LIMIT_HEADER_BYTES - 4, 1000, true },
		{ LIMIT_HEADER_BYTES - 3, 1000, false },
		{ LIMIT_HEADER_BYTES * 2, 1000, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t size = rows[i].field_len + 4, used_all = 0;
		auto_free char *bytes = malloc(size);
		auto_header h;

		check_row(bytes != NULL, i);
		memset(bytes, 'a', size);
		memcpy(bytes + rows[i].field_len, "\r\n\r\n", 4);
		header_init(&h);
		for (size_t at = 0; at < size; at += rows[i].step) {
			struct slice rest = slice_skip((struct slice){ bytes, size }, at);
			size_t used;

			check_row(header_feed(&h, slice_first(rest, rows[i].step), &used), i);
			used_all += used;
		}
		check_row(h.is_complete == rows[i].is_complete, i);
		check_row(h.is_too_long == !rows[i].is_complete, i);
		check_row(used_all == LIMIT_HEADER_BYTES && h.bytes.len == used_all, i);
	}
}

static const struct slice mail = S_INIT("From alice Mon Nov 23 05:26:30\r\n"
					"Received: by a;\r\n"
					"\tMon, 23 Nov 2026 05:26:30 +0000\r\n"
					"received : by b\r\n"
					"no field at all\r\n"
					" with: a fold\r\n"
					"Subject:\r\n"
					"X-Empty: \r\n"
					": nameless\r\n"
					"X-Last:a:b\r\n"
					"\r\n"
					"Subject: in the body\r\n");

static void test_walk(void **state)
{
	static const struct {
		struct slice name, value;
	} rows[] = {
		{ S_INIT("Received"), S_INIT(" by a;\r\n\tMon, 23 Nov 2026 05:26:30 +0000") },
		{ S_INIT("received"), S_INIT(" by b") },
		{ S_INIT("Subject"), S_INIT("") },
		{ S_INIT("X-Empty"), S_INIT(" ") },
		{ S_INIT("X-Last"), S_INIT("a:b") },
	};
	struct header_field field;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(header_next(mail, &at, &field), i);
		check_row(slice_same(field.name, rows[i].name), i);
		check_row(slice_same(field.value, rows[i].value), i);
	}
	check(!header_next(mail, &at, &field) && !header_next(mail, &at, &field));
}

static void test_find_and_count(void **state)
{
	static const struct {
		struct slice name;
		unsigned count;
	} rows[] = {
		{ S_INIT("RECEIVED"), 2 },
		{ S_INIT("Subject"), 1 },
		{ S_INIT("X-Last"), 1 },
		{ S_INIT("with"), 0 },
		{ S_INIT("From"), 0 },
		{ S_INIT(""), 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice value;

		check_row(header_count(mail, rows[i].name) == rows[i].count, i);
		check_row(header_find(mail, rows[i].name, &value) == (rows[i].count > 0), i);
	}
	check(header_count(S(""), S("A")) == 0 && header_count(S("A: b"), S("a")) == 1);
}

static void test_value_text(void **state)
{
	static const struct {
		struct slice value, text;
	} rows[] = {
		{ S_INIT(""), S_INIT("") },
		{ S_INIT(" a "), S_INIT("a") },
		{ S_INIT(" a\r\n b"), S_INIT("a b") },
		{ S_INIT("\r\n\ta\r\n\tb\r\n"), S_INIT("a\tb") },
		{ S_INIT("a\n b"), S_INIT("a b") },
		{ S_INIT("a\rb"), S_INIT("ab") },
		{ S_INIT("  \r\n  "), S_INIT("") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf text = { .max = 100 };

		check_row(header_value_text(rows[i].value, &text), i);
		check_row(slice_same(buf_slice(&text), rows[i].text), i);
	}
	char room[4];
	struct buf full = BUF_OVER(room);

	check(!header_value_text(S("abc\r\n def"), &full) && full.len == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_feed),
		cmocka_unit_test(test_too_long), cmocka_unit_test(test_walk),
		cmocka_unit_test(test_find_and_count), cmocka_unit_test(test_value_text) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
