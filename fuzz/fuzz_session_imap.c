/* SPDX-License-Identifier: MIT */
#include "fuzz.h"
#include "session_world.h"

#include <string.h>

enum { OUTPUT_BYTES_MAX = 64 << 20 /* one mail may be fetched thousands of times in one input */ };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf output = { .max = OUTPUT_BYTES_MAX };
	struct slice said;

	if (size > SESSION_WORLD_INPUT_MAX)
		return 0;
	session_world_run(SESSION_IMAP, fuzz_input(data, size), &output);
	said = buf_slice(&output);
	invariant(slice_starts(said, S("* OK [CAPABILITY ")));
	/* What ends by itself ends a line; a body may be cut only by the end of the client. */
	invariant(said.len > 2);
	return 0;
}
