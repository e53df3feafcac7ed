/* SPDX-License-Identifier: MIT */
#include "imap_room.h"
#include "syntax/imap_fetch.h"

static void test_simple_items(void **state)
{
	static const struct {
		struct slice text;
		unsigned items;
	} rows[] = {
		{ S_INIT("ALL"), IMAP_FETCH_FLAGS | IMAP_FETCH_INTERNALDATE | IMAP_FETCH_SIZE |
					 IMAP_FETCH_ENVELOPE },
		{ S_INIT("fast"), IMAP_FETCH_FLAGS | IMAP_FETCH_INTERNALDATE | IMAP_FETCH_SIZE },
		{ S_INIT("FULL"), IMAP_FETCH_FLAGS | IMAP_FETCH_INTERNALDATE | IMAP_FETCH_SIZE |
					  IMAP_FETCH_ENVELOPE | IMAP_FETCH_BODY },
		{ S_INIT("UID"), IMAP_FETCH_UID },
		{ S_INIT("(UID)"), IMAP_FETCH_UID },
		{ S_INIT("(UID FLAGS UID)"), IMAP_FETCH_UID | IMAP_FETCH_FLAGS },
		{ S_INIT("(INTERNALDATE RFC822.SIZE ENVELOPE)"),
			IMAP_FETCH_INTERNALDATE | IMAP_FETCH_SIZE | IMAP_FETCH_ENVELOPE },
		{ S_INIT("(BODY BODYSTRUCTURE)"), IMAP_FETCH_BODY | IMAP_FETCH_BODYSTRUCTURE },
		{ S_INIT("(MODSEQ EMAILID THREADID SAVEDATE)"),
			IMAP_FETCH_MODSEQ | IMAP_FETCH_EMAILID | IMAP_FETCH_THREADID |
				IMAP_FETCH_SAVEDATE },
		{ S_INIT("PREVIEW"), IMAP_FETCH_PREVIEW },
		{ S_INIT("(PREVIEW (LAZY) UID)"),
			IMAP_FETCH_PREVIEW | IMAP_FETCH_PREVIEW_LAZY | IMAP_FETCH_UID },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct imap_fetch_items items;
		IMAP_ROOM(p);

		check_row(imap_fetch_items_parse(&p, rows[i].text, &items), i);
		check_row(items.items == rows[i].items && items.section_count == 0, i);
	}
}

