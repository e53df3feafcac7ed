/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "message/section.h"
#include "message/structure_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void builder_free(struct structure_builder **b)
{
	structure_free(*b);
}

static void record_of(struct slice message, size_t step, struct buf *record)
{
	ON_EXIT(builder_free) struct structure_builder *b = structure_new();

	check(b != NULL);
	buf_clear(record);
	for (size_t at = 0; at < message.len; at += step)
		check(structure_feed(b, slice_first(slice_skip(message, at), step)));
	check(structure_end(b, record));
	check(record->len <= STRUCTURE_RECORD_BYTES_MAX);
}

#define MULTI(boundary) "Content-Type: multipart/mixed; boundary=" boundary "\r\n\r\n"
#define TEXT(octets) "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" " octets ")"
#define MIXED(parts) "(" parts " \"mixed\")"

static const struct {
	struct slice message, body;
	size_t part_count;
	bool is_cut;
} rows[] = {
	{ S_INIT(""), S_INIT(TEXT("0 0")), 1, false },
	{ S_INIT("\r\n"), S_INIT(TEXT("0 0")), 1, false },
	{ S_INIT("A: b"), S_INIT(TEXT("0 0")), 1, false },
	{ S_INIT("\r\na\r\nb"), S_INIT(TEXT("4 1")), 1, false },
	{ S_INIT("A: b\n\na\nb\n"), S_INIT(TEXT("4 2")), 1, false },
	{ S_INIT(MULTI("x") "--x\r\n\r\none\r\n--x--\r\n"), S_INIT(MIXED(TEXT("3 0"))), 2, false },
	/* Nothing closes it. */
	{ S_INIT(MULTI("x") "--x\r\n\r\none"), S_INIT(MIXED(TEXT("3 0"))), 2, false },
	/* No part at all, or only a boundary without its line end. */
	{ S_INIT(MULTI("x") "text\r\n"), S_INIT(MIXED(TEXT("0 0"))), 1, false },
	{ S_INIT(MULTI("x") "--x"), S_INIT(MIXED(TEXT("0 0"))), 1, false },
	/* Line ends without CR. */
	{ S_INIT(MULTI("x") "--x\n\none\n--x\n\ntwo\n--x--\n"),
		S_INIT(MIXED(TEXT("3 0") TEXT("3 0"))), 3, false },
	/* A header that a boundary ends. */
	{ S_INIT(MULTI("x") "--x\r\nA: b\r\n--x\r\n\r\n\r\n--x--\r\n"),
		S_INIT(MIXED(TEXT("0 0") TEXT("0 0"))), 3, false },
	/* One boundary is the beginning of the other, either way round. */
	{ S_INIT(MULTI("a") "--a\r\n" MULTI(
		  "ab") "--ab\r\n\r\n1\r\n--ab--\r\n--a\r\n\r\n2\r\n--a--"),
		S_INIT(MIXED(MIXED(TEXT("1 0")) TEXT("1 0"))), 4, false },
	{ S_INIT(MULTI("ab") "--ab\r\n" MULTI(
		  "a") "--a\r\n\r\n1\r\n--a--\r\n--ab\r\n\r\n2\r\n--ab--"),
		S_INIT(MIXED(MIXED(TEXT("1 0")) TEXT("1 0"))), 4, false },
	/* The outer boundary ends an inner multipart that was left open. */
	{ S_INIT(MULTI("o") "--o\r\n" MULTI("i") "--i\r\n\r\n1\r\n--o\r\n\r\n2\r\n--o--"),
		S_INIT(MIXED(MIXED(TEXT("1 0")) TEXT("1 0"))), 4, false },
	/* After its closing line a boundary is text. */
	{ S_INIT(MULTI("x") "--x\r\n\r\n1\r\n--x--\r\n--x\r\n\r\n2\r\n"),
		S_INIT(MIXED(TEXT("1 0"))), 2, false },
	{ S_INIT("Content-Type: multipart/mixed\r\n\r\nno boundary\r\n"), S_INIT(TEXT("13 1")), 1,
		false },
	{ S_INIT("Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n"), S_INIT(TEXT("4 1")),
		1, false },
	{ S_INIT("Content-Type: rubbish\r\n\r\nx"), S_INIT(TEXT("1 0")), 1, false },
	{ S_INIT("Content-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\nbody\r\n"),
		S_INIT("(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 20 (NIL \"s\" NIL NIL NIL NIL "
		       "NIL NIL "
		       "NIL NIL) " TEXT("6 1") " 3)"),
		2, false },
	{ S_INIT("Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\nSubject: "
		 "s\r\n\r\nb\r\n"
		 "--x--"),
		S_INIT("((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 15 (NIL \"s\" NIL NIL NIL "
		       "NIL NIL "
		       "NIL NIL NIL) " TEXT("1 0") " 2) \"digest\")"),
		3, false },
	/* 8-bit and quotes in what a client gets. */
	{ S_INIT("Content-Type: text/x; name=\"\xfc\"; a=\"q\\\"q\"\r\n\r\n\0\xff"),
		S_INIT("(\"text\" \"x\" (\"name\" {1}\r\n\xfc \"a\" \"q\\\"q\" \"charset\" "
		       "\"us-ascii\") "
		       "NIL NIL \"7bit\" 2 0)"),
		1, false },
	{ S_INIT("Content-Type: text/plain; format=flowed (c); charset = utf-8 ; x=a b\r\n\r\n"),
		S_INIT("(\"text\" \"plain\" (\"format\" \"flowed\" \"charset\" \"utf-8\" \"x\" \"a "
		       "b\") "
		       "NIL NIL \"7bit\" 0 0)"),
		1, false },
};

