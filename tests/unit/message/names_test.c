/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "message/names.h"

#include <string.h>

static void test_domains(void **state)
{
	static const struct {
		struct slice domain, key, text;
	} rows[] = {
		{ S_INIT("a.example"), S_INIT("a.example"), S_INIT("a.example") },
		{ S_INIT("Mail-2.EXAMPLE"), S_INIT("mail-2.example"), S_INIT("mail-2.example") },
		{ S_INIT("localhost"), S_INIT("localhost"), S_INIT("localhost") },
		{ S_INIT("b\xc3\xbc"
			 "cher.example"),
			S_INIT("xn--bcher-kva.example"),
			S_INIT("b\xc3\xbc"
			       "cher.example") },
		{ S_INIT("B\xc3\x9c"
			 "CHER.Example"),
			S_INIT("xn--bcher-kva.example"),
			S_INIT("b\xc3\xbc"
			       "cher.example") },
		{ S_INIT("bu\xcc\x88"
			 "cher.example"),
			S_INIT("xn--bcher-kva.example"), /* not in NFC */
			S_INIT("b\xc3\xbc"
			       "cher.example") },
		{ S_INIT("XN--BCHER-KVA.example"), S_INIT("xn--bcher-kva.example"),
			S_INIT("b\xc3\xbc"
			       "cher.example") },
		{ S_INIT("fa\xc3\x9f.example"), S_INIT("xn--fa-hia.example"), /* nontransitional */
			S_INIT("fa\xc3\x9f.example") },
		{ S_INIT("\xe4\xbe\x8b\xe3\x81\x88.example"), S_INIT("xn--r8jz45g.example"),
			S_INIT("\xe4\xbe\x8b\xe3\x81\x88.example") },
		{ S_INIT("a\xe3\x80\x82"
			 "example"),
			S_INIT("a.example"), S_INIT("a.example") },
		{ S_INIT("\xef\xbc\xa1.example"), S_INIT("a.example"),
			S_INIT("a.example") }, /* full width */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf key = { .max = 300 }, text = { .max = 300 };

		check_row(names_domain_key(rows[i].domain, &key), i);
		check_row(slice_same(buf_slice(&key), rows[i].key), i);
		check_row(names_domain_text(rows[i].domain, &text), i);
		check_row(slice_same(buf_slice(&text), rows[i].text), i);
	}
}

static void test_bad_domains(void **state)
{
	static const struct slice rows[] = {
		S_INIT(""),
		S_INIT("."),
		S_INIT(".a"),
		S_INIT("a."),
		S_INIT("a..b"),
		S_INIT("-a"),
		S_INIT("a-"),
		S_INIT("a_b"),
		S_INIT("a b"),
		S_INIT("a\0b"),
		S_INIT("a@b"),
		S_INIT("[192.0.2.1]"),
		S_INIT("xn--"),
		S_INIT("xn--a.example"),    /* decodes to nothing */
		S_INIT("xn--bnka.example"), /* decodes to what encodes otherwise */
		S_INIT("caf\xe9.example"),
		S_INIT("\xc3\xbc_.example"),
		S_INIT("\xc3\xbc _x.example"),
		S_INIT("\xe2\x84\x80.example"), /* one sign, mapped to "a/c" */
		S_INIT("\xc3\xbc..example"),
		S_INIT("\xc3\xbc.\0example"),
		S_INIT("\xe2\x80\x8b\xc3\xbc\xcc"),
		S_INIT("a/\xc3\xbc"),
		S_INIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf key = { .max = 300 };

		check_row(!names_domain_key(rows[i], &key) && key.len == 0, i);
		check_row(!names_domain_text(rows[i], &key) && key.len == 0, i);
	}
}

static void test_lengths(void **state)
{
	char domain[255];

	(void)state;
	memset(domain, 'A', sizeof domain);
	for (size_t i = 63; i < sizeof domain - 2; i += 64)
		domain[i] = '.';
	for (size_t len = 250; len <= sizeof domain; len++) {
		auto_buf key = { .max = 300 };

		check_row(
			names_domain_key((struct slice){ domain, len }, &key) == (len <= 253), len);
		check_row(key.len == (len <= 253 ? len : 0), len);
	}
	char room[5];
	struct buf small = BUF_OVER(room);

	check(!names_domain_key(S("abcdef"), &small) && names_domain_key(S("ABCDE"), &small));
}

static void test_local_parts(void **state)
{
	static const struct {
		struct slice local, key;
	} rows[] = {
		{ S_INIT(""), S_INIT("") },
		{ S_INIT("Alice+News"), S_INIT("alice+news") },
		{ S_INIT("J\xc3\x96RG"), S_INIT("j\xc3\xb6rg") },
		{ S_INIT("JO\xcc\x88RG"), S_INIT("j\xc3\xb6rg") },
		{ S_INIT("\xd0\x98\xd0\x92\xd0\x90\xd0\x9d"),
			S_INIT("\xd0\xb8\xd0\xb2\xd0\xb0\xd0\xbd") },
		{ S_INIT("stra\xc3\x9f"
			 "e"),
			S_INIT("stra\xc3\x9f"
			       "e") }, /* is not "strasse" */
		{ S_INIT("\xe4\xbe\x8b"), S_INIT("\xe4\xbe\x8b") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf key = { .max = 300 };

		check_row(names_local_key(rows[i].local, &key), i);
		check_row(slice_same(buf_slice(&key), rows[i].key), i);
	}
	auto_buf none = { .max = 300 };

	check(!names_local_key(S("caf\xe9"), &none) && none.len == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_domains),
		cmocka_unit_test(test_bad_domains), cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_local_parts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
