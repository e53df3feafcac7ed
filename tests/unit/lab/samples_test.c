/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "lab/files/file.h"
#include "lab/samples/samples.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	SAMPLES = 70,   /* two full blocks and a part */
	POINTS_AT = 30, /* of t0 in a record */
};

static struct sample sample_of(uint32_t i)
{
	struct sample s = { .sequence = i + 1,
		.size_bytes = 1024 * (i % 10 + 1),
		.outcome = OUTCOME_DELIVERED,
		.flags = i < 5 ? SAMPLE_IS_WARMUP : 0,
		.poll_count = i,
		.reply_code = 250,
		.step = (uint16_t)(i % 3),
		.tls_us = i % 4 == 1 ? 70000 + i : 0,
		.login_us = 3000000 + i,
		.wait_ns = (UINT64_C(1) << 48) - 1 - i,
		.poll_gap_ns = 1000000 + i };

	for (unsigned k = 0; k < SAMPLE_POINT_COUNT; k++)
		s.at_ns[k] = k == 0 ? UINT64_C(1) << 60 : 1000 * (uint64_t)k + i;
	if (i % 7 == 3) {
		s.outcome = OUTCOME_LOST;
		s.at_ns[POINT_SEEN] = s.at_ns[POINT_FETCHED] = SAMPLE_NEVER;
	}
	return s;
}

/* A good file's bytes. */
static void file_make(struct buf *ret)
{
	struct sample samples[SAMPLES];
	struct sample_file file = {
		.run = "abc", .trial = "1/2-tcg", .samples = samples, .count = SAMPLES
	};
	struct error e = { .fault = FAULT_NONE };
	char path[] = "/tmp/mvlab-samples-XXXXXX";
	int fd = mkstemp(path);

	check(fd >= 0);
	(void)close(fd);
	for (uint32_t i = 0; i < SAMPLES; i++)
		samples[i] = sample_of(i);
	check(samples_write(path, &file, &e));
	check(file_get(path, ret, &e));
	(void)unlink(path);
}

static bool is_same(const struct sample *a, const struct sample *b)
{
	/* Between these two lie bytes that belong to neither. */
	size_t head = offsetof(struct sample, login_us) + sizeof a->login_us;
	size_t tail = offsetof(struct sample, poll_gap_ns);

	return memcmp(a, b, head) == 0 &&
	       memcmp((const char *)a + tail, (const char *)b + tail, sizeof *a - tail) == 0;
}

static void test_comes_back(void **state)
{
	auto_buf bytes = { .max = 1 << 20 };
	struct sample_file file;
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	file_make(&bytes);
	check(bytes.len == 4 * (size_t)SAMPLES_BLOCK_BYTES);
	check(samples_parse(buf_slice(&bytes), &file, &e));
	check(file.count == SAMPLES && strcmp(file.run, "abc") == 0 &&
		strcmp(file.trial, "1/2-tcg") == 0);
	for (uint32_t i = 0; i < SAMPLES; i++) {
		struct sample s = sample_of(i);

		check_row(is_same(&s, &file.samples[i]), i);
	}
	sample_file_done(&file);
}

/* Between banner and EHLO lie the handshake (unless it came before the banner) and the login. */
static void test_spans(void **state)
{
	struct sample s = { .tls_us = 3, .login_us = 2 };
	static const struct {
		unsigned flags;
		enum sample_point from, to;
		uint64_t ns;
	} rows[] = {
		{ 0, POINT_START, POINT_BANNER, 10000 },
		{ SAMPLE_TLS_IS_FIRST, POINT_START, POINT_BANNER, 7000 },
		{ 0, POINT_BANNER, POINT_HELLO, 5000 },
		{ SAMPLE_TLS_IS_FIRST, POINT_BANNER, POINT_HELLO, 8000 },
		{ 0, POINT_START, POINT_HELLO, 15000 },
		{ SAMPLE_TLS_IS_FIRST, POINT_START, POINT_HELLO, 15000 },
		{ 0, POINT_HELLO, POINT_MAIL, 10000 },
	};

	(void)state;
	for (unsigned k = 0; k < SAMPLE_POINT_COUNT; k++)
		s.at_ns[k] = 10000 * (uint64_t)k;
	for (size_t i = 0; i < COUNT(rows); i++) {
		s.flags = (uint16_t)rows[i].flags;
		check_row(sample_span_ns(&s, rows[i].from, rows[i].to) == rows[i].ns, i);
	}
	s.login_us = UINT32_MAX; /* more than there is: a damaged file, not a long time */
	check(sample_span_ns(&s, POINT_BANNER, POINT_HELLO) == 0);
}

static void test_crc(void **state)
{
	(void)state;
	check(crc32c("123456789", 9) == 0xe3069283u); /* the check value of CRC-32C */
	check(crc32c("", 0) == 0);
}

static bool parses(struct slice bytes)
{
	struct sample_file file;
	struct error e = { .fault = FAULT_NONE };

	if (!samples_parse(bytes, &file, &e)) {
		check(e.fault != FAULT_NONE && e.text[0] != '\0');
		return false;
	}
	sample_file_done(&file);
	return true;
}