static void test_body(void **state)
{
	static const size_t steps[] = { 1, 2, 3, 5, 1000000 };
	auto_buf first = { .max = 1 << 20 };
	auto_buf record = { .max = 1 << 20 };
	auto_buf text = { .max = STRUCTURE_BODY_BYTES_MAX };
	auto_arena arena = { .max = 1 << 20 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct structure s;

		record_of(rows[i].message, 1000000, &first);
		for (size_t k = 0; k < COUNT(steps); k++) {
			record_of(rows[i].message, steps[k], &record);
			check_row(slice_same(buf_slice(&first), buf_slice(&record)), i);
		}
		arena_reset(&arena);
		buf_clear(&text);
		check_row(structure_decode(buf_slice(&record), &arena, &s), i);
		check_row(structure_text_add(&s, false, &text), i);
		check_row(slice_same(buf_slice(&text), rows[i].body), i);
		check_row(s.part_count == rows[i].part_count, i);
		check_row(s.summary.is_cut == rows[i].is_cut, i);
		check_row(s.summary.bytes == rows[i].message.len, i);
	}
}

static const struct slice nested = S_INIT(MULTI(
	"x") "--x\r\nA: 1\r\n\r\none\r\n"
	     "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: "
	     "multipart/alternative; "
	     "boundary=y\r\n\r\n--y\r\nB: 2\r\n\r\ntwo\r\n--y\r\n\r\nthree\r\n--y--\r\n"
	     "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: single\r\n\r\nfour\r\n--x--\r\n");

