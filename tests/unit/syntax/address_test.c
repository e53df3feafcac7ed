/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "syntax/address.h"

#include <string.h>

#define TEN "aaaaaaaaaa"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define LABEL_62 SIXTY "aa"

static void test_good(void **state)
{
	static const struct {
		struct slice s, local, domain;
		bool is_literal, needs_utf8;
	} rows[] = {
		{ S_INIT("a@b"), S_INIT("a"), S_INIT("b"), false, false },
		{ S_INIT("a.b+c@d-e.example"), S_INIT("a.b+c"), S_INIT("d-e.example"), false,
			false },
		{ S_INIT("a@b.example."), S_INIT("a"), S_INIT("b.example"), false, false },
		{ S_INIT("!#$%&'*+-/=?^_`{|}~@b"), S_INIT("!#$%&'*+-/=?^_`{|}~"), S_INIT("b"),
			false, false },
		{ S_INIT("\"a b\"@c"), S_INIT("\"a b\""), S_INIT("c"), false, false },
		{ S_INIT("\"a@b\"@c"), S_INIT("\"a@b\""), S_INIT("c"), false, false },
		{ S_INIT("\"a\\\"b\\\\\"@c"), S_INIT("\"a\\\"b\\\\\""), S_INIT("c"), false, false },
		{ S_INIT("\"\"@c"), S_INIT("\"\""), S_INIT("c"), false, false },
		{ S_INIT("a@[192.0.2.1]"), S_INIT("a"), S_INIT("[192.0.2.1]"), true, false },
		{ S_INIT("a@[ipv6:2001:db8::1]"), S_INIT("a"), S_INIT("[ipv6:2001:db8::1]"), true,
			false },
		{ S_INIT("a@[IPv6:::ffff:192.0.2.1]"), S_INIT("a"),
			S_INIT("[IPv6:::ffff:192.0.2.1]"), true, false },
		{ S_INIT("j\xc3\xb6rg@b"), S_INIT("j\xc3\xb6rg"), S_INIT("b"), false, true },
		{ S_INIT("a@b\xc3\xbc.example"), S_INIT("a"), S_INIT("b\xc3\xbc.example"), false,
			true },
		{ S_INIT("\"\xc3\xb6\"@b"), S_INIT("\"\xc3\xb6\""), S_INIT("b"), false, true },
		{ S_INIT("a@1.2.3.4"), S_INIT("a"), S_INIT("1.2.3.4"), false, false },
		{ S_INIT("postmaster@b"), S_INIT("postmaster"), S_INIT("b"), false, false },
		{ S_INIT(SIXTY "aaaa@b"), S_INIT(SIXTY "aaaa"), S_INIT("b"), false, false },
		{ S_INIT("a@" LABEL_62 "a"), S_INIT("a"), S_INIT(LABEL_62 "a"), false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address a;

		check_row(address_parse(rows[i].s, false, &a), i);
		check_row(slice_same(a.local, rows[i].local), i);
		check_row(slice_same(a.domain, rows[i].domain), i);
		check_row(a.is_literal == rows[i].is_literal, i);
		check_row(a.needs_utf8 == rows[i].needs_utf8, i);
	}
}

static void test_bad(void **state)
{
	static const struct slice rows[] = {
		S_INIT(""),
		S_INIT("a"),
		S_INIT("@"),
		S_INIT("a@"),
		S_INIT("@b"),
		S_INIT("a@b@c"),
		S_INIT("a b@c"),
		S_INIT(" a@c"),
		S_INIT("a@c "),
		S_INIT("a@b c"),
		S_INIT(".a@b"),
		S_INIT("a.@b"),
		S_INIT("a..b@c"),
		S_INIT("a@.b"),
		S_INIT("a@b..c"),
		S_INIT("a@b.."),
		S_INIT("a@."),
		S_INIT("a@-b"),
		S_INIT("a@b-"),
		S_INIT("a@b-.c"),
		S_INIT("a@b_c"),
		S_INIT("a@b!"),
		S_INIT("a(b)@c"),
		S_INIT("a,b@c"),
		S_INIT("a\\b@c"),
		S_INIT("\"a@b"),
		S_INIT("\"a\"b@c"),
		S_INIT("\"a\"b\"@c"),
		S_INIT("\"a\\\"@c"),
		S_INIT("\"a\nb\"@c"),
		S_INIT("\"a\\\nb\"@c"),
		S_INIT("\"a\x7f\"@c"),
		S_INIT("\"\\\xc3\xb6\"@c"),
		S_INIT("a\r\n@c"),
		S_INIT("a@c\r\n"),
		S_INIT("a\0@c"),
		S_INIT("a@c\0"),
		S_INIT("caf\xe9@b"),
		S_INIT("a@caf\xe9"),
		S_INIT("a@[192.0.2.256]"),
		S_INIT("a@[192.0.2]"),
		S_INIT("a@[192.0.2.1"),
		S_INIT("a@192.0.2.1]"),
		S_INIT("a@[]"),
		S_INIT("a@["),
		S_INIT("a@[2001:db8::1]"),
		S_INIT("a@[IPv6:192.0.2.1]"),
		S_INIT("a@[IPv6:]"),
		S_INIT("a@[IPv6:2001:db8::1]."),
		S_INIT("a@[192.0.2.1\0]"),
		S_INIT("a@[x-tag:content]"),
		S_INIT("postmaster"),
		S_INIT("<a@b>"),
		S_INIT(SIXTY "aaaaa@b"),
		S_INIT("a@" LABEL_62 "aa"),
		S_INIT("a@" SIXTY "." SIXTY "." SIXTY "." SIXTY "." TEN "aa"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address a = { .local = S("untouched") };

		check_row(!address_parse(rows[i], false, &a), i);
		check_row(slice_same(a.local, S("untouched")), i);
	}
}

static void test_postmaster(void **state)
{
	static const struct {
		struct slice s;
		bool is_good;
	} rows[] = {
		{ S_INIT("postmaster"), true },
		{ S_INIT("PostMaster"), true },
		{ S_INIT("postmaster@"), false },
		{ S_INIT("postmasters"), false },
		{ S_INIT("\"postmaster\""), false },
		{ S_INIT("abuse"), false },
		{ S_INIT("a@b"), true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address a;

		check_row(address_parse(rows[i].s, true, &a) == rows[i].is_good, i);
	}
}

/* 255 bytes are a domain, 256 are not; a U-label may be longer than 63 bytes. */
static void test_domain_lengths(void **state)
{
	char domain[257];
	static const char *const umlauts =
		"\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
		"\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
		"\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
		"\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc";

	(void)state;
	memset(domain, 'a', sizeof domain);
	for (size_t i = 50; i < sizeof domain - 10; i += 50)
		domain[i] = '.';
	check(address_is_domain((struct slice){ domain, 255 }));
	check(!address_is_domain((struct slice){ domain, 256 }));
	check(strlen(umlauts) == 64 && address_is_domain(slice_of(umlauts)));
	check(!address_is_domain(S("")) && address_is_domain(S("a")) &&
		!address_is_domain(S("a.")));
	check(!address_is_domain(S("[192.0.2.1]")) && !address_is_domain(S("b\xc3.example")));
}

static void test_local_plain(void **state)
{
	static const struct {
		struct slice local, plain;
	} rows[] = {
		{ S_INIT("a.b"), S_INIT("a.b") },
		{ S_INIT("\"a b\""), S_INIT("a b") },
		{ S_INIT("\"a\\\"b\\\\c\""), S_INIT("a\"b\\c") },
		{ S_INIT("\"\\a\""), S_INIT("a") },
		{ S_INIT("\"\""), S_INIT("") },
		/* Not from address_parse, but it must not read beyond the end. */
		{ S_INIT("\""), S_INIT("\"") },
		{ S_INIT(""), S_INIT("") },
		{ S_INIT("\"\\\""), S_INIT("\\") },
	};
	char room[16];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(slice_same(address_local_plain(rows[i].local, room), rows[i].plain), i);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_good), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_postmaster), cmocka_unit_test(test_domain_lengths),
		cmocka_unit_test(test_local_plain) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
