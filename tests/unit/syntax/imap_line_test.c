/* SPDX-License-Identifier: MIT */
#include "imap_room.h"
#include "syntax/imap_text.h"

#define TEN "aaaaaaaaaa"
#define TAG_120 TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void test_split(void **state)
{
	static const struct {
		struct slice text, tag, name, args;
		bool is_uid;
	} rows[] = {
		{ S_INIT("a NOOP"), S_INIT("a"), S_INIT("NOOP"), S_INIT(""), false },
		{ S_INIT("A1]. noop "), S_INIT("A1]."), S_INIT("noop"), S_INIT(""), false },
		{ S_INIT("1 FETCH 1 (UID)"), S_INIT("1"), S_INIT("FETCH"), S_INIT("1 (UID)"),
			false },
		{ S_INIT("1 uid fetch 1 (UID)"), S_INIT("1"), S_INIT("fetch"), S_INIT("1 (UID)"),
			true },
		{ S_INIT("1 UID EXPUNGE"), S_INIT("1"), S_INIT("EXPUNGE"), S_INIT(""), true },
		{ S_INIT(TAG_120 "bbbbbbbb X"), S_INIT(TAG_120 "bbbbbbbb"), S_INIT("X"), S_INIT(""),
			false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct imap_line line;
		IMAP_ROOM(p);

		check_row(imap_line_split(&p, rows[i].text, &line), i);
		check_row(slice_same(line.tag, rows[i].tag), i);
		check_row(slice_same(line.name, rows[i].name), i);
		check_row(slice_same(line.args, rows[i].args), i);
		check_row(line.is_uid == rows[i].is_uid, i);
	}
}

static void test_bad_lines(void **state)
{
	static const struct {
		struct slice text, tag;
	} rows[] = {
		{ S_INIT(""), S_INIT("") },
		{ S_INIT(" NOOP"), S_INIT("") },
		{ S_INIT("a"), S_INIT("") },
		{ S_INIT("+ NOOP"), S_INIT("") },
		{ S_INIT("a+b NOOP"), S_INIT("") },
		{ S_INIT("(a) NOOP"), S_INIT("") },
		{ S_INIT("\x16\x03\x01 x"), S_INIT("") },
		{ S_INIT(TAG_120 "bbbbbbbbb X"), S_INIT("") },
		{ S_INIT("a "), S_INIT("a") },
		{ S_INIT("a  NOOP"), S_INIT("a") },
		{ S_INIT("a \"NOOP\""), S_INIT("a") },
		{ S_INIT("a NOOP(x)"), S_INIT("a") },
		{ S_INIT("a UID"), S_INIT("a") },
		{ S_INIT("a UID "), S_INIT("a") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct imap_line line = { .name = S("kept") };
		IMAP_ROOM(p);

		check_row(!imap_line_split(&p, rows[i].text, &line), i);
		check_row(slice_same(line.tag, rows[i].tag) && p.why != NULL, i);
		check_row(slice_same(line.name, S("kept")), i);
	}
}

static void test_literals(void **state)
{
	static const struct {
		struct slice line;
		enum imap_literal_kind kind;
		uint64_t bytes;
		bool is_sync, is_binary;
	} rows[] = {
		{ S_INIT("a LOGIN {5}"), IMAP_LITERAL_BYTES, 5, true, false },
		{ S_INIT("a LOGIN {5+}"), IMAP_LITERAL_BYTES, 5, false, false },
		{ S_INIT("a APPEND x ~{0}"), IMAP_LITERAL_BYTES, 0, true, true },
		{ S_INIT("~{12+}"), IMAP_LITERAL_BYTES, 12, false, true },
		{ S_INIT("{1}"), IMAP_LITERAL_BYTES, 1, true, false },
		{ S_INIT("{9223372036854775807}"), IMAP_LITERAL_BYTES, INT64_MAX, true, false },
		{ S_INIT("{9223372036854775808}"), IMAP_LITERAL_BAD, 0, true, false },
		{ S_INIT("{5-}"), IMAP_LITERAL_NONE, 0, true, false },
		{ S_INIT("{}"), IMAP_LITERAL_NONE, 0, true, false },
		{ S_INIT("{+}"), IMAP_LITERAL_NONE, 0, false, false },
		{ S_INIT("5}"), IMAP_LITERAL_NONE, 0, true, false },
		{ S_INIT("55}"), IMAP_LITERAL_NONE, 0, true, false },
		{ S_INIT("{a}"), IMAP_LITERAL_NONE, 0, true, false },
		{ S_INIT("{5} "), IMAP_LITERAL_NONE, 0, true, false },
		{ S_INIT("\"{5}\""), IMAP_LITERAL_NONE, 0, true, false },
		{ S_INIT(""), IMAP_LITERAL_NONE, 0, true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct imap_literal found = imap_line_literal(rows[i].line);

		check_row(found.kind == rows[i].kind, i);
		if (found.kind != IMAP_LITERAL_BYTES)
			continue;
		check_row(found.bytes == rows[i].bytes && found.is_sync == rows[i].is_sync, i);
		check_row(found.is_binary == rows[i].is_binary, i);
	}
}

static void test_texts(void **state)
{
	static const struct {
		struct slice s;
		bool is_utf8;
		struct slice astring, string, line;
	} rows[] = {
		{ S_INIT(""), false, S_INIT("\"\""), S_INIT("\"\""), S_INIT("") },
		{ S_INIT("INBOX"), false, S_INIT("INBOX"), S_INIT("\"INBOX\""), S_INIT("INBOX") },
		{ S_INIT("a]b"), false, S_INIT("a]b"), S_INIT("\"a]b\""), S_INIT("a]b") },
		{ S_INIT("nil"), false, S_INIT("\"nil\""), S_INIT("\"nil\""), S_INIT("nil") },
		{ S_INIT("a b"), false, S_INIT("\"a b\""), S_INIT("\"a b\""), S_INIT("a b") },
		{ S_INIT("\"\\"), false, S_INIT("\"\\\"\\\\\""), S_INIT("\"\\\"\\\\\""),
			S_INIT("\"\\") },
		{ S_INIT("x\"y\\z"), false, S_INIT("\"x\\\"y\\\\z\""), S_INIT("\"x\\\"y\\\\z\""),
			S_INIT("x\"y\\z") },
		{ S_INIT("a\r\nb"), true, S_INIT("{4}\r\na\r\nb"), S_INIT("{4}\r\na\r\nb"),
			S_INIT("a??b") },
		{ S_INIT("\xc3\xbc"), false, S_INIT("{2}\r\n\xc3\xbc"), S_INIT("{2}\r\n\xc3\xbc"),
			S_INIT("?") },
		{ S_INIT("\xc3\xbc"), true, S_INIT("\"\xc3\xbc\""), S_INIT("\"\xc3\xbc\""),
			S_INIT("\xc3\xbc") },
		{ S_INIT("\xff"), true, S_INIT("{1}\r\n\xff"), S_INIT("{1}\r\n\xff"), S_INIT("?") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf a = { .max = 100 }, s = { .max = 100 }, n = { .max = 100 },
			 l = { .max = 100 };

		check_row(imap_text_astring(&a, rows[i].s, rows[i].is_utf8), i);
		check_row(slice_same(buf_slice(&a), rows[i].astring), i);
		check_row(imap_text_string(&s, rows[i].s, rows[i].is_utf8), i);
		check_row(slice_same(buf_slice(&s), rows[i].string), i);
		check_row(imap_text_nstring(&n, rows[i].s, rows[i].is_utf8), i);
		check_row(slice_same(buf_slice(&n), rows[i].string), i);
		check_row(imap_text_line(&l, rows[i].s, rows[i].is_utf8), i);
		check_row(slice_same(buf_slice(&l), rows[i].line), i);
	}
}

static void test_nil_and_long(void **state)
{
	static char longest[LIMIT_IMAP_QUOTED_BYTES + 1];
	auto_buf out = { .max = 4096 };

	(void)state;
	memset(longest, 'x', sizeof longest);
	check(imap_text_nstring(&out, (struct slice){ NULL, 0 }, false));
	check(slice_same(buf_slice(&out), S("NIL")));
	buf_clear(&out);
	check(imap_text_string(&out, (struct slice){ longest, sizeof longest - 1 }, false));
	check(out.at[0] == '"');
	buf_clear(&out);
	check(imap_text_string(&out, (struct slice){ longest, sizeof longest }, false));
	check(slice_starts(buf_slice(&out), S("{1001}\r\nx")));
	buf_clear(&out);
	check(imap_text_literal(&out, 7, true) && slice_same(buf_slice(&out), S("~{7}\r\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_nil_and_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
