/* SPDX-License-Identifier: MIT */
#include "fuzz.h"
#include "syntax/pop3_line.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = fuzz_input(data, size);
	struct pop3_command command = pop3_line_split(s);
	uint32_t number = 0, message = 0, lines = 0, again = 0, again_lines = 0;
	char text[32];

	invariant(fuzz_is_inside(command.verb, s) && fuzz_is_inside(command.args, s));
	invariant(slice_find(command.verb, ' ') == command.verb.len);
	invariant(command.verb.len + command.args.len + 1 >= s.len);
	if (pop3_line_number(command.args, &number)) {
		(void)snprintf(text, sizeof text, "%u", number);
		invariant(
			number > 0 && pop3_line_number(slice_of(text), &again) && again == number);
	}
	if (pop3_line_top(command.args, &message, &lines)) {
		(void)snprintf(text, sizeof text, "%u %u", message, lines);
		invariant(message > 0 && pop3_line_top(slice_of(text), &again, &again_lines));
		invariant(again == message && again_lines == lines);
		invariant(!pop3_line_number(command.args, &again));
	}
	return 0;
}
