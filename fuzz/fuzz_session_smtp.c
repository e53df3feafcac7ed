/* SPDX-License-Identifier: MIT */
/*
 * The first byte chooses SMTP, submission or LMTP; the others are what the client sends.
 */
#include "fuzz.h"
#include "session_world.h"

#include <string.h>

enum { OUTPUT_BYTES_MAX = 4 << 20, REPLY_LINE_BYTES_MAX = 512 /* RFC 5321 4.5.3.1.5 */ };

/* "250-text" or "250 text": no line that a client could not read. */
static void check_reply_line(struct slice line)
{
	invariant(line.len >= 5 && line.len <= REPLY_LINE_BYTES_MAX);
	invariant(line.at[0] >= '2' && line.at[0] <= '5');
	invariant(ascii_is_digit(line.at[1]) && ascii_is_digit(line.at[2]));
	invariant(line.at[3] == ' ' || line.at[3] == '-' || line.at[3] == '\r');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum session_kind kinds[] = { SESSION_SMTP, SESSION_SUBMISSION, SESSION_LMTP };
	auto_buf output = { .max = OUTPUT_BYTES_MAX };
	struct slice input = fuzz_input(data, size), rest;

	if (size < 1 || size > SESSION_WORLD_INPUT_MAX)
		return 0;
	session_world_run(kinds[data[0] % COUNT(kinds)], slice_skip(input, 1), &output);
	rest = buf_slice(&output);
	invariant(session_world_has_lines(rest) && slice_starts(rest, S("220 ")));
	while (rest.len > 0) {
		size_t len = slice_find(rest, '\n') + 1;

		check_reply_line(slice_first(rest, len));
		rest = slice_skip(rest, len);
	}
	return 0;
}
