/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * fuzz - what the fuzz targets share.
 *
 * A target is one file, fuzz_<name>.c, that defines LLVMFuzzerTestOneInput() and checks properties of
 * what it runs with invariant(); it has a row in meson.build, seeds in seeds/<name>/ and maybe a
 * dictionary. It is linked twice: with replay.c into a test of every build, and (option fuzzers,
 * clang) with libFuzzer.
 */
#include "base/buf.h"
#include "base/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline struct slice fuzz_input(const uint8_t *data, size_t size)
{
	return (struct slice){ (const char *)data, size };
}

/* A part that a parser gave points into what it was given; an empty one may point anywhere. */
static inline bool fuzz_is_inside(struct slice part, struct slice whole)
{
	return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

static inline bool fuzz_has_control(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.at[i] < ' ' || s.at[i] == 127)
			return true;
	}
	return false;
}
