/* SPDX-License-Identifier: MIT */
/*
 * A sample file: as it is, and with its checksums made right, so that what lies behind them is reached. What was
 * read is written and read again.
 */
#include "fuzz.h"
#include "lab/samples/samples.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BYTES_MAX = 16 * SAMPLES_BLOCK_BYTES };

static void seal(unsigned char *bytes, size_t len)
{
	for (size_t at = 0; at + SAMPLES_BLOCK_BYTES <= len; at += SAMPLES_BLOCK_BYTES) {
		uint32_t crc = crc32c(bytes + at, SAMPLES_BLOCK_BYTES - 4);

		for (unsigned i = 0; i < 4; i++)
			bytes[at + SAMPLES_BLOCK_BYTES - 4 + i] = (unsigned char)(crc >> (8 * i));
	}
}

static void again(const struct sample_file *file)
{
	char path[] = "/tmp/fuzz-samples-XXXXXX";
	struct sample_file back;
	struct error e = { .fault = FAULT_NONE };
	int fd = mkstemp(path);

	invariant(fd >= 0);
	(void)close(fd);
	invariant(samples_write(path, file, &e) && samples_read(path, &back, &e));
	invariant(back.count == file->count && strcmp(back.run, file->run) == 0);
	for (size_t i = 0; i < file->count; i++)
		invariant(memcmp(&back.samples[i], &file->samples[i], sizeof *back.samples) == 0);
	sample_file_done(&back);
	(void)unlink(path);
}

static void parse(struct slice bytes)
{
	struct sample_file file;
	struct error e = { .fault = FAULT_NONE };

	if (!samples_parse(bytes, &file, &e)) {
		invariant(e.fault == FAULT_NEVER && e.text[0] != '\0');
		return;
	}
	for (size_t i = 0; i < file.count; i++) {
		invariant(file.samples[i].outcome < OUTCOME_COUNT);
		invariant(file.samples[i].outcome != OUTCOME_DELIVERED ||
			  file.samples[i].at_ns[POINT_FETCHED] != SAMPLE_NEVER);
	}
	again(&file);
	sample_file_done(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char bytes[BYTES_MAX];

	if (size > sizeof bytes)
		return 0;
	parse(fuzz_input(data, size));
	memcpy(bytes, data, size);
	seal(bytes, size);
	parse((struct slice){ (const char *)bytes, size });
	return 0;
}
