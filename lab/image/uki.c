/* SPDX-License-Identifier: MIT */
#include "lab/image/uki.h"

#include "lab/files/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* PE/COFF as Microsoft's specification has it: offsets in the file, and behind the signature. */
enum {
	PE_HEADER_AT = 0x3c,
	PE_SECTION_COUNT_AT = 6,
	PE_OPTIONAL_BYTES_AT = 20,
	PE_OPTIONAL_AT = 24,
	PE_BASE_AT = PE_OPTIONAL_AT + 24,
	PE_ALIGNMENT_AT = PE_OPTIONAL_AT + 32,
	PE_OPTIONAL_BYTES_MIN = 112,
	PE_SECTION_BYTES = 40,
	PE_SECTION_SIZE_AT = 8,
	PE_SECTION_ADDRESS_AT = 12,
	PE_PLUS_MAGIC = 0x20b,
	WORD_BYTES = 2 * IMAGE_PATH_BYTES,
};

static uint64_t number_at(struct slice file, uint64_t at, unsigned bytes)
{
	uint64_t number = 0;

	if (at + bytes > file.len)
		return 0;
	for (unsigned i = bytes; i-- > 0;)
		number = number << 8 | (unsigned char)file.at[at + i];
	return number;
}

bool uki_end(struct slice program, uint64_t *ret_end, uint64_t *ret_alignment)
{
	uint64_t header = number_at(program, PE_HEADER_AT, 4), end = 0;
	uint64_t count = number_at(program, header + PE_SECTION_COUNT_AT, 2);
	uint64_t options = number_at(program, header + PE_OPTIONAL_BYTES_AT, 2);
	uint64_t sections = header + PE_OPTIONAL_AT + options;

	if (!slice_starts(program, S("MZ")) || header + PE_OPTIONAL_AT > program.len ||
		memcmp(program.at + header, "PE\0\0", 4) != 0 || options < PE_OPTIONAL_BYTES_MIN ||
		number_at(program, header + PE_OPTIONAL_AT, 2) != PE_PLUS_MAGIC || count == 0 ||
		sections + count * PE_SECTION_BYTES > program.len)
		return false;
	uint64_t alignment = number_at(program, header + PE_ALIGNMENT_AT, 4);

	if (alignment == 0 || (alignment & (alignment - 1)) != 0)
		return false;
	for (uint64_t at = sections; count-- > 0; at += PE_SECTION_BYTES) {
		uint64_t last = number_at(program, at + PE_SECTION_ADDRESS_AT, 4) +
				number_at(program, at + PE_SECTION_SIZE_AT, 4);

		end = last > end ? last : end;
	}
	*ret_end = number_at(program, header + PE_BASE_AT, 8) + end;
	*ret_alignment = alignment;
	return true;
}

static uint64_t align(uint64_t at, uint64_t alignment)
{
	return (at + alignment - 1) & ~(alignment - 1);
}

bool uki_write(const char *stub_path, const struct uki_section sections[UKI_SECTION_COUNT],
	const char *to, struct error *e)
{
	char room[2 * UKI_SECTION_COUNT][WORD_BYTES];
	const char *words[3 + 4 * UKI_SECTION_COUNT + 1] = { "objcopy" };
	auto_buf output = { .max = RUN_OUTPUT_BYTES };
	auto_free char *stub = NULL;
	uint64_t at = 0, alignment = 0;
	size_t len = 0, word = 1;

	if (!image_read(stub_path, &stub, &len, e))
		return false;
	if (!uki_end((struct slice){ stub, len }, &at, &alignment))
		return fail(e, FAULT_NEVER, "read '%s': not an UEFI program", stub_path);
	for (size_t i = 0; i < UKI_SECTION_COUNT; i++) {
		struct stat meta;

		if (stat(sections[i].path, &meta) < 0)
			return fail(e, FAULT_NEVER, "open '%s': %m", sections[i].path);
		at = align(at, alignment);
		(void)snprintf(
			room[2 * i], WORD_BYTES, "%s=%s", sections[i].name, sections[i].path);
		(void)snprintf(room[2 * i + 1], WORD_BYTES, "%s=0x%" PRIx64, sections[i].name, at);
		at += (uint64_t)meta.st_size;
		words[word++] = "--add-section";
		words[word++] = room[2 * i];
		words[word++] = "--change-section-vma";
		words[word++] = room[2 * i + 1];
	}
	words[word++] = stub_path;
	words[word++] = to;
	return run(words, S(""), &output, e);
}
