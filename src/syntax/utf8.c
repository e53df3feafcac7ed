/* SPDX-License-Identifier: MIT */
#include "syntax/utf8.h"

/* What RFC 3629 4 allows as the second byte; it alone tells overlong forms and surrogates apart. */
static bool is_second(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return second >= 0x80 && second <= 0xbf;
	}
}

size_t utf8_first(struct slice s)
{
	unsigned char first = s.len == 0 ? 0xff : (unsigned char)s.at[0];
	size_t len = 1;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (s.len < len || !is_second(first, (unsigned char)s.at[1]))
		return 0;
	for (size_t i = 2; i < len; i++) {
		if (((unsigned char)s.at[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

bool utf8_is_valid(struct slice s)
{
	while (s.len > 0) {
		size_t len = utf8_first(s);

		if (len == 0)
			return false;
		s = slice_skip(s, len);
	}
	return true;
}

bool utf8_is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.at[i] >= 0x80)
			return false;
	}
	return true;
}
