/* SPDX-License-Identifier: MIT */
#include "base/id.h"
#include "check.h"

#include <string.h>

static uint64_t scripted_ns(void *self)
{
	return *(const uint64_t *)self;
}

static void test_text(void **state)
{
	static const struct {
		struct id id;
		const char *text;
	} rows[] = {
		{ { { 0 } }, "00000000000000000000000000" },
		{ { { [15] = 1 } }, "00000000000000000000000001" },
		{ { { [15] = 0x20 } }, "00000000000000000000000010" },
		{ { { 0x80 } }, "40000000000000000000000000" },
		{ { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			  0xff, 0xff, 0xff } },
			"7zzzzzzzzzzzzzzzzzzzzzzzzz" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char room[ID_TEXT_BYTES + 1];
		struct slice text = id_text(rows[i].id, room);
		struct id back;

		check_row(strcmp(room, rows[i].text) == 0 && text.len == ID_TEXT_BYTES, i);
		check_row(id_parse(text, &back) && id_same(back, rows[i].id), i);
		check_row(id_is_zero(rows[i].id) == (i == 0), i);
	}
}

static void test_bad_text(void **state)
{
	static const struct slice rows[] = {
		S_INIT(""),
		S_INIT("0000000000000000000000000"),
		S_INIT("000000000000000000000000000"),
		S_INIT("80000000000000000000000000"), /* 129 bits */
		S_INIT("0000000000000000000000000u"),
		S_INIT("0000000000000000000000000i"),
		S_INIT("0000000000000 000000000000"),
		S_INIT("0000000000000\0000000000000"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct id id = { { 7 } };

		check_row(!id_parse(rows[i], &id) && id.bytes[0] == 7, i);
	}
}

static void test_upper_case_is_read(void **state)
{
	struct id a, b;

	(void)state;
	check(id_parse(S("01JDZZZZZZZZZZZZZZZZZZZZZZ"), &a));
	check(id_parse(S("01jdzzzzzzzzzzzzzzzzzzzzzz"), &b) && id_same(a, b));
}

static void test_order_and_uniqueness(void **state)
{
	uint64_t now_ns = UINT64_C(1700000000000) * NS_PER_MS;
	struct clock clock = { .mono_ns = scripted_ns, .wall_ns = scripted_ns, .self = &now_ns };
	struct id last = { { 0 } };

	(void)state;
	for (size_t i = 0; i < 2000; i++) {
		struct id id = id_new(&clock);

		check_row(!id_same(id, last), i);
		check_row(i % 2 == 0 ? slice_order(id_slice(&last), id_slice(&id)) < 0 : true, i);
		last = id;
		now_ns += i % 2 == 1 ? NS_PER_MS : 0;
	}
	check(id_slice(&last).len == ID_BYTES && !id_is_zero(last));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_text),
		cmocka_unit_test(test_bad_text), cmocka_unit_test(test_upper_case_is_read),
		cmocka_unit_test(test_order_and_uniqueness) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
