/* SPDX-License-Identifier: MIT */
#include "session/pop3_top.h"

#include "check.h"

static const struct {
	struct slice message;
	uint32_t lines;
	struct slice shown;
} rows[] = {
	{ S_INIT("A: b\r\n\r\none\r\ntwo\r\n"), 0, S_INIT("A: b\r\n\r\n") },
	{ S_INIT("A: b\r\n\r\none\r\ntwo\r\n"), 1, S_INIT("A: b\r\n\r\none\r\n") },
	{ S_INIT("A: b\r\n\r\none\r\ntwo\r\n"), 2, S_INIT("A: b\r\n\r\none\r\ntwo\r\n") },
	{ S_INIT("A: b\r\n\r\none\r\ntwo\r\n"), 9, S_INIT("A: b\r\n\r\none\r\ntwo\r\n") },
	{ S_INIT("A: b\r\n\r\n\r\n\r\n"), 1, S_INIT("A: b\r\n\r\n\r\n") },
	{ S_INIT("\r\none\r\n"), 0, S_INIT("\r\n") },
	{ S_INIT("A: b\r\nC: d\r\n"), 0, S_INIT("A: b\r\nC: d\r\n") },
	{ S_INIT("A: b\n\none\ntwo\n"), 1, S_INIT("A: b\n\none\n") },
	{ S_INIT("A: b\r\n\r\nno end"), 1, S_INIT("A: b\r\n\r\nno end") },
	{ S_INIT(""), 3, S_INIT("") },
};

/* However the message is cut, the same bytes are shown. */
static void test_split_everywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t at = 0; at <= rows[i].message.len; at++) {
			struct pop3_top t = { .is_line_empty = true, .lines_left = rows[i].lines };
			struct slice head = slice_first(rows[i].message, at);
			struct slice tail = slice_skip(rows[i].message, at);
			size_t shown = pop3_top_cut(&t, head);

			if (shown == head.len)
				shown += pop3_top_cut(&t, tail);
			check_row(
				slice_same(slice_first(rows[i].message, shown), rows[i].shown), i);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_split_everywhere) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
