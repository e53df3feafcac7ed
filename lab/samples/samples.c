/* SPDX-License-Identifier: MIT */
#include "lab/samples/samples.h"

#include "lab/files/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Version 1 had reply_code:u32 step:u32 for what is reply_code:u16 step:u16 tls_us:u32 now, and u64 for both waits. */
static const char first_line[] = "mailvisor-lab samples 2\n";
static const char first_line_1[] = "mailvisor-lab samples 1\n";
static const char about[] =
	"# Blocks of 4096 bytes: this text, then 31 records of 128 bytes and a trailer (u32 "
	"magic,\n"
	"# u32 block number from 1, u32 record count, zeros, u32 CRC-32C of the block before it).\n"
	"byte_order=little\nclock=CLOCK_MONOTONIC nanoseconds\n"
	"fields=sequence:u32 size_bytes:u32 outcome:u16 flags:u16 poll_count:u32 reply_code:u16 "
	"step:u16 tls_us:u32 "
	"poll_gap_ns:u48 t0:u64 t1..t10:u64(since t0) wait_ns:u48 login_us:u32\n"
	"outcomes=delivered refused broken lost corrupt\nflags=1:warmup 2:duplicated 4:late "
	"8:seen_first 16:unchecked 32:scheduled 64:tls_is_first 128:resumed\n"
	"points=due start banner hello mail rcpt data sent accepted seen fetched\n";

enum { BLOCK_MAGIC = 0x4b4c4253 }; /* "SBLK" */
_Static_assert(
	SAMPLES_PER_BLOCK *SAMPLES_RECORD_BYTES + SAMPLES_RECORD_BYTES == SAMPLES_BLOCK_BYTES,
	"the trailer takes the place of one record");

const char *sample_outcome_name(unsigned outcome)
{
	static const char *const names[OUTCOME_COUNT] = { "delivered", "refused", "broken", "lost",
		"corrupt" };

	return outcome < OUTCOME_COUNT ? names[outcome] : "unknown";
}

uint64_t sample_latency_ns(const struct sample *s)
{
	bool is_planned = (s->flags & SAMPLE_IS_SCHEDULED) != 0;

	return s->at_ns[POINT_FETCHED] - (is_planned ? 0 : s->at_ns[POINT_START]);
}

uint64_t sample_span_ns(const struct sample *s, enum sample_point from, enum sample_point to)
{
	bool is_first = (s->flags & SAMPLE_TLS_IS_FIRST) != 0;
	uint64_t span = s->at_ns[to] - s->at_ns[from], other = 0;

	if (from <= POINT_START && to >= POINT_BANNER && is_first)
		other += s->tls_us;
	if (from <= POINT_BANNER && to >= POINT_HELLO)
		other += s->login_us + (is_first ? 0 : (uint64_t)s->tls_us);
	other *= 1000;
	return other < span ? span - other : 0;
}

uint32_t crc32c(const void *bytes, size_t count)
{
	const unsigned char *at = bytes;
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < count; i++) {
		crc ^= at[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (UINT32_C(0x82f63b78) & (0U - (crc & 1U)));
	}
	return ~crc;
}

static void put(unsigned char **at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		*(*at)++ = (unsigned char)(value >> (8 * i));
}

static uint64_t get(const unsigned char **at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t) * (*at)++ << (8 * i);
	return value;
}

static void record_put(unsigned char *at, const struct sample *s)
{
	put(&at, s->sequence, 4);
	put(&at, s->size_bytes, 4);
	put(&at, s->outcome, 2);
	put(&at, s->flags, 2);
	put(&at, s->poll_count, 4);
	put(&at, s->reply_code, 2);
	put(&at, s->step, 2);
	put(&at, s->tls_us, 4);
	put(&at, s->poll_gap_ns, SAMPLES_WAIT_BYTES);
	for (unsigned i = 0; i < SAMPLE_POINT_COUNT; i++)
		put(&at, s->at_ns[i], 8);
	put(&at, s->wait_ns, SAMPLES_WAIT_BYTES);
	put(&at, s->login_us, 4);
}