static void test_sections(void **state)
{
	static const struct {
		uint32_t path[3];
		size_t path_count;
		enum section_kind kind;
		bool is_there;
		struct slice bytes;
	} wants[] = {
		{ { 0 }, 0, SECTION_HEADER, true, S_INIT(MULTI("x")) },
		{ { 0 }, 0, SECTION_MIME, false, S_INIT("") },
		{ { 1 }, 1, SECTION_BODY, true, S_INIT("one") },
		{ { 1 }, 1, SECTION_MIME, true, S_INIT("A: 1\r\n\r\n") },
		{ { 1 }, 1, SECTION_HEADER, false, S_INIT("") },
		{ { 1, 1 }, 2, SECTION_BODY, false, S_INIT("") },
		{ { 2 }, 1, SECTION_MIME, true, S_INIT("Content-Type: message/rfc822\r\n\r\n") },
		{ { 2 }, 1, SECTION_HEADER, true,
			S_INIT("Subject: in\r\nContent-Type: multipart/alternative; "
			       "boundary=y\r\n\r\n") },
		{ { 2 }, 1, SECTION_TEXT, true,
			S_INIT("--y\r\nB: 2\r\n\r\ntwo\r\n--y\r\n\r\nthree\r\n--y--") },
		{ { 2, 1 }, 2, SECTION_BODY, true, S_INIT("two") },
		{ { 2, 1 }, 2, SECTION_MIME, true, S_INIT("B: 2\r\n\r\n") },
		{ { 2, 2 }, 2, SECTION_BODY, true, S_INIT("three") },
		{ { 2, 3 }, 2, SECTION_BODY, false, S_INIT("") },
		{ { 2, 0 }, 2, SECTION_BODY, false, S_INIT("") },
		{ { 3 }, 1, SECTION_BODY, true, S_INIT("Subject: single\r\n\r\nfour") },
		{ { 3, 1 }, 2, SECTION_BODY, true, S_INIT("four") },
		{ { 3, 1 }, 2, SECTION_MIME, true, S_INIT("Subject: single\r\n\r\n") },
		{ { 3, 1, 1 }, 3, SECTION_BODY, false, S_INIT("") },
		{ { 4 }, 1, SECTION_BODY, false, S_INIT("") },
		{ { UINT32_MAX }, 1, SECTION_BODY, false, S_INIT("") },
	};
	auto_buf record = { .max = 1 << 20 };
	auto_arena arena = { .max = 1 << 20 };
	struct structure s;

	(void)state;
	record_of(nested, 10, &record);
	check(structure_decode(buf_slice(&record), &arena, &s));
	for (size_t i = 0; i < COUNT(wants); i++) {
		struct section_range range = { 0, 0 };
		bool is_there = section_range(
			&s, wants[i].path, wants[i].path_count, wants[i].kind, &range);

		check_row(is_there == wants[i].is_there, i);
		check_row(slice_same((struct slice){ nested.at + range.at, range.len },
				  wants[i].bytes),
			i);
	}
}

static void test_single_part(void **state)
{
	static const struct slice message =
		S_INIT("A: b\r\nContent-Transfer-Encoding: BASE64\r\n\r\nAAAA");
	uint32_t one = 1, two = 2;
	auto_buf record = { .max = 1 << 20 };
	auto_arena arena = { .max = 1 << 20 };
	struct section_range range;
	enum transfer transfer;
	struct structure s;

	(void)state;
	record_of(message, 1, &record);
	check(structure_decode(buf_slice(&record), &arena, &s));
	check(section_range(&s, &one, 1, SECTION_BODY, &range) && range.len == 4);
	check(!section_range(&s, &two, 1, SECTION_BODY, &range));
	check(section_binary(&s, &one, 1, &range, &transfer) && transfer == TRANSFER_BASE64);
	check(section_binary(&s, NULL, 0, &range, &transfer) && transfer == TRANSFER_IDENTITY &&
		range.len == message.len);
}

static void test_fields(void **state)
{
	static const struct slice header =
		S_INIT("A: 1\r\nbroken line\r\nb: 2\r\n 3\r\nA: 4\r\n\r\n");
	static const struct slice names[] = { S_INIT("a"), S_INIT("c") };
	auto_buf out = { .max = 1000 };
	char room[10];
	struct buf small = BUF_OVER(room);

	(void)state;
	check(section_fields_add(header, names, 2, false, &out));
	check(slice_same(buf_slice(&out), S("A: 1\r\nA: 4\r\n\r\n")));
	buf_clear(&out);
	check(section_fields_add(header, names, 2, true, &out));
	check(slice_same(buf_slice(&out), S("b: 2\r\n 3\r\n\r\n")));
	buf_clear(&out);
	check(section_fields_add(S("A: 1"), names, 1, false, &out));
	check(slice_same(buf_slice(&out), S("A: 1\r\n\r\n")));
	check(!section_fields_add(header, names, 1, false, &small) && small.len == 0);
}

