/* SPDX-License-Identifier: MIT */
#include "syntax/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
enum { PADDING = 64 /* its place in letters */ };

/* 0 to 63, or -1. */
static int letter_value(char byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A';
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 26;
	if (byte >= '0' && byte <= '9')
		return byte - '0' + 52;
	return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

/* Four letters, of which the last `pad_count` are '='. False: a foreign letter, or bits left over. */
static bool quad_decode(const char *quad, size_t pad_count, char *ret)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i < 4 - pad_count ? letter_value(quad[i]) : 0;

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
	}
	for (size_t i = 0; i < 3; i++)
		ret[i] = (char)(bits >> (16 - 8 * i) & 0xff);
	return (pad_count < 1 || ret[2] == 0) && (pad_count < 2 || ret[1] == 0);
}

bool base64_decode(struct slice s, struct buf *ret)
{
	size_t before = ret->len;

	if (s.len % 4 != 0)
		return false;
	for (size_t i = 0; i < s.len; i += 4) {
		bool is_last = i + 4 == s.len;
		size_t pad_count = !is_last || s.at[i + 3] != '=' ? 0 : s.at[i + 2] != '=' ? 1 : 2;
		char bytes[3];

		if (!quad_decode(s.at + i, pad_count, bytes) ||
			!buf_add(ret, (struct slice){ bytes, 3 - pad_count })) {
			ret->len = before;
			return false;
		}
	}
	return true;
}

bool base64_encode(struct slice s, struct buf *ret)
{
	size_t len = s.len / 3 * 4 + (s.len % 3 == 0 ? 0 : 4);
	char *at = s.len > SIZE_MAX / 2 ? NULL : buf_reserve(ret, len);

	if (at == NULL)
		return false;
	for (size_t i = 0; i < s.len; i += 3) {
		uint32_t bits = 0;

		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (i + k < s.len ? (uint8_t)s.at[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			*at++ = letters[i + k > s.len ? PADDING : bits >> (18 - 6 * k) & 63];
	}
	buf_grew(ret, len);
	return true;
}
