/* SPDX-License-Identifier: MIT */
#include "imap_room.h"
#include "syntax/imap_name.h"

static void test_read(void **state)
{
	static const struct {
		struct slice text;
		bool is_utf8;
		struct slice name, written; /* written in the same mode */
	} rows[] = {
		{ S_INIT("inbox"), false, S_INIT("INBOX"), S_INIT("INBOX") },
		{ S_INIT("iNbOx/Sub"), true, S_INIT("INBOX/Sub"), S_INIT("INBOX/Sub") },
		{ S_INIT("inboxes"), false, S_INIT("inboxes"), S_INIT("inboxes") },
		{ S_INIT("a/inbox"), false, S_INIT("a/inbox"), S_INIT("a/inbox") },
		{ S_INIT("Entw&APw-rfe"), false, S_INIT("Entw\xc3\xbcrfe"),
			S_INIT("Entw&APw-rfe") },
		{ S_INIT("Entw\xc3\xbcrfe"), true, S_INIT("Entw\xc3\xbcrfe"),
			S_INIT("\"Entw\xc3\xbcrfe\"") },
		{ S_INIT("a&b"), true, S_INIT("a&b"), S_INIT("a&b") },
		{ S_INIT("a&-b c"), false, S_INIT("a&b c"), S_INIT("\"a&-b c\"") },
		{ S_INIT(""), false, S_INIT(""), S_INIT("\"\"") },
		{ S_INIT("\xc2\xa0"), true, S_INIT("\xc2\xa0"), S_INIT("\"\xc2\xa0\"") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice name;
		auto_buf out = { .max = 200 };
		IMAP_ROOM(p);

		p.is_utf8 = rows[i].is_utf8;
		check_row(imap_name_read(&p, rows[i].text, &name), i);
		check_row(slice_same(name, rows[i].name), i);
		check_row(imap_name_write(&out, name, rows[i].is_utf8), i);
		check_row(slice_same(buf_slice(&out), rows[i].written), i);
	}
}

static void test_bad_names(void **state)
{
	static const struct {
		struct slice text;
		bool is_utf8;
		const char *why;
	} rows[] = {
		{ S_INIT("a&b"), false, "modified UTF-7" },
		{ S_INIT("\xc3\xbc"), false, "8-bit" },
		{ S_INIT("\xff"), true, "not UTF-8" },
		{ S_INIT("a\tb"), true, "control" },
		{ S_INIT("a\r\nb"), false, "control" },
		{ S_INIT("&AAE-"), false, "control" },
		{ S_INIT("a\x7f"), true, "control" },
		{ S_INIT("\xc2\x85"), true, "control" },
		{ S_INIT("x\xe2\x80\xa8"), true, "control" },
		{ S_INIT("x\xe2\x80\xa9"), true, "control" },
	};
	static char longest[LIMIT_MAILBOX_NAME_BYTES + 1];
	struct slice name;
	IMAP_ROOM(q);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		IMAP_ROOM(p);

		p.is_utf8 = rows[i].is_utf8;
		check_row(!imap_name_read(&p, rows[i].text, &name), i);
		check_row(p.why != NULL && strstr(p.why, rows[i].why) != NULL, i);
	}
	memset(longest, 'x', sizeof longest);
	check(imap_name_read(&q, (struct slice){ longest, sizeof longest - 1 }, &name));
	check(!imap_name_read(&q, (struct slice){ longest, sizeof longest }, &name));
	q.is_utf8 = true;
	check(imap_name_read(&q, (struct slice){ longest, sizeof longest - 1 }, &name));
	check(!imap_name_read(&q, (struct slice){ longest, sizeof longest }, &name));
}