static void record_get(const unsigned char *at, bool is_first_version, struct sample *ret)
{
	unsigned rest = is_first_version ? 2 : 0; /* what was zeros then */

	ret->sequence = (uint32_t)get(&at, 4);
	ret->size_bytes = (uint32_t)get(&at, 4);
	ret->outcome = (uint16_t)get(&at, 2);
	ret->flags = (uint16_t)get(&at, 2);
	ret->poll_count = (uint32_t)get(&at, 4);
	ret->reply_code = (uint16_t)get(&at, 2);
	at += rest;
	ret->step = (uint16_t)get(&at, 2);
	at += rest;
	ret->tls_us = is_first_version ? 0 : (uint32_t)get(&at, 4);
	ret->poll_gap_ns = get(&at, SAMPLES_WAIT_BYTES);
	at += rest;
	for (unsigned i = 0; i < SAMPLE_POINT_COUNT; i++)
		ret->at_ns[i] = get(&at, 8);
	ret->wait_ns = get(&at, SAMPLES_WAIT_BYTES);
	ret->login_us = is_first_version ? 0 : (uint32_t)get(&at, 4);
}

static void seal(unsigned char *block)
{
	unsigned char *at = block + SAMPLES_BLOCK_BYTES - 4;

	put(&at, crc32c(block, SAMPLES_BLOCK_BYTES - 4), 4);
}

static bool is_sealed(const unsigned char *block)
{
	const unsigned char *at = block + SAMPLES_BLOCK_BYTES - 4;

	return get(&at, 4) == crc32c(block, SAMPLES_BLOCK_BYTES - 4);
}

static void block_put(
	unsigned char *block, uint32_t number, const struct sample *from, size_t count)
{
	unsigned char *trailer = block + (size_t)SAMPLES_PER_BLOCK * SAMPLES_RECORD_BYTES;

	for (size_t i = 0; i < count; i++)
		record_put(block + i * SAMPLES_RECORD_BYTES, &from[i]);
	put(&trailer, BLOCK_MAGIC, 4);
	put(&trailer, number, 4);
	put(&trailer, count, 4);
	seal(block);
}

bool samples_write(const char *path, const struct sample_file *file, struct error *e)
{
	size_t block_count = 1 + (file->count + SAMPLES_PER_BLOCK - 1) / SAMPLES_PER_BLOCK;
	auto_free unsigned char *bytes = calloc(block_count, SAMPLES_BLOCK_BYTES);

	if (bytes == NULL)
		return fail(e, FAULT_LATER, "write samples '%s': %m", path);
	(void)snprintf((char *)bytes, SAMPLES_BLOCK_BYTES - 4, "%srun=%s\ntrial=%s\n%s", first_line,
		file->run, file->trial, about);
	seal(bytes);
	for (size_t b = 1; b < block_count; b++) {
		size_t from = (b - 1) * SAMPLES_PER_BLOCK;
		size_t left = file->count - from;

		block_put(bytes + b * SAMPLES_BLOCK_BYTES, (uint32_t)b, &file->samples[from],
			left < SAMPLES_PER_BLOCK ? left : SAMPLES_PER_BLOCK);
	}
	return file_put(
		path, (struct slice){ (const char *)bytes, block_count * SAMPLES_BLOCK_BYTES }, e);
}

/* The value of "name=" at the start of a line of the header. */
static bool header_value(struct slice text, const char *name, char room[SAMPLES_LABEL_BYTES])
{
	struct slice key = slice_of(name);

	while (text.len > 0) {
		struct slice line = slice_first(text, slice_find(text, '\n'));

		if (slice_starts(line, key))
			return slice_text(slice_skip(line, key.len), room, SAMPLES_LABEL_BYTES);
		text = slice_skip(text, line.len + 1);
	}
	return false;
}

static bool header_parse(
	struct slice block, struct sample_file *ret, bool *ret_is_first_version, struct error *e)
{
	struct slice text = slice_first(block, slice_find(block, '\0'));

