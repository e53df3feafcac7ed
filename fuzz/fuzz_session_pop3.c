/* SPDX-License-Identifier: MIT */
#include "fuzz.h"
#include "session_world.h"

enum { OUTPUT_BYTES_MAX = 64 << 20 /* one mail may be fetched thousands of times in one input */ };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf output = { .max = OUTPUT_BYTES_MAX };

	if (size > SESSION_WORLD_INPUT_MAX)
		return 0;
	session_world_run(SESSION_POP3, fuzz_input(data, size), &output);
	invariant(session_world_has_lines(buf_slice(&output)));
	invariant(slice_starts(buf_slice(&output), S("+OK ")));
	return 0;
}