static void test_may_create(void **state)
{
	static const struct {
		struct slice name;
		struct slice kept; /* empty: refused */
	} rows[] = {
		{ S_INIT("a"), S_INIT("a") },
		{ S_INIT("a/"), S_INIT("a") },
		{ S_INIT("a/b/c"), S_INIT("a/b/c") },
		{ S_INIT(""), S_INIT("") },
		{ S_INIT("/"), S_INIT("") },
		{ S_INIT("/a"), S_INIT("") },
		{ S_INIT("a//b"), S_INIT("") },
		{ S_INIT("a//"), S_INIT("") },
		{ S_INIT("a*"), S_INIT("") },
		{ S_INIT("%"), S_INIT("") },
		{ S_INIT("1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2"),
			S_INIT("1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2") },
		{ S_INIT("1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3"),
			S_INIT("") },
	};
	struct slice above;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice name = rows[i].name;
		const char *why = NULL;
		bool may = imap_name_may_create(&name, &why);

		check_row(may == (rows[i].kept.len > 0) && may == (why == NULL), i);
		check_row(!may || slice_same(name, rows[i].kept), i);
	}
	check(imap_name_parent(S("a/b/c"), &above) && slice_same(above, S("a/b")));
	check(!imap_name_parent(S("a"), &above));
	check(imap_name_is_below(S("a/b"), S("a")) && !imap_name_is_below(S("ab"), S("a")));
	check(!imap_name_is_below(S("a"), S("a")));
}

static void test_patterns(void **state)
{
	static const struct {
		struct slice pattern, name;
		bool is_match, is_below;
	} rows[] = {
		{ S_INIT("*"), S_INIT("a/b"), true, true },
		{ S_INIT("%"), S_INIT("a"), true, false },
		{ S_INIT("%"), S_INIT("a/b"), false, false },
		{ S_INIT("%/%"), S_INIT("a/b"), true, false },
		{ S_INIT("%/%"), S_INIT("a"), false, true },
		{ S_INIT("a/%"), S_INIT("a"), false, true },
		{ S_INIT("a/%"), S_INIT("b"), false, false },
		{ S_INIT("a*"), S_INIT("ab/c"), true, true },
		{ S_INIT("a%"), S_INIT("ab/c"), false, false },
		{ S_INIT("*c"), S_INIT("a/bc"), true, true },
		{ S_INIT("*c"), S_INIT("a/b"), false, true },
		{ S_INIT("a/b"), S_INIT("a/b"), true, false },
		{ S_INIT("a/b"), S_INIT("a"), false, true },
		{ S_INIT("A"), S_INIT("a"), false, false },
		{ S_INIT("inbox"), S_INIT("INBOX"), true, false },
		{ S_INIT("iN%"), S_INIT("INBOX"), true, false },
		{ S_INIT("inb*"), S_INIT("INBOX/a"), true, true },
		{ S_INIT("inbox/A"), S_INIT("INBOX/a"), false, false },
		{ S_INIT("inb*"), S_INIT("INBOXES"), false, false },
		{ S_INIT("%a%/b*c"), S_INIT("xay/bzz/c"), true, true },
		{ S_INIT("*%*%*"), S_INIT("a/b/c"), true, true },
		{ S_INIT("%%%"), S_INIT("abc"), true, false },
		{ S_INIT(""), S_INIT(""), true, false },
		{ S_INIT(""), S_INIT("a"), false, false },
		{ S_INIT("a/"), S_INIT("a"), false, false },
		{ S_INIT("*a*a*a*a*a*a*a*a*a*a*a*b"),
			S_INIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), false,
			true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(imap_pattern_match(rows[i].pattern, rows[i].name) == rows[i].is_match, i);
		check_row(
			imap_pattern_match_below(rows[i].pattern, rows[i].name) == rows[i].is_below,
			i);
	}
}

static void test_join(void **state)
{
	static char longest[LIMIT_MAILBOX_NAME_BYTES];
	struct slice joined;
	IMAP_ROOM(p);

	(void)state;
	memset(longest, 'x', sizeof longest);
	check(imap_pattern_join(&p, S("a/"), S("%"), &joined) && slice_same(joined, S("a/%")));
	check(imap_pattern_join(&p, S(""), S("%"), &joined) && slice_same(joined, S("%")));
	check(imap_pattern_join(&p, S("a"), S("/b"), &joined) && slice_same(joined, S("/b")));
	check(imap_pattern_join(&p, S("a"), S(""), &joined) && slice_same(joined, S("a")));
	check(imap_pattern_join(
		&p, (struct slice){ longest, sizeof longest - 1 }, S("*"), &joined));
	check(imap_pattern_match(joined, (struct slice){ longest, sizeof longest }));
	check(!imap_pattern_join(&p, (struct slice){ longest, sizeof longest }, S("*"), &joined));
	check(strstr(p.why, "too long") != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_may_create),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
