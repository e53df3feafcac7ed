/* SPDX-License-Identifier: MIT */
/*
 * CRC-32C, because processors compute it: eight bytes per instruction, half a microsecond for a
 * mail of 10 KB, and it finds every burst of up to 32 bits. Without the instruction, a table.
 */
#include "store/store_engine.h"

#include <pthread.h>
#include <string.h>

#define POLYNOMIAL 0x82f63b78u /* Castagnoli's, bits reversed */

static uint32_t table[256];

static void table_make(void)
{
	for (uint32_t byte = 0; byte < COUNT(table); byte++) {
		uint32_t crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 1) != 0 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
		table[byte] = crc;
	}
}

static uint32_t crc_by_table(uint32_t crc, struct slice s)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	invariant(pthread_once(&once, table_make) == 0);
	for (size_t i = 0; i < s.len; i++)
		crc = table[(crc ^ (unsigned char)s.at[i]) & 0xff] ^ crc >> 8;
	return crc;
}

#if defined(__x86_64__)
/*
 * The instruction takes three cycles and may begin every cycle, so three stretches are summed side
 * by side and joined: the sum of "ab" is that of "a" moved over as many zeros as b has bytes, xor
 * b's.
 */
enum { STRETCH_BYTES = 1024 };
static uint32_t moved[4][256]; /* byte i of a sum, moved over STRETCH_BYTES zeros */

#define WITH_INSTRUCTION __attribute__((target("sse4.2")))

static uint64_t load_eight(const char *at)
{
	uint64_t eight;

	memcpy(&eight, at, sizeof eight);
	return eight;
}

WITH_INSTRUCTION static void moved_make(void)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		uint64_t sum = UINT32_C(1) << bit;
		uint32_t *row = moved[bit / 8];

		for (int i = 0; i < STRETCH_BYTES; i += 8)
			sum = __builtin_ia32_crc32di(sum, 0);
		for (unsigned byte = 0; byte < 256; byte++) {
			if ((byte & 1u << bit % 8) != 0)
				row[byte] ^= (uint32_t)sum;
		}
	}
}

static uint64_t crc_move(uint64_t sum)
{
	return moved[0][sum & 0xff] ^ moved[1][sum >> 8 & 0xff] ^ moved[2][sum >> 16 & 0xff] ^
	       moved[3][sum >> 24];
}

WITH_INSTRUCTION static uint64_t crc_three_stretches(uint64_t sum, const char *at)
{
	uint64_t second = 0, third = 0;

	for (int i = 0; i < STRETCH_BYTES; i += 8, at += 8) {
		sum = __builtin_ia32_crc32di(sum, load_eight(at));
		second = __builtin_ia32_crc32di(second, load_eight(at + STRETCH_BYTES));
		third = __builtin_ia32_crc32di(third, load_eight(at + 2 * STRETCH_BYTES));
	}
	return crc_move(crc_move(sum) ^ second) ^ third;
}

WITH_INSTRUCTION static uint32_t crc_by_processor(uint32_t crc, struct slice s)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uint64_t sum = crc;
	size_t at = 0;

	if (s.len >= 3 * STRETCH_BYTES)
		invariant(pthread_once(&once, moved_make) == 0);
	for (; s.len - at >= 3 * STRETCH_BYTES; at += 3 * STRETCH_BYTES)
		sum = crc_three_stretches(sum, s.at + at);
	for (; s.len - at >= 8; at += 8)
		sum = __builtin_ia32_crc32di(sum, load_eight(s.at + at));
	crc = (uint32_t)sum;
	for (; at < s.len; at++)
		crc = __builtin_ia32_crc32qi(crc, (unsigned char)s.at[at]);
	return crc;
}

static bool processor_can(void)
{
	return __builtin_cpu_supports("sse4.2") != 0;
}
#else
static uint32_t crc_by_processor(uint32_t crc, struct slice s)
{
	return crc_by_table(crc, s);
}

static bool processor_can(void)
{
	return false;
}
#endif

uint32_t store_crc32c(uint32_t before, struct slice bytes)
{
	return processor_can() ? ~crc_by_processor(~before, bytes) : ~crc_by_table(~before, bytes);
}
