/* SPDX-License-Identifier: MIT */
#include "base/limits.h"
#include "check.h"
#include "message/header.h"

#include <string.h>

static void test_good(void **state)
{
	static const struct {
		struct slice value;
		size_t count;
		struct slice found[3];
	} rows[] = {
		{ S_INIT("a@b"), 1, { S_INIT("a@b") } },
		{ S_INIT(" a@b "), 1, { S_INIT("a@b") } },
		{ S_INIT("<a@b>"), 1, { S_INIT("a@b") } },
		{ S_INIT("Alice <a@b>"), 1, { S_INIT("a@b") } },
		{ S_INIT("Alice Q. Public <a@b>"), 1, { S_INIT("a@b") } },
		{ S_INIT("\"Public, A. <x@y>\" <a@b>"), 1, { S_INIT("a@b") } },
		{ S_INIT("\"q\\\"<x@y>\" < a@b >"), 1, { S_INIT("a@b") } },
		{ S_INIT("a@b (Alice)"), 1, { S_INIT("a@b") } },
		{ S_INIT("(x@y (z@z) \\) more) Alice (c) <(d) a@b (e)> (f)"), 1,
			{ S_INIT("a@b") } },
		{ S_INIT("a@b, c@d,e@f"), 3, { S_INIT("a@b"), S_INIT("c@d"), S_INIT("e@f") } },
		{ S_INIT("Alice <a@b>,\r\n\tCarol <c@d>"), 2, { S_INIT("a@b"), S_INIT("c@d") } },
		{ S_INIT("a@b,,c@d,"), 2, { S_INIT("a@b"), S_INIT("c@d") } },
		{ S_INIT(",a@b"), 1, { S_INIT("a@b") } },
		{ S_INIT("a@b,c@d,e@f,g@h"), 4, { S_INIT("a@b"), S_INIT("c@d"), S_INIT("e@f") } },
		{ S_INIT("=?utf-8?q?J=C3=B6rg?= <a@b>"), 1, { S_INIT("a@b") } },
		{ S_INIT("J\xc3\xb6rg <j\xc3\xb6rg@b\xc3\xbc.example>"), 1,
			{ S_INIT("j\xc3\xb6rg@b\xc3\xbc.example") } },
		{ S_INIT("J\xf6rg <a@b>"), 1,
			{ S_INIT("a@b") } }, /* Latin-1 in a name: read over */
		{ S_INIT("\"a b\"@c"), 1, { S_INIT("\"a b\"@c") } },
		{ S_INIT("<\"a>b\"@c>"), 1, { S_INIT("\"a>b\"@c") } },
		{ S_INIT("a@[192.0.2.1]"), 1, { S_INIT("a@[192.0.2.1]") } },
		{ S_INIT("<a@[IPv6:2001:db8::1]>"), 1, { S_INIT("a@[IPv6:2001:db8::1]") } },
		{ S_INIT("<@r,@s:a@b>"), 1, { S_INIT("a@b") } },
		{ S_INIT("<@r , (c) @s : a@b>"), 1, { S_INIT("a@b") } },
		{ S_INIT("undisclosed-recipients:;"), 0, { S_INIT("") } },
		{ S_INIT("Some Friends: a@b, Carol <c@d>; , e@f"), 3,
			{ S_INIT("a@b"), S_INIT("c@d"), S_INIT("e@f") } },
		{ S_INIT("G: ; (nobody)"), 0, { S_INIT("") } },
		{ S_INIT("\"G\":a@b;"), 1, { S_INIT("a@b") } },
		{ S_INIT(""), 0, { S_INIT("") } },
		{ S_INIT(" \t"), 0, { S_INIT("") } },
		{ S_INIT("(only a comment)"), 0, { S_INIT("") } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice room[3];
		size_t count = 99;

		check_row(header_addresses(rows[i].value, room, COUNT(room), &count), i);
		check_row(count == rows[i].count, i);
		for (size_t k = 0; k < count && k < COUNT(room); k++)
			check_row(slice_same(room[k], rows[i].found[k]), i);
	}
}

static void test_bad(void **state)
{
	static const struct slice rows[] = {
		S_INIT("alice"),
		S_INIT("Alice Public"),
		S_INIT("a@"),
		S_INIT("@b"),
		S_INIT("<>"),
		S_INIT("Alice <>"),
		S_INIT("<a@b"),
		S_INIT("a@b>"),
		S_INIT("<a@b>>"),
		S_INIT("<a@b> <c@d>"),
		S_INIT("a@b c@d"),
		S_INIT("a@b;"),
		S_INIT("Alice a@b"),
		S_INIT("a @b"),
		S_INIT("a@ b"),
		S_INIT("<a@b c>"),
		S_INIT("a@b@c"),
		S_INIT("a(c)@b"),
		S_INIT("(open a@b"),
		S_INIT("a@b (open"),
		S_INIT("a@b (open\\)"),
		S_INIT("a@b )"),
		S_INIT("\"open <a@b>"),
		S_INIT("G: a@b"),
		S_INIT("G: H: a@b;;"),
		S_INIT(": a@b;"),
		S_INIT("G: a@b; c@d;"),
		S_INIT("<@r a@b>"),
		S_INIT("<@r:>"),
		S_INIT("a@[192.0.2.1"),
		S_INIT("a@[not an address]"),
		S_INIT("a@caf\xe9"),
		S_INIT("a..b@c"),
		S_INIT("a\\b@c"),
		S_INIT("a\0@b"),
		S_INIT("a@b, c"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice room[3];
		size_t count = 99;

		check_row(!header_addresses(rows[i], room, COUNT(room), &count) && count == 99, i);
	}
}

static void test_comment_depth(void **state)
{
	char value[2 * (LIMIT_COMMENT_DEPTH + 1) + 3];
	struct slice room[1];
	size_t count;

	(void)state;
	for (size_t depth = LIMIT_COMMENT_DEPTH; depth <= LIMIT_COMMENT_DEPTH + 1; depth++) {
		memset(value, '(', depth);
		memset(value + depth, ')', depth);
		memcpy(value + 2 * depth, "a@b", 3);
		check_row(header_addresses((struct slice){ value, 2 * depth + 3 }, room, 1,
				  &count) == (depth == LIMIT_COMMENT_DEPTH),
			depth);
	}
}

static void test_no_room(void **state)
{
	size_t count = 0;

	(void)state;
	check(header_addresses(S("a@b, c@d"), NULL, 0, &count) && count == 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_good), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_comment_depth), cmocka_unit_test(test_no_room) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
