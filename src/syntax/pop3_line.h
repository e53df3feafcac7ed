/* SPDX-License-Identifier: MIT */
#pragma once
/* pop3_line - the grammar of POP3 commands: RFC 1939. Slices into the line. */
#include "base/slice.h"

struct pop3_command {
	struct slice verb;
	struct slice args;
};
struct pop3_command pop3_line_split(struct slice line);
/* One message number, 1.. */
MUST_CHECK bool pop3_line_number(struct slice args, uint32_t *ret);
/* Two numbers: TOP msg n */
MUST_CHECK bool pop3_line_top(struct slice args, uint32_t *ret_message, uint32_t *ret_lines);
