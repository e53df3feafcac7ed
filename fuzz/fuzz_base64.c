/* SPDX-License-Identifier: MIT */
#include "fuzz.h"
#include "syntax/base64.h"

enum { ROOM_BYTES = 1 << 21 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = fuzz_input(data, size);
	auto_buf plain = { .max = ROOM_BYTES }, text = { .max = ROOM_BYTES };

	/* Strict: only one text stands for given bytes. */
	if (base64_decode(s, &plain)) {
		invariant(base64_encode(buf_slice(&plain), &text));
		invariant(slice_same(buf_slice(&text), s));
	} else {
		invariant(plain.len == 0);
	}
	buf_clear(&plain);
	buf_clear(&text);
	invariant(base64_encode(s, &text) && base64_decode(buf_slice(&text), &plain));
	invariant(slice_same(buf_slice(&plain), s));
	return 0;
}
