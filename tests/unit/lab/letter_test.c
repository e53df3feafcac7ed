/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "lab/workload/letter.h"
#include "lab/workload/workload.h"

#include <string.h>

static struct letter letter_of(uint32_t sequence, uint32_t size)
{
	return (struct letter){ .run = "0123abcd-10-2",
		.from = "alice@a.example",
		.to = "alice@b.example",
		.sequence = sequence,
		.size_bytes = size,
		.due_ns = 123456789,
		.seed = 42,
		.wall_ns = UINT64_C(1795000000000000000) };
}

static void test_exact_sizes(void **state)
{
	(void)state;
	for (uint32_t size = LETTER_BYTES_MIN; size < LETTER_BYTES_MIN + 400; size++) {
		struct letter l = letter_of(7, size);
		struct letter_found found;
		struct error e = { .fault = FAULT_NONE };
		auto_buf text = { .max = 1 << 20 };

		check_row(letter_write(&l, &text, &e) && text.len == size, size);
		check_row(memcmp(text.at + text.len - 2, "\r\n", 2) == 0, size);
		letter_check(buf_slice(&text), &found);
		check_row(found.is_ours && found.is_whole && found.sequence == 7, size);
		check_row(found.size_bytes == size && found.due_ns == 123456789, size);
	}
}

/* Every line ends with CRLF, no bare CR or LF, and no line is over 998 octets: RFC 5322 2.1.1. */
static void test_is_an_rfc5322_message(void **state)
{
	struct letter l = letter_of(1, 10240);
	struct error e = { .fault = FAULT_NONE };
	auto_buf text = { .max = 1 << 20 };
	size_t line = 0;

	(void)state;
	check(letter_write(&l, &text, &e));
	for (size_t i = 0; i < text.len; i++) {
		bool is_cr = text.at[i] == '\r', is_lf = text.at[i] == '\n';

		check_row(!is_cr || (i + 1 < text.len && text.at[i + 1] == '\n'), i);
		check_row(!is_lf || (i > 0 && text.at[i - 1] == '\r'), i);
		line = is_lf ? 0 : line + 1;
		check_row(line <= 998, i);
	}
}

static void test_too_small_and_too_large(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 100, 400, LETTER_BYTES_MAX + 1, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct letter l = letter_of(1, sizes[i]);
		struct error e = { .fault = FAULT_NONE };
		auto_buf text = { .max = 1 << 20 };

		check_row(
			!letter_write(&l, &text, &e) && e.fault == FAULT_NEVER && text.len == 0, i);
	}
}

static void test_same_seed_same_body(void **state)
{
	struct letter l = letter_of(3, 2048), other = letter_of(4, 2048);
	struct error e = { .fault = FAULT_NONE };
	auto_buf a = { .max = 1 << 20 }, b = { .max = 1 << 20 }, c = { .max = 1 << 20 };

	(void)state;
	check(letter_write(&l, &a, &e) && letter_write(&l, &b, &e) && letter_write(&other, &c, &e));
	check(slice_same(buf_slice(&a), buf_slice(&b)));
	check(!slice_same(slice_skip(buf_slice(&a), 1500), slice_skip(buf_slice(&c), 1500)));
}

/* What a server may do to a mail, and what it may not. */
static void test_judgement(void **state)
{
	struct letter l = letter_of(9, 1024);
	struct error e = { .fault = FAULT_NONE };
	struct letter_found found;
	auto_buf text = { .max = 1 << 20 }, traced = { .max = 1 << 20 };

	(void)state;
	check(letter_write(&l, &text, &e));
	check(buf_add(&traced,
		S("Return-Path: <alice@a.example>\r\nReceived: from x\r\n\tby y; now\r\n")));
	check(buf_add(&traced, buf_slice(&text)));
	letter_check(buf_slice(&traced), &found);
	check(found.is_ours && found.is_whole);
	for (size_t i = text.len - 300; i < text.len; i++) {
		text.at[i] = (char)(text.at[i] ^ 1);
		letter_check(buf_slice(&text), &found);
		check_row(found.is_ours && !found.is_whole, i);
		text.at[i] = (char)(text.at[i] ^ 1);
	}
	for (size_t len = 0; len < text.len; len++) {
		letter_check(slice_first(buf_slice(&text), len), &found);
		check_row(!found.is_whole, len);
	}
	letter_check(S("Subject: hello\r\n\r\nnobody\r\n"), &found);
	check(!found.is_ours);
}

static void test_stuffing(void **state)
{
	static const struct {
		struct slice in, out;
	} rows[] = {
		{ S_INIT("a\r\n"), S_INIT("a\r\n.\r\n") },
		{ S_INIT(".a\r\n..\r\n"), S_INIT("..a\r\n...\r\n.\r\n") },
		{ S_INIT(""), S_INIT(".\r\n") },
		{ S_INIT("a.\r\n.\r\n"), S_INIT("a.\r\n..\r\n.\r\n") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf out = { .max = 100 };

		check_row(
			letter_stuff(rows[i].in, &out) && slice_same(buf_slice(&out), rows[i].out),
			i);
	}
}

/* Every size as often as planned, warm-up first, the same order for every platform of a block. */
static void test_order_of_sizes(void **state)
{
	struct workload_plan plan = { .seed = 5,
		.sizes = { 1024, 3072, 5120, 10240 },
		.size_count = 4,
		.per_size = 25,
		.warmup_count = 6 };
	uint32_t a[106], b[106], c[106];
	unsigned counts[11] = { 0 };

	(void)state;
	workload_order(&plan, 106, a);
	workload_order(&plan, 106, b);
	check(memcmp(a, b, sizeof a) == 0);
	plan.seed = 6;
	workload_order(&plan, 106, c);
	check(memcmp(a, c, sizeof a) != 0);
	for (unsigned i = 6; i < 106; i++)
		counts[a[i] / 1024]++;
	check(counts[1] == 25 && counts[3] == 25 && counts[5] == 25 && counts[10] == 25);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_sizes),
		cmocka_unit_test(test_is_an_rfc5322_message),
		cmocka_unit_test(test_too_small_and_too_large),
		cmocka_unit_test(test_same_seed_same_body),
		cmocka_unit_test(test_judgement),
		cmocka_unit_test(test_stuffing),
		cmocka_unit_test(test_order_of_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