static void test_every_length(void **state)
{
	auto_buf bytes = { .max = 1 << 20 };

	(void)state;
	file_make(&bytes);
	for (size_t len = 0; len < bytes.len; len += 61)
		check_row(!parses(slice_first(buf_slice(&bytes), len)) ||
				  len % SAMPLES_BLOCK_BYTES == 0,
			len);
	/* Cut at a block's end it is a shorter file, as after a crash between two blocks. */
	check(parses(slice_first(buf_slice(&bytes), 2 * (size_t)SAMPLES_BLOCK_BYTES)));
	check(!parses(slice_skip(buf_slice(&bytes), SAMPLES_BLOCK_BYTES)));
}

static void test_every_flipped_byte_is_found(void **state)
{
	auto_buf bytes = { .max = 1 << 20 };

	(void)state;
	file_make(&bytes);
	for (size_t at = 0; at < bytes.len; at += 97) {
		bytes.at[at] = (char)(bytes.at[at] ^ 0x10);
		check_row(!parses(buf_slice(&bytes)), at);
		bytes.at[at] = (char)(bytes.at[at] ^ 0x10);
	}
	check(parses(buf_slice(&bytes)));
}

static void reseal(char *block)
{
	uint32_t crc = crc32c(block, SAMPLES_BLOCK_BYTES - 4);

	for (unsigned i = 0; i < 4; i++)
		block[SAMPLES_BLOCK_BYTES - 4 + i] = (char)(crc >> (8 * i));
}

/* Bytes with a right checksum and wrong contents: answered, never believed beyond their bounds. */
static void test_lies_under_a_right_checksum(void **state)
{
	auto_buf good = { .max = 1 << 20 };
	uint32_t random = 2463534242u;

	(void)state;
	file_make(&good);
	for (unsigned round = 0; round < 2000; round++) {
		auto_buf bytes = { .max = 1 << 20 };
		char *block;

		check(buf_add(&bytes, buf_slice(&good)));
		for (unsigned k = 0; k < 3; k++) {
			random ^= random << 13;
			random ^= random >> 17;
			random ^= random << 5;
			size_t place = random % (k == 0 ? 128u : SAMPLES_BLOCK_BYTES - 4u);
			block = bytes.at + (1 + round % 3) * (size_t)SAMPLES_BLOCK_BYTES;
			if (k == 0) /* the trailer is where counts and numbers are */
				place += SAMPLES_BLOCK_BYTES - 128u - (place > 123 ? 8u : 0u);
			block[place] = (char)(random >> 24);
		}
		reseal(bytes.at + (1 + round % 3) * (size_t)SAMPLES_BLOCK_BYTES);
		(void)parses(buf_slice(&bytes));
	}
}

/* A file of version 1: words where there are two now, no handshake, waits of eight bytes. */
static void test_the_first_version_is_read(void **state)
{
	auto_buf bytes = { .max = 1 << 20 };
	struct sample_file file;
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	file_make(&bytes);
	char *block = bytes.at + SAMPLES_BLOCK_BYTES, *at = block + 16;
	static const unsigned char old[16] = { 250, 0, 0, 0, 7, 0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0 };

	check(memcmp(bytes.at, "mailvisor-lab samples 2\n", 24) == 0);
	bytes.at[22] = '1';
	reseal(bytes.at);
	memcpy(at, old, sizeof old);
	memset(block + 32, 0, SAMPLES_RECORD_BYTES - 32);
	block[SAMPLES_PER_BLOCK * SAMPLES_RECORD_BYTES + 8] =
		1; /* record; the others are of version 2 */
	reseal(block);
	check(samples_parse(
		slice_first(buf_slice(&bytes), 2 * (size_t)SAMPLES_BLOCK_BYTES), &file, &e));
	check(file.count == 1 && file.samples[0].reply_code == 250 && file.samples[0].step == 7 &&
		file.samples[0].tls_us == 0 && file.samples[0].login_us == 0 &&
		file.samples[0].poll_gap_ns == UINT64_C(0x060504030201));
	sample_file_done(&file);
}

static void test_contradictions(void **state)
{
	static const struct {
		unsigned point;
		uint64_t value;
	} rows[] = { { POINT_FETCHED, SAMPLE_NEVER }, { POINT_SEEN, 1 },
		{ POINT_START, UINT64_C(1) << 40 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf bytes = { .max = 1 << 20 };
		char *field;

		file_make(&bytes);
		field = bytes.at + SAMPLES_BLOCK_BYTES + POINTS_AT + 8 * rows[i].point;
		for (unsigned k = 0; k < 8; k++)
			field[k] = (char)(rows[i].value >> (8 * k));
		reseal(bytes.at + SAMPLES_BLOCK_BYTES);
		check_row(!parses(buf_slice(&bytes)), i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_the_first_version_is_read),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_every_flipped_byte_is_found),
		cmocka_unit_test(test_lies_under_a_right_checksum),
		cmocka_unit_test(test_contradictions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
