/* SPDX-License-Identifier: MIT */
#include "fuzz.h"
#include "syntax/utf7.h"
#include "syntax/utf8.h"

enum { TEXT_BYTES = 1 << 20 };

/* Decode and encode undo each other: one name, one spelling. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = fuzz_input(data, size);
	auto_buf decoded = { .max = TEXT_BYTES }, again = { .max = TEXT_BYTES };
	auto_buf encoded = { .max = TEXT_BYTES }, back = { .max = TEXT_BYTES };

	if (size > TEXT_BYTES / 8)
		return 0;
	if (utf7_decode(s, &decoded)) {
		invariant(utf8_is_valid(buf_slice(&decoded)));
		invariant(utf7_encode(buf_slice(&decoded), &again));
		invariant(slice_same(buf_slice(&again), s));
	}
	invariant(utf7_encode(s, &encoded) == utf8_is_valid(s));
	if (utf8_is_valid(s)) {
		invariant(!fuzz_has_control(buf_slice(&encoded)));
		invariant(utf8_is_ascii(buf_slice(&encoded)));
		invariant(utf7_decode(buf_slice(&encoded), &back));
		invariant(slice_same(buf_slice(&back), s));
	}
	return 0;
}
