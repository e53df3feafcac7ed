/* SPDX-License-Identifier: MIT */
#include "syntax/pop3_line.h"

#include "base/cursor.h"

/* Exactly one space is taken: in PASS (RFC 1939 7) all others belong to the password. */
struct pop3_command pop3_line_split(struct slice line)
{
	size_t verb_len = slice_find(line, ' ');

	return (struct pop3_command){ slice_first(line, verb_len), slice_skip(line, verb_len + 1) };
}

static bool is_space(char byte)
{
	return byte == ' ';
}

bool pop3_line_number(struct slice args, uint32_t *ret)
{
	struct cursor c = cursor_over(args);
	uint64_t number;

	(void)cursor_while(&c, is_space);
	number = cursor_number(&c, UINT32_MAX);
	(void)cursor_while(&c, is_space);
	if (!cursor_finished(&c) || number == 0)
		return false;
	*ret = (uint32_t)number;
	return true;
}

bool pop3_line_top(struct slice args, uint32_t *ret_message, uint32_t *ret_lines)
{
	struct cursor c = cursor_over(args);
	uint64_t message, lines;

	(void)cursor_while(&c, is_space);
	message = cursor_number(&c, UINT32_MAX);
	cursor_expect(&c, S(" "));
	(void)cursor_while(&c, is_space);
	lines = cursor_number(&c, UINT32_MAX);
	(void)cursor_while(&c, is_space);
	if (!cursor_finished(&c) || message == 0)
		return false;
	*ret_message = (uint32_t)message;
	*ret_lines = (uint32_t)lines;
	return true;
}
