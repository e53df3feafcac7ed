/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "message/header.h"
#include "message/trace.h"

#include <string.h>

#define TEN "abcdefghi."
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define WHEN_NS (UINT64_C(1795411590) * NS_PER_S)

static void test_received(void **state)
{
	static const struct {
		struct envelope envelope;
		struct slice for_address, text;
	} rows[] = {
		{ { .protocol = PROTOCOL_ESMTP,
			  .hello = S_INIT("c.example"),
			  .peer_address = S_INIT("192.0.2.1"),
			  .wall_ns = WHEN_NS },
			S_INIT("bob@b.example"),
			S_INIT("Received: from c.example ([192.0.2.1]) by mx.a.example with ESMTP "
			       "id\r\n"
			       "\t00000000000000000000000000 for <bob@b.example>;\r\n"
			       "\tMon, 23 Nov 2026 05:26:30 +0000\r\n") },
		{ { .protocol = PROTOCOL_ESMTP,
			  .hello = S_INIT("[IPv6:2001:db8::1]"),
			  .peer_address = S_INIT("2001:db8::1"),
			  .wall_ns = WHEN_NS,
			  .tls = S_INIT("TLSv1.3 TLS_AES_256_GCM_SHA384"),
			  .account = S_INIT("alice@a") },
			S_INIT(""),
			S_INIT("Received: from [IPv6:2001:db8::1] ([IPv6:2001:db8::1]) by "
			       "mx.a.example with\r\n"
			       "\tESMTPSA (TLSv1.3 TLS_AES_256_GCM_SHA384) id\r\n"
			       "\t00000000000000000000000000; Mon, 23 Nov 2026 05:26:30 "
			       "+0000\r\n") },
		{ { .protocol = PROTOCOL_LMTP, .wall_ns = 0 }, S_INIT("\"a b\"@c"),
			S_INIT("Received: from unknown by mx.a.example with LMTP id\r\n"
			       "\t00000000000000000000000000 for <\"a b\"@c>;\r\n"
			       "\tThu, 01 Jan 1970 00:00:00 +0000\r\n") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf text = { .max = 4096 };

		check_row(trace_received(
				  &rows[i].envelope, S("mx.a.example"), rows[i].for_address, &text),
			i);
		check_row(slice_same(buf_slice(&text), rows[i].text), i);
	}
}

static void test_with(void **state)
{
	static const struct {
		enum envelope_protocol protocol;
		bool has_tls, has_account, is_utf8;
		struct slice word;
	} rows[] = {
		{ PROTOCOL_SMTP, false, false, false, S_INIT(" with SMTP ") },
		{ PROTOCOL_SMTP, true, false, true, S_INIT(" with SMTP ") },
		{ PROTOCOL_ESMTP, false, false, false, S_INIT(" with ESMTP ") },
		{ PROTOCOL_ESMTP, true, false, false, S_INIT(" with ESMTPS ") },
		{ PROTOCOL_ESMTP, false, true, false, S_INIT(" with ESMTPA ") },
		{ PROTOCOL_ESMTP, true, true, false, S_INIT(" with ESMTPSA ") },
		{ PROTOCOL_ESMTP, false, false, true, S_INIT(" with UTF8SMTP ") },
		{ PROTOCOL_ESMTP, true, false, true, S_INIT(" with UTF8SMTPS ") },
		{ PROTOCOL_ESMTP, false, true, true, S_INIT(" with UTF8SMTPA ") },
		{ PROTOCOL_ESMTP, true, true, true, S_INIT(" with UTF8SMTPSA ") },
		{ PROTOCOL_LMTP, false, false, false, S_INIT(" with LMTP ") },
		{ PROTOCOL_LMTP, true, false, false, S_INIT(" with LMTPS ") },
		{ PROTOCOL_LMTP, false, true, false, S_INIT(" with LMTPA ") },
		{ PROTOCOL_LMTP, true, true, false, S_INIT(" with LMTPSA ") },
		{ PROTOCOL_LMTP, true, true, true, S_INIT(" with UTF8LMTPSA ") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct envelope e = { .protocol = rows[i].protocol,
			.is_utf8 = rows[i].is_utf8,
			.hello = S("c"),
			.tls = rows[i].has_tls ? S("TLSv1.3") : S(""),
			.account = rows[i].has_account ? S("alice@a.example") : S("") };
		auto_buf text = { .max = 4096 };

		check_row(trace_received(&e, S("mx"), S(""), &text), i);
		check_row(memmem(text.at, text.len, rows[i].word.at, rows[i].word.len) != NULL, i);
		/* Who logged in stays between us and them. */
		check_row(memmem(text.at, text.len, "alice", 5) == NULL, i);
	}
}

/* One field, every line shorter than 79 columns where it can be, CRLF only at line ends. */
static void check_one_field(struct slice text, struct slice name, bool may_be_long, size_t row)
{
	struct header_field field;
	size_t at = 0;

	check_row(slice_ends_nocase(text, S("\r\n")), row);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		check_row(byte >= ' ' || byte == '\r' || byte == '\n' || byte == '\t', row);
		check_row((byte == '\r') == (i + 1 < text.len && text.at[i + 1] == '\n'), row);
	}
	check_row(header_next(text, &at, &field) && slice_same(field.name, name), row);
	check_row(at == text.len, row);
	while (text.len > 0) {
		size_t len = slice_find(text, '\n');

		check_row(len - 1 + (text.at[0] == '\t' ? 7 : 0) <= 78 || may_be_long, row);
		check_row(len <= 998, row);
		text = slice_skip(text, len + 1);
	}
}

/* What a session would never let through must still not write a line or end a comment. */
static void test_hostile(void **state)
{
	static const struct slice rows[] = {
		S_INIT("a\r\nX-Evil: yes"),
		S_INIT("a\nX-Evil: yes"),
		S_INIT("\r\n\r\nbody"),
		S_INIT(") (\\"),
		S_INIT("<\">;"),
		S_INIT("\0\x7f\x01"),
		S_INIT("[a]b"),
		S_INIT(HUNDRED HUNDRED "\r\n" HUNDRED),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct envelope e = { .protocol = PROTOCOL_ESMTP,
			.hello = rows[i],
			.peer_address = rows[i],
			.tls = rows[i],
			.account = rows[i],
			.wall_ns = WHEN_NS };
		auto_buf text = { .max = 1 << 14 };

		check_row(trace_received(&e, rows[i], rows[i], &text), i);
		check_one_field(buf_slice(&text), S("Received"), rows[i].len > 60, i);
		check_row(memmem(text.at, text.len, "\nX-Evil", 7) == NULL, i);
		buf_clear(&text);
		check_row(trace_return_path(rows[i], &text), i);
		check_one_field(buf_slice(&text), S("Return-Path"), true, i);
		buf_clear(&text);
		check_row(trace_message_id(e.id, rows[i], &text), i);
		check_one_field(buf_slice(&text), S("Message-ID"), true, i);
	}
}

/* The longest that RFC 5321 allows, at every length: folds stay under 78 columns. */
static void test_folding(void **state)
{
	(void)state;
	for (size_t len = 1; len < 60; len++) {
		struct envelope e = { .protocol = PROTOCOL_ESMTP,
			.hello = slice_first(S(HUNDRED), len),
			.peer_address = S("192.0.2.111"),
			.tls = slice_first(S(HUNDRED), len),
			.wall_ns = WHEN_NS };
		auto_buf text = { .max = 1 << 12 };

		check_row(trace_received(&e, slice_first(S(HUNDRED), 60 - len), S("a@b"), &text),
			len);
		check_one_field(buf_slice(&text), S("Received"), false, len);
	}
}

static void test_dates(void **state)
{
	static const struct {
		uint64_t seconds;
		struct slice text;
	} rows[] = {
		{ 0, S_INIT("Thu, 01 Jan 1970 00:00:00 +0000") },
		{ 951782400, S_INIT("Tue, 29 Feb 2000 00:00:00 +0000") },
		{ 1795411590, S_INIT("Mon, 23 Nov 2026 05:26:30 +0000") },
		{ 4102444799, S_INIT("Thu, 31 Dec 2099 23:59:59 +0000") },
		{ UINT64_MAX / NS_PER_S, S_INIT("Sun, 21 Jul 2554 23:34:33 +0000") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf text = { .max = 64 };

		check_row(trace_date_text(rows[i].seconds * NS_PER_S, &text), i);
		check_row(slice_same(buf_slice(&text), rows[i].text), i);
	}
}

static void test_other_fields(void **state)
{
	auto_buf text = { .max = 4096 };
	struct id id;

	(void)state;
	check(id_parse(S("01jdzzzzzzzzzzzzzzzzzzzzzz"), &id));
	check(trace_return_path(S(""), &text) && trace_return_path(S("a@b"), &text));
	check(trace_date(WHEN_NS, &text) && trace_message_id(id, S("mx.a.example"), &text));
	check(slice_same(
		buf_slice(&text), S("Return-Path: <>\r\n"
				    "Return-Path: <a@b>\r\n"
				    "Date: Mon, 23 Nov 2026 05:26:30 +0000\r\n"
				    "Message-ID: <01jdzzzzzzzzzzzzzzzzzzzzzz@mx.a.example>\r\n")));
}

/* All or nothing: a full buffer keeps what it had. */
static void test_full(void **state)
{
	struct envelope e = { .protocol = PROTOCOL_ESMTP, .hello = S("c"), .wall_ns = WHEN_NS };
	auto_buf whole = { .max = 4096 };

	(void)state;
	check(trace_received(&e, S("mx"), S("a@b"), &whole));
	for (size_t max = 0; max < whole.len; max++) {
		auto_buf small = { .max = max };

		check_row(!trace_received(&e, S("mx"), S("a@b"), &small) && small.len == 0, max);
		check_row(
			max >= 20 || (!trace_return_path(S("abcdefgh"), &small) && small.len == 0),
			max);
		check_row(max >= 39 || (!trace_date(WHEN_NS, &small) && small.len == 0), max);
		check_row(max >= 40 || (!trace_message_id(e.id, S("mx"), &small) && small.len == 0),
			max);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_received),
		cmocka_unit_test(test_with), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_folding), cmocka_unit_test(test_dates),
		cmocka_unit_test(test_other_fields), cmocka_unit_test(test_full) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