/* A thousand multiparts in each other, and a hundred thousand parts beside each other. */
static void test_limits(void **state)
{
	auto_buf message = { .max = 8 << 20 };
	auto_buf record = { .max = 1 << 20 };
	auto_buf text = { .max = STRUCTURE_BODY_BYTES_MAX };
	auto_arena arena = { .max = 1 << 20 };
	struct structure s;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		check(buf_add_format(&message,
			"Content-Type: multipart/mixed; boundary=b%04u\r\n\r\n--b%04u\r\n", i, i));
	record_of(buf_slice(&message), 4096, &record);
	check(structure_decode(buf_slice(&record), &arena, &s) && s.summary.is_cut);
	check(s.part_count == STRUCTURE_DEPTH_MAX + 1);
	check(structure_text_add(&s, true, &text));
	buf_clear(&message);
	arena_reset(&arena);
	buf_clear(&text);
	check(buf_add(&message, S(MULTI("x"))));
	for (unsigned i = 0; i < 100000; i++)
		check(buf_add(&message, S("--x\r\n\r\na\r\n")));
	record_of(buf_slice(&message), 4096, &record);
	check(structure_decode(buf_slice(&record), &arena, &s) && s.summary.is_cut);
	check(s.part_count > 200 && s.part_count <= STRUCTURE_PARTS_MAX);
	check(s.parts[s.part_count - 1].end_at == message.len);
	check(structure_text_add(&s, true, &text));
}

/* Headers of half a megabyte, and 1,000 recipients. */
static void test_huge_header(void **state)
{
	auto_buf message = { .max = 8 << 20 };
	auto_buf record = { .max = 1 << 20 };
	struct structure_summary s;

	(void)state;
	check(buf_add(&message, S("To: a@example.org")));
	for (unsigned i = 0; i < 20000; i++)
		check(buf_add(&message, S(",\r\n\tsomebody@example.org")));
	check(buf_add(&message, S("\r\nSubject: far\r\n\r\nbody")));
	record_of(buf_slice(&message), 4096, &record);
	check(structure_summary(buf_slice(&record), &s));
	check(s.is_cut && !s.has_envelope && s.envelope.len == 0);
	check(s.header_bytes == message.len - 4 && s.bytes == message.len);
}

static void test_summary(void **state)
{
	static const struct slice message =
		S_INIT("Date: Mon, 23 Nov 2026 05:26:30 -0130\r\nMessage-ID: < a @ b "
		       ">\r\nReferences: <1@x>\r\n"
		       " rubbish <2@x>\r\nIn-Reply-To: <3@x>\r\nContent-Type: text/html\r\n\r\n"
		       "<head><title>no</title></head><p>Hello&nbsp;<b>wor</b>ld &lt;3</p>");
	auto_buf record = { .max = 1 << 20 };
	struct structure_summary s;

	(void)state;
	record_of(message, 1, &record);
	check(structure_summary(buf_slice(&record), &s));
	check(s.has_sent && s.sent_zone_min == -90 && s.sent_s == 1795411590 + 5400);
	check(slice_same(s.message_id, S("<a@b>")));
	check(slice_same(s.references, S("<1@x> <2@x>")));
	check(slice_same(s.preview, S("Hello world <3")));
	for (size_t i = 0; i < record.len; i++) {
		auto_arena arena = { .max = 1 << 20 };
		struct structure damaged;

		check_row(
			!structure_decode(slice_first(buf_slice(&record), i), &arena, &damaged), i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_body),
		cmocka_unit_test(test_sections), cmocka_unit_test(test_single_part),
		cmocka_unit_test(test_fields), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_huge_header), cmocka_unit_test(test_summary) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
