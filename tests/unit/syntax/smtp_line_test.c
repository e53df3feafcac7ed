/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "syntax/smtp_line.h"

#include <string.h>

#define TEN "aaaaaaaaaa"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void test_split(void **state)
{
	static const struct {
		struct slice line, verb, args;
	} rows[] = {
		{ S_INIT(""), S_INIT(""), S_INIT("") },
		{ S_INIT("   "), S_INIT(""), S_INIT("") },
		{ S_INIT("NOOP"), S_INIT("NOOP"), S_INIT("") },
		{ S_INIT("quit \t "), S_INIT("quit"), S_INIT("") },
		{ S_INIT("MAIL FROM:<a@b> SIZE=1 "), S_INIT("MAIL"), S_INIT("FROM:<a@b> SIZE=1") },
		{ S_INIT("EHLO   c.example"), S_INIT("EHLO"), S_INIT("c.example") },
		{ S_INIT(" EHLO c"), S_INIT("EHLO"), S_INIT("c") },
		{ S_INIT("EHLO\tc"), S_INIT("EHLO"), S_INIT("c") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_command command = smtp_line_split(rows[i].line);

		check_row(slice_same(command.verb, rows[i].verb), i);
		check_row(slice_same(command.args, rows[i].args), i);
	}
}

static void test_reverse_paths(void **state)
{
	static const struct {
		struct slice args, text;
		bool is_null;
	} rows[] = {
		{ S_INIT("FROM:<>"), S_INIT(""), true },
		{ S_INIT("from:<a@b.example>"), S_INIT("a@b.example"), false },
		{ S_INIT("FROM: <a@b>"), S_INIT("a@b"), false },
		{ S_INIT("FROM:\t <>  "), S_INIT(""), true },
		{ S_INIT("FROM:<@r.example:a@b>"), S_INIT("a@b"), false },
		{ S_INIT("FROM:<@r.example,@s.example:a@b>"), S_INIT("a@b"), false },
		{ S_INIT("FROM:<\"a>b\"@c>"), S_INIT("\"a>b\"@c"), false },
		{ S_INIT("FROM:<\"a\\\"> b\"@c>"), S_INIT("\"a\\\"> b\"@c"), false },
		{ S_INIT("FROM:<a@[IPv6:2001:db8::1]>"), S_INIT("a@[IPv6:2001:db8::1]"), false },
		{ S_INIT("FROM:<j\xc3\xb6rg@b>"), S_INIT("j\xc3\xb6rg@b"), false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_mail_args mail;
		const char *why = NULL;

		check_row(smtp_line_mail(rows[i].args, &mail, &why) == SMTP_LINE_OK, i);
		check_row(slice_same(mail.path_text, rows[i].text), i);
		check_row(mail.is_null == rows[i].is_null, i);
		check_row(mail.is_null || mail.path.local.len > 0, i);
		check_row(!mail.has_size && mail.size == 0 && mail.body == SMTP_BODY_7BIT, i);
		check_row(!mail.wants_utf8 && mail.ret == SMTP_RET_UNSET, i);
		check_row(mail.envid.len == 0 && mail.auth.len == 0, i);
	}
}

struct bad_row {
	struct slice args;
	enum smtp_line_answer answer;
	const char *why; /* a part of the sentence */
};

static void test_bad_mail(void **state)
{
	static const struct bad_row rows[] = {
		{ S_INIT(""), SMTP_LINE_BAD, "MAIL FROM:<" },
		{ S_INIT("<a@b>"), SMTP_LINE_BAD, "MAIL FROM:<" },
		{ S_INIT("TO:<a@b>"), SMTP_LINE_BAD, "MAIL FROM:<" },
		{ S_INIT("FROM <a@b>"), SMTP_LINE_BAD, "MAIL FROM:<" },
		{ S_INIT("FROM :<a@b>"), SMTP_LINE_BAD, "MAIL FROM:<" },
		{ S_INIT("FROM:a@b"), SMTP_LINE_BAD, "MAIL FROM:<" },
		{ S_INIT("FROM:<a@b"), SMTP_LINE_BAD, "MAIL FROM:<" },
		{ S_INIT("FROM:<\"a@b>"), SMTP_LINE_BAD, "MAIL FROM:<" },
		{ S_INIT("FROM:<a>"), SMTP_LINE_BAD, "reverse-path" },
		{ S_INIT("FROM:<postmaster>"), SMTP_LINE_BAD, "reverse-path" },
		{ S_INIT("FROM:< >"), SMTP_LINE_BAD, "reverse-path" },
		{ S_INIT("FROM:<a@b\r\n>"), SMTP_LINE_BAD, "reverse-path" },
		{ S_INIT("FROM:<caf\xe9@b>"), SMTP_LINE_BAD, "reverse-path" },
		{ S_INIT("FROM:<@r:>"), SMTP_LINE_BAD, "MAIL FROM:<" },
		{ S_INIT("FROM:<@r a@b>"), SMTP_LINE_BAD, "MAIL FROM:<" },
		{ S_INIT("FROM:<@r,s:a@b>"), SMTP_LINE_BAD, "MAIL FROM:<" },
		{ S_INIT("FROM:<@:a@b>"), SMTP_LINE_BAD, "MAIL FROM:<" },
		{ S_INIT("FROM:<@r,:a@b>"), SMTP_LINE_BAD, "MAIL FROM:<" },
		{ S_INIT("FROM:<a@b>SIZE=1"), SMTP_LINE_BAD, "follows the path" },
		{ S_INIT("FROM:<a@b>>"), SMTP_LINE_BAD, "follows the path" },
		{ S_INIT("FROM:<a@b> SIZE"), SMTP_LINE_BAD, "SIZE wants" },
		{ S_INIT("FROM:<a@b> SIZE="), SMTP_LINE_BAD, "NAME=value" },
		{ S_INIT("FROM:<a@b> SIZE=-1"), SMTP_LINE_BAD, "SIZE wants" },
		{ S_INIT("FROM:<a@b> SIZE=18446744073709551616"), SMTP_LINE_BAD, "SIZE wants" },
		{ S_INIT("FROM:<a@b> SIZE=000000000000000000001"), SMTP_LINE_BAD, "SIZE wants" },
		{ S_INIT("FROM:<a@b> SIZE=1=2"), SMTP_LINE_BAD, "NAME=value" },
		{ S_INIT("FROM:<a@b> SIZE=1 size=1"), SMTP_LINE_BAD, "twice" },
		{ S_INIT("FROM:<a@b> =1"), SMTP_LINE_BAD, "NAME=value" },
		{ S_INIT("FROM:<a@b> -A"), SMTP_LINE_BAD, "NAME=value" },
		{ S_INIT("FROM:<a@b> A_B"), SMTP_LINE_BAD, "NAME=value" },
		{ S_INIT("FROM:<a@b> SIZE=1\x01"), SMTP_LINE_BAD, "NAME=value" },
		{ S_INIT("FROM:<a@b> BODY=9BIT"), SMTP_LINE_BAD, "BODY is" },
		{ S_INIT("FROM:<a@b> BODY"), SMTP_LINE_BAD, "BODY is" },
		{ S_INIT("FROM:<a@b> SMTPUTF8=yes"), SMTP_LINE_BAD, "SMTPUTF8 takes" },
		{ S_INIT("FROM:<a@b> RET=ALL"), SMTP_LINE_BAD, "RET is" },
		{ S_INIT("FROM:<a@b> RET"), SMTP_LINE_BAD, "RET is" },
		{ S_INIT("FROM:<a@b> ENVID"), SMTP_LINE_BAD, "ENVID wants" },
		{ S_INIT("FROM:<a@b> ENVID=a+2"), SMTP_LINE_BAD, "ENVID wants" },
		{ S_INIT("FROM:<a@b> ENVID=a+0D+0Ab"), SMTP_LINE_BAD, "ENVID wants" },
		{ S_INIT("FROM:<a@b> ENVID=" HUNDRED "a"), SMTP_LINE_BAD, "ENVID wants" },
		{ S_INIT("FROM:<a@b> AUTH"), SMTP_LINE_BAD, "AUTH wants" },
		{ S_INIT("FROM:<a@b> AUTH=a+GG"), SMTP_LINE_BAD, "AUTH wants" },
		{ S_INIT("FROM:<a@b> COLOUR=blue"), SMTP_LINE_UNKNOWN_PARAMETER, "unknown" },
		{ S_INIT("FROM:<a@b> SIZE=1 X-COLOUR"), SMTP_LINE_UNKNOWN_PARAMETER, "unknown" },
		{ S_INIT("FROM:<a@b> NOTIFY=NEVER"), SMTP_LINE_UNKNOWN_PARAMETER, "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_mail_args mail = { .size = 4711 };
		const char *why = NULL;

		check_row(smtp_line_mail(rows[i].args, &mail, &why) == rows[i].answer, i);
		check_row(why != NULL && strstr(why, rows[i].why) != NULL && mail.size == 4711, i);
	}
}

static void test_mail_parameters(void **state)
{
	struct smtp_mail_args mail;
	const char *why = NULL;

	(void)state;
	check(smtp_line_mail(S("FROM:<a@b> SIZE=18446744073709551615 BODY=8bitmime  SMTPUTF8 "
			       "ret=hdrs ENVID=QQ+2B1 AUTH=e+3Dmc2@c"),
		      &mail, &why) == SMTP_LINE_OK);
	check(mail.has_size && mail.size == UINT64_MAX && mail.body == SMTP_BODY_8BITMIME);
	check(mail.wants_utf8 && mail.ret == SMTP_RET_HDRS);
	check(slice_same(mail.envid, S("QQ+2B1")) && slice_same(mail.auth, S("e+3Dmc2@c")));

	check(smtp_line_mail(S("FROM:<> size=0 AUTH=<> BODY=BINARYMIME RET=FULL ENVID=" HUNDRED),
		      &mail, &why) == SMTP_LINE_OK);
	check(mail.has_size && mail.size == 0 && mail.body == SMTP_BODY_BINARYMIME);
	check(mail.ret == SMTP_RET_FULL && slice_same(mail.auth, S("<>")) && mail.envid.len == 100);

	check(smtp_line_mail(S("FROM:<a@b> BODY=7BIT SIZE=00000000000000000001"), &mail, &why) ==
		SMTP_LINE_OK);
	check(mail.body == SMTP_BODY_7BIT && mail.size == 1);
}

static void test_rcpt(void **state)
{
	static const struct {
		struct slice args, text, orcpt;
		unsigned notify;
	} rows[] = {
		{ S_INIT("TO:<a@b>"), S_INIT("a@b"), S_INIT(""), 0 },
		{ S_INIT("to: <a@b>"), S_INIT("a@b"), S_INIT(""), 0 },
		{ S_INIT("TO:<Postmaster>"), S_INIT("Postmaster"), S_INIT(""), 0 },
		{ S_INIT("TO:<@r.example:a@b>"), S_INIT("a@b"), S_INIT(""), 0 },
		{ S_INIT("TO:<a@b> NOTIFY=NEVER"), S_INIT("a@b"), S_INIT(""), SMTP_NOTIFY_NEVER },
		{ S_INIT("TO:<a@b> notify=success,Failure,DELAY"), S_INIT("a@b"), S_INIT(""),
			SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY },
		{ S_INIT("TO:<a@b> ORCPT=rfc822;Bob+40c.example NOTIFY=DELAY"), S_INIT("a@b"),
			S_INIT("rfc822;Bob+40c.example"), SMTP_NOTIFY_DELAY },
		{ S_INIT("TO:<a@b> ORCPT=utf-8;j\xc3\xb6rg@b"), S_INIT("a@b"),
			S_INIT("utf-8;j\xc3\xb6rg@b"), 0 },
		{ S_INIT("TO:<a@b> ORCPT=utf-8;j\\x{F6}rg@b"), S_INIT("a@b"),
			S_INIT("utf-8;j\\x{F6}rg@b"), 0 },
		{ S_INIT("TO:<a@b> ORCPT=x;" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED), S_INIT(""),
			S_INIT(""), 99 },
		{ S_INIT("TO:<a@b> ORCPT=rfc822;"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<a@b> ORCPT=rfc822"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<a@b> ORCPT=;a"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<a@b> ORCPT=rfc822;a+0A"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<a@b> ORCPT=rfc822;\xc3\xb6"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<a@b> ORCPT=utf-8;\xc3"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<a@b> NOTIFY="), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<a@b> NOTIFY"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<a@b> NOTIFY=NEVER,SUCCESS"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<a@b> NOTIFY=DELAY,NEVER"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<a@b> NOTIFY=NEVER,NEVER"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<a@b> NOTIFY=SUCCESS,"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<a@b> NOTIFY=,SUCCESS"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<a@b> NOTIFY=ALWAYS"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<a@b> NOTIFY=DELAY NOTIFY=DELAY"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<>"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("TO:<a>"), S_INIT(""), S_INIT(""), 99 },
		{ S_INIT("FROM:<a@b>"), S_INIT(""), S_INIT(""), 99 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_rcpt_args rcpt = { .notify = 4711 };
		const char *why = NULL;
		bool is_good = rows[i].notify != 99;

		check_row(smtp_line_rcpt(rows[i].args, &rcpt, &why) ==
				  (is_good ? SMTP_LINE_OK : SMTP_LINE_BAD),
			i);
		check_row(rcpt.notify == (is_good ? rows[i].notify : 4711), i);
		check_row(slice_same(rcpt.path_text, rows[i].text), i);
		check_row(slice_same(rcpt.orcpt, rows[i].orcpt), i);
		check_row(is_good || (why != NULL && strlen(why) > 10), i);
	}
	struct smtp_rcpt_args rcpt = { .notify = 4711 };
	const char *why = NULL;

	check(smtp_line_rcpt(S("TO:<a@b> SIZE=1"), &rcpt, &why) == SMTP_LINE_UNKNOWN_PARAMETER);
}

static void test_hello(void **state)
{
	static const struct {
		struct slice args;
		bool is_good;
	} rows[] = {
		{ S_INIT("c.example"), true },
		{ S_INIT("[192.0.2.1]"), true },
		{ S_INIT("[IPv6:2001:db8::1]"), true },
		{ S_INIT("MY_PC"), true },
		{ S_INIT("localhost."), true },
		{ S_INIT("192.0.2.1"), true },
		{ S_INIT("b\xc3\xbc.example"), true },
		{ S_INIT(" c.example "), true },
		{ S_INIT(""), false },
		{ S_INIT(" "), false },
		{ S_INIT("two words"), false },
		{ S_INIT("a\tb"), false },
		{ S_INIT("a\rb"), false },
		{ S_INIT("a\0b"), false },
		{ S_INIT("a\x7f"), false },
		{ S_INIT("caf\xe9"), false },
		{ S_INIT(HUNDRED HUNDRED TEN TEN TEN TEN TEN "aaaaa"), true },
		{ S_INIT(HUNDRED HUNDRED TEN TEN TEN TEN TEN "aaaaaa"), false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice name = S("untouched");
		struct slice expected = rows[i].is_good ? slice_trim(rows[i].args) : S("untouched");

		check_row(smtp_line_hello(rows[i].args, &name) == rows[i].is_good, i);
		check_row(slice_same(name, expected), i);
	}
}

static void test_bdat(void **state)
{
	static const struct {
		struct slice args;
		bool is_good;
		uint64_t bytes;
		bool is_last;
	} rows[] = {
		{ S_INIT("0"), true, 0, false },
		{ S_INIT("1024"), true, 1024, false },
		{ S_INIT("1024 LAST"), true, 1024, true },
		{ S_INIT("0  last "), true, 0, true },
		{ S_INIT("18446744073709551615"), true, UINT64_MAX, false },
		{ S_INIT("18446744073709551616"), false, 0, false },
		{ S_INIT(""), false, 0, false },
		{ S_INIT("LAST"), false, 0, false },
		{ S_INIT("10LAST"), false, 0, false },
		{ S_INIT("10 LASTLY"), false, 0, false },
		{ S_INIT("10 LAST x"), false, 0, false },
		{ S_INIT("-1"), false, 0, false },
		{ S_INIT("0x10"), false, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t bytes = 4711;
		bool is_last = false;

		check_row(smtp_line_bdat(rows[i].args, &bytes, &is_last) == rows[i].is_good, i);
		check_row(bytes == (rows[i].is_good ? rows[i].bytes : 4711), i);
		check_row(is_last == rows[i].is_last, i);
	}
}

static void test_xtext(void **state)
{
	static const struct {
		struct slice text, plain;
		bool is_good;
	} rows[] = {
		{ S_INIT(""), S_INIT(""), true },
		{ S_INIT("abc"), S_INIT("abc"), true },
		{ S_INIT("a+2Bb+3Dc"), S_INIT("a+b=c"), true },
		{ S_INIT("+2b+3d"), S_INIT("+="), true },
		{ S_INIT("a+20b"), S_INIT("a b"), true },
		{ S_INIT("+C3+B6"), S_INIT("\xc3\xb6"), true },
		{ S_INIT("+"), S_INIT(""), false },
		{ S_INIT("a+2"), S_INIT(""), false },
		{ S_INIT("+2G"), S_INIT(""), false },
		{ S_INIT("+ 2"), S_INIT(""), false },
		{ S_INIT("a=b"), S_INIT(""), false },
		{ S_INIT("a b"), S_INIT(""), false },
		{ S_INIT("\x7f"), S_INIT(""), false },
		{ S_INIT("\xc3\xb6"), S_INIT(""), false },
		{ S_INIT("+00"), S_INIT(""), false },
		{ S_INIT("+0D+0A"), S_INIT(""), false },
		{ S_INIT("+7F"), S_INIT(""), false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char room[16];
		struct slice plain = S("untouched");

		check_row(smtp_line_xtext(rows[i].text, room, &plain) == rows[i].is_good, i);
		check_row(slice_same(plain, rows[i].is_good ? rows[i].plain : S("untouched")), i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_split),
		cmocka_unit_test(test_reverse_paths), cmocka_unit_test(test_bad_mail),
		cmocka_unit_test(test_mail_parameters), cmocka_unit_test(test_rcpt),
		cmocka_unit_test(test_hello), cmocka_unit_test(test_bdat),
		cmocka_unit_test(test_xtext) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