	*ret_is_first_version = slice_starts(text, slice_of(first_line_1));
	if (!*ret_is_first_version && !slice_starts(text, slice_of(first_line)))
		return fail(e, FAULT_NEVER,
			"read samples: not a 'mailvisor-lab samples' file of version 1 or 2");
	if (!is_sealed((const unsigned char *)block.at))
		return fail(e, FAULT_NEVER, "read samples: the header's checksum is wrong");
	if (!header_value(text, "run=", ret->run) || !header_value(text, "trial=", ret->trial))
		return fail(e, FAULT_NEVER, "read samples: the header names no run or trial");
	return true;
}

/* Offsets only grow along the timeline as far as it went, and a delivered mail has an end. */
static bool sample_is_sound(const struct sample *s)
{
	uint64_t last = 0;

	if (s->outcome >= OUTCOME_COUNT)
		return false;
	for (unsigned i = 1; i < SAMPLE_POINT_COUNT; i++) {
		if (s->at_ns[i] == SAMPLE_NEVER)
			continue;
		if (s->at_ns[i] < last)
			return false;
		last = s->at_ns[i];
	}
	return s->outcome != OUTCOME_DELIVERED || s->at_ns[POINT_FETCHED] != SAMPLE_NEVER;
}

static bool block_get(const unsigned char *block, uint32_t number, bool is_first_version,
	struct sample_file *ret, struct error *e)
{
	const unsigned char *trailer = block + (size_t)SAMPLES_PER_BLOCK * SAMPLES_RECORD_BYTES;
	uint64_t magic = get(&trailer, 4), is_number = get(&trailer, 4), count = get(&trailer, 4);

	if (!is_sealed(block) || magic != BLOCK_MAGIC || is_number != number)
		return fail(e, FAULT_NEVER, "read samples: block %u is damaged", number);
	if (count == 0 || count > SAMPLES_PER_BLOCK)
		return fail(e, FAULT_NEVER, "read samples: block %u claims %llu records", number,
			(unsigned long long)count);
	for (uint64_t i = 0; i < count; i++) {
		struct sample *s = &ret->samples[ret->count];

		record_get(block + i * SAMPLES_RECORD_BYTES, is_first_version, s);
		if (!sample_is_sound(s))
			return fail(e, FAULT_NEVER,
				"read samples: record %llu of block %u contradicts itself",
				(unsigned long long)i, number);
		ret->count++;
	}
	return true;
}

bool samples_parse(struct slice bytes, struct sample_file *ret, struct error *e)
{
	struct sample_file file = { .count = 0 };
	size_t block_count = bytes.len / SAMPLES_BLOCK_BYTES;
	bool is_first_version = false;

	if (bytes.len > SAMPLES_FILE_BYTES_MAX || block_count == 0 ||
		bytes.len % SAMPLES_BLOCK_BYTES != 0)
		return fail(e, FAULT_NEVER, "read samples: %zu bytes are not whole blocks of %d",
			bytes.len, SAMPLES_BLOCK_BYTES);
	if (!header_parse(slice_first(bytes, SAMPLES_BLOCK_BYTES), &file, &is_first_version, e))
		return false;
	file.samples = calloc(block_count * SAMPLES_PER_BLOCK, sizeof *file.samples);
	if (file.samples == NULL)
		return fail(e, FAULT_LATER, "read samples: %m");
	for (size_t b = 1; b < block_count; b++) {
		const char *at = bytes.at + b * SAMPLES_BLOCK_BYTES;

		if (!block_get(
			    (const unsigned char *)at, (uint32_t)b, is_first_version, &file, e)) {
			sample_file_done(&file);
			return false;
		}
	}
	*ret = file;
	return true;
}

bool samples_read(const char *path, struct sample_file *ret, struct error *e)
{
	auto_buf bytes = { .max = SAMPLES_FILE_BYTES_MAX };

	if (!file_get(path, &bytes, e))
		return false;
	if (!samples_parse(buf_slice(&bytes), ret, e))
		return fail_in(e, "'%s'", path);
	return true;
}

void sample_file_done(struct sample_file *file)
{
	free(file->samples);
	file->samples = NULL;
	file->count = 0;
}