static void test_sections(void **state)
{
	static const struct {
		struct slice text, name; /* the name in the answer */
		enum imap_section_text what;
		bool is_peek, has_partial;
		size_t part_count, field_count;
	} rows[] = {
		{ S_INIT("BODY[]"), S_INIT("BODY[]"), IMAP_TEXT_ALL, false, false, 0, 0 },
		{ S_INIT("body.peek[]<0.1>"), S_INIT("BODY[]<0>"), IMAP_TEXT_ALL, true, true, 0,
			0 },
		{ S_INIT("BODY[]<9223372036854775807.9223372036854775807>"),
			S_INIT("BODY[]<9223372036854775807>"), IMAP_TEXT_ALL, false, true, 0, 0 },
		{ S_INIT("BODY[header]"), S_INIT("BODY[HEADER]"), IMAP_TEXT_HEADER, false, false, 0,
			0 },
		{ S_INIT("BODY[TEXT]"), S_INIT("BODY[TEXT]"), IMAP_TEXT_TEXT, false, false, 0, 0 },
		{ S_INIT("BODY[1]"), S_INIT("BODY[1]"), IMAP_TEXT_ALL, false, false, 1, 0 },
		{ S_INIT("BODY[4.2.4294967295.MIME]"), S_INIT("BODY[4.2.4294967295.MIME]"),
			IMAP_TEXT_MIME, false, false, 3, 0 },
		{ S_INIT("BODY[1.HEADER.FIELDS (DATE \"From\")]"),
			S_INIT("BODY[1.HEADER.FIELDS (DATE From)]"), IMAP_TEXT_HEADER_FIELDS, false,
			false, 1, 2 },
		{ S_INIT("BODY.PEEK[HEADER.FIELDS.NOT ({2}\r\nTo)]<5.6>"),
			S_INIT("BODY[HEADER.FIELDS.NOT (To)]<5>"), IMAP_TEXT_HEADER_FIELDS_NOT,
			true, true, 0, 1 },
		{ S_INIT("BINARY[]"), S_INIT("BINARY[]"), IMAP_TEXT_ALL, false, false, 0, 0 },
		{ S_INIT("BINARY.PEEK[1.2]<0.9>"), S_INIT("BINARY[1.2]<0>"), IMAP_TEXT_ALL, true,
			true, 2, 0 },
		{ S_INIT("BINARY.SIZE[1]"), S_INIT("BINARY.SIZE[1]"), IMAP_TEXT_ALL, true, false, 1,
			0 },
		{ S_INIT("RFC822"), S_INIT("RFC822"), IMAP_TEXT_ALL, false, false, 0, 0 },
		{ S_INIT("RFC822.HEADER"), S_INIT("RFC822.HEADER"), IMAP_TEXT_HEADER, true, false,
			0, 0 },
		{ S_INIT("RFC822.TEXT"), S_INIT("RFC822.TEXT"), IMAP_TEXT_TEXT, false, false, 0,
			0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct imap_fetch_items items;
		auto_buf name = { .max = 200 };
		IMAP_ROOM(p);

		check_row(imap_fetch_items_parse(&p, rows[i].text, &items), i);
		check_row(items.section_count == 1 && items.items == 0, i);
		check_row(items.sections[0].text == rows[i].what, i);
		check_row(items.sections[0].is_peek == rows[i].is_peek, i);
		check_row(items.sections[0].has_partial == rows[i].has_partial, i);
		check_row(items.sections[0].part_count == rows[i].part_count, i);
		check_row(items.sections[0].field_count == rows[i].field_count, i);
		check_row(imap_section_write(&name, &items.sections[0]), i);
		check_row(slice_same(buf_slice(&name), rows[i].name), i);
	}
}

static bool parse_uid(struct imap_parse *p, struct slice text)
{
	struct imap_fetch f = { .changed_since = 4711 };
	bool is_ok = imap_fetch_parse(p, text, true, &f);

	check(is_ok || f.changed_since == 4711);
	return is_ok;
}

static void test_bad_fetches(void **state)
{
	static const struct imap_bad_row rows[] = {
		{ S_INIT(""), "set of numbers" },
		{ S_INIT("1"), "missing" },
		{ S_INIT("1 "), "no such item" },
		{ S_INIT("1 ()"), "no such item" },
		{ S_INIT("1 (UID"), "does not end" },
		{ S_INIT("1 (UID  FLAGS)"), "no such item" },
		{ S_INIT("1 (FAST)"), "no such item" },
		{ S_INIT("1 UID FLAGS"), "in parentheses" },
		{ S_INIT("1 COLOUR"), "no such item" },
		{ S_INIT("1 UID[1]"), "no such item" },
		{ S_INIT("1 BODY.PEEK"), "no such item" },
		{ S_INIT("1 BINARY"), "no such item" },
		{ S_INIT("1 RFC822[]"), "no such item" },
		{ S_INIT("1 BODY["), "does not end with ]" },
		{ S_INIT("1 BODY[0]"), "1 to 4294967295" },
		{ S_INIT("1 BODY[4294967296]"), "1 to 4294967295" },
		{ S_INIT("1 BODY[1.]"), "1 to 4294967295" },
		{ S_INIT("1 BODY[.1]"), "part numbers" },
		{ S_INIT("1 BODY[1 ]"), "1 to 4294967295" },
		{ S_INIT("1 BODY[MIME]"), "part numbers before" },
		{ S_INIT("1 BODY[1.FOO]"), "part numbers, HEADER" },
		{ S_INIT("1 BODY[HEADER.FIELDS]"), "space" },
		{ S_INIT("1 BODY[HEADER.FIELDS ()]"), "atom or a string" },
		{ S_INIT("1 BODY[HEADER.FIELDS (\"a b\")]"), "name of a header field" },
		{ S_INIT("1 BODY[HEADER.FIELDS (a:)]"), "name of a header field" },
		{ S_INIT("1 BODY[HEADER.FIELDS (a]"), "does not end" },
		{ S_INIT("1 BODY[HEADER (a)]"), "does not end with ]" },
		{ S_INIT("1 BODY[]<0.0>"), "length over 0" },
		{ S_INIT("1 BODY[]<1>"), "length over 0" },
		{ S_INIT("1 BODY[]<9223372036854775808.1>"), "length over 0" },
		{ S_INIT("1 BODY[]<0.9223372036854775808>"), "length over 0" },
		{ S_INIT("1 BINARY[TEXT]"), "part numbers only" },
		{ S_INIT("1 BINARY.SIZE[1]<0.1>"), "space" },
		{ S_INIT("1 UID ()"), "FETCH takes" },
		{ S_INIT("1 UID (FOO 1)"), "FETCH takes" },
		{ S_INIT("1 UID (CHANGEDSINCE)"), "space" },
		{ S_INIT("1 UID (CHANGEDSINCE x)"), "63 bits" },
		{ S_INIT("1 UID (VANISHED)"), "CHANGEDSINCE" },
		{ S_INIT("1 UID (PARTIAL 1)"), "PARTIAL takes" },
		{ S_INIT("1 UID (CHANGEDSINCE 1) x"), "follows" },
	};

	(void)state;
	imap_check_bad(rows, COUNT(rows), parse_uid);
}

static void test_modifiers(void **state)
{
	struct imap_fetch f;
	IMAP_ROOM(p);

	(void)state;
	check(imap_fetch_parse(
		&p, S("1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED PARTIAL -1:-30)"), true, &f));
	check(f.has_changed_since && f.changed_since == 12345 && f.wants_vanished);
	check(f.has_partial && f.partial.is_from_end && f.partial.last == 30);
	check(imap_fetch_parse(&p, S("$ FAST (CHANGEDSINCE 9223372036854775807)"), false, &f));
	check(f.set.is_saved && f.changed_since == INT64_MAX);
	check(!imap_fetch_parse(&p, S("1 UID (CHANGEDSINCE 1 VANISHED)"), false, &f));
	check(!imap_fetch_parse(&p, S("1 UID (PARTIAL 1:2)"), false, &f));
	check(imap_fetch_parse(&p, S("1 PREVIEW (CHANGEDSINCE 1)"), false, &f));
	check(f.has_changed_since && f.what.items == IMAP_FETCH_PREVIEW);
}

static void test_limits(void **state)
{
	static const struct {
		const char *before, *each, *after;
		size_t most;
	} rows[] = {
		{ "1 BODY[1", ".1", "]", LIMIT_IMAP_SECTION_DEPTH - 1 },
		{ "1 (BODY[]", " BODY[]", ")", LIMIT_IMAP_SECTIONS - 1 },
		{ "1 BODY[HEADER.FIELDS (a", " a", ")]", LIMIT_IMAP_SECTION_FIELDS - 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t over = 0; over < 2; over++) {
			auto_buf text = { .max = 1 << 16 };
			IMAP_ROOM(p);

			check(buf_add(&text, slice_of(rows[i].before)));
			for (size_t n = 0; n < rows[i].most + over; n++)
				check(buf_add(&text, slice_of(rows[i].each)));
			check(buf_add(&text, slice_of(rows[i].after)));
			check_row(parse_uid(&p, buf_slice(&text)) == (over == 0), i);
			check_row(over == 0 || strstr(p.why, "too many") != NULL, i);
		}
	}
}

static bool parse_store(struct imap_parse *p, struct slice text)
{
	struct imap_store s;

	return imap_store_parse(p, text, &s);
}

static void test_store(void **state)
{
	static const struct {
		struct slice args;
		enum imap_store_mode mode;
		bool is_silent;
		struct slice flags;
	} rows[] = {
		{ S_INIT("1 FLAGS (\\Seen)"), IMAP_STORE_REPLACE, false, S_INIT("(\\Seen)") },
		{ S_INIT("1 FLAGS ()"), IMAP_STORE_REPLACE, false, S_INIT("()") },
		{ S_INIT("1 +FLAGS \\deleted"), IMAP_STORE_ADD, false, S_INIT("(\\Deleted)") },
		{ S_INIT("1 -flags.silent (\\Draft \\Recent a A b)"), IMAP_STORE_REMOVE, true,
			S_INIT("(\\Draft \\Recent a b)") },
		{ S_INIT("1 FLAGS \\Seen \\Flagged $Junk"), IMAP_STORE_REPLACE, false,
			S_INIT("(\\Flagged \\Seen $Junk)") },
		{ S_INIT("1 (UNCHANGEDSINCE 5) +FLAGS.SILENT (\\Answered)"), IMAP_STORE_ADD, true,
			S_INIT("(\\Answered)") },
	};
	static const struct imap_bad_row bad[] = {
		{ S_INIT("1"), "missing" },
		{ S_INIT("1 FLAGS"), "missing" },
		{ S_INIT("1 FLAGS "), "flag is expected" },
		{ S_INIT("1 FLAGS (\\Seen"), "does not end" },
		{ S_INIT("1 FLAGS (\\Foo)"), "no such system flag" },
		{ S_INIT("1 FLAGS (\\*)"), "after the backslash" },
		{ S_INIT("1 FLAGS (\"a\")"), "flag is expected" },
		{ S_INIT("1 *FLAGS (a)"), "STORE takes FLAGS" },
		{ S_INIT("1 FLAGS.LOUD (a)"), "STORE takes FLAGS" },
		{ S_INIT("1 (CHANGEDSINCE 1) FLAGS (a)"), "UNCHANGEDSINCE" },
		{ S_INIT("1 (UNCHANGEDSINCE) FLAGS (a)"), "space" },
		{ S_INIT("1 (UNCHANGEDSINCE 1 2) FLAGS (a)"), "UNCHANGEDSINCE" },
		{ S_INIT("1 FLAGS (a) b"), "follows" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct imap_store s;
		auto_buf flags = { .max = 200 };
		IMAP_ROOM(p);

		check_row(imap_store_parse(&p, rows[i].args, &s), i);
		check_row(s.mode == rows[i].mode && s.is_silent == rows[i].is_silent, i);
		check_row(
			s.has_unchanged_since == (i == 5) && (i != 5 || s.unchanged_since == 5), i);
		check_row(imap_flags_write(&flags, s.flags), i);
		check_row(slice_same(buf_slice(&flags), rows[i].flags), i);
	}
	imap_check_bad(bad, COUNT(bad), parse_store);
}

static void test_uses(void **state)
{
	static const struct {
		struct slice text;
		bool is_good;
		unsigned uses;
	} rows[] = {
		{ S_INIT(""), true, 0 },
		{ S_INIT("\\Sent"), true, IMAP_USE_SENT },
		{ S_INIT("\\junk \\TRASH"), true, IMAP_USE_JUNK | IMAP_USE_TRASH },
		{ S_INIT("Sent"), false, 99 },
		{ S_INIT("\\Sent \\Other"), false, 99 },
		{ S_INIT("\\Sent  \\Junk"), false, 99 },
		{ S_INIT(" \\Sent"), false, 99 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned uses = 99;

		check_row(imap_uses_parse(rows[i].text, &uses) == rows[i].is_good, i);
		check_row(uses == rows[i].uses, i);
	}
}

static void test_flag_limits(void **state)
{
	static char longest[LIMIT_IMAP_KEYWORD_BYTES + 1];
	auto_buf text = { .max = 1 << 16 };
	struct imap_flags flags;
	IMAP_ROOM(p);

	(void)state;
	memset(longest, 'k', sizeof longest);
	check(imap_flags_parse(&p, (struct slice){ longest, sizeof longest - 1 }, &flags));
	check(!imap_flags_parse(&p, (struct slice){ longest, sizeof longest }, &flags));
	check(imap_keyword_is_valid((struct slice){ longest, sizeof longest - 1 }));
	check(!imap_keyword_is_valid((struct slice){ longest, sizeof longest }));
	check(!imap_keyword_is_valid(S("")) && !imap_keyword_is_valid(S("a]")));
	for (unsigned i = 0; i < LIMIT_IMAP_FLAGS; i++)
		check(buf_add_format(&text, "%sk%u", i == 0 ? "" : " ", i));
	check(imap_flags_parse(&p, buf_slice(&text), &flags));
	check(flags.keyword_count == LIMIT_IMAP_FLAGS);
	check(buf_add(&text, S(" more")) && !imap_flags_parse(&p, buf_slice(&text), &flags));
	check(imap_use_of(S("\\sent")) == IMAP_USE_SENT && imap_use_of(S("Sent")) == 0);
	buf_clear(&text);
	check(imap_uses_write(&text, IMAP_USE_JUNK | IMAP_USE_TRASH));
	check(slice_same(buf_slice(&text), S("\\Junk \\Trash")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_simple_items),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_bad_fetches),
		cmocka_unit_test(test_modifiers),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_store),
		cmocka_unit_test(test_uses),
		cmocka_unit_test(test_flag_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
