/* SPDX-License-Identifier: MIT */
#include "syntax/percent.h"

#include "syntax/utf8.h"

/* How many bytes from the front are one character that may stand as it is; 0: the first byte may not. */
static size_t plain_first(struct slice bytes)
{
	unsigned char byte = (unsigned char)bytes.at[0];

	if (byte < ' ' || byte == 0x7f || byte == '%')
		return 0;
	return byte < 0x80 ? 1 : utf8_first(bytes);
}

bool percent_write(struct slice bytes, struct buf *out)
{
	while (bytes.len > 0) {
		size_t plain = plain_first(bytes);
		bool is_good = plain > 0
				       ? buf_add(out, slice_first(bytes, plain))
				       : buf_add_format(out, "%%%02X", (unsigned char)bytes.at[0]);

		if (!is_good)
			return false;
		bytes = slice_skip(bytes, plain > 0 ? plain : 1);
	}
	return true;
}

/* -1: it is none. */
static int hex_digit(char byte)
{
	char low = ascii_lower(byte);

	if (ascii_is_digit(byte))
		return byte - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

bool percent_read(struct slice text, struct buf *out)
{
	while (text.len > 0) {
		size_t plain = slice_find(text, '%');
		int high, low;

		if (!buf_add(out, slice_first(text, plain)))
			return false;
		text = slice_skip(text, plain);
		if (text.len == 0)
			return true;
		high = text.len > 2 ? hex_digit(text.at[1]) : -1;
		low = text.len > 2 ? hex_digit(text.at[2]) : -1;
		if (high < 0 || low < 0 || !buf_add_byte(out, (char)(high * 16 + low)))
			return false;
		text = slice_skip(text, 3);
	}
	return true;
}
