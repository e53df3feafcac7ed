/* SPDX-License-Identifier: MIT */
#include "syntax/utf7.h"

#include "syntax/utf8.h"

#include <string.h>

/* RFC 3501 5.1.3: base64 with ',' for '/'. */
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool is_direct(uint32_t character)
{
	return character >= 0x20 && character <= 0x7e;
}

static bool add_utf8(struct buf *out, uint32_t c)
{
	char room[4];
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char marks[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };

	for (size_t i = len - 1; i > 0; i--) {
		room[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	room[0] = (char)(marks[len] | c);
	return buf_add(out, (struct slice){ room, len });
}

/* UTF-16 as it comes; `high` is a surrogate that waits for its other half. */
static bool add_unit(struct buf *out, uint32_t unit, uint32_t *high)
{
	if (*high != 0) {
		uint32_t whole = 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00);

		*high = 0;
		return unit >= 0xdc00 && unit <= 0xdfff && add_utf8(out, whole);
	}
	if (unit >= 0xd800 && unit <= 0xdbff) {
		*high = unit;
		return true;
	}
	return !is_direct(unit) && !(unit >= 0xdc00 && unit <= 0xdfff) && add_utf8(out, unit);
}

/* What stands between "&" and "-". */
static bool decode_shift(struct slice text, struct buf *out)
{
	uint32_t bits = 0, high = 0;
	unsigned bit_count = 0;

	for (size_t i = 0; i < text.len; i++) {
		const char *digit = text.at[i] == '\0' ? NULL : strchr(digits, text.at[i]);

		if (digit == NULL)
			return false;
		bits = bits << 6 | (uint32_t)(digit - digits);
		bit_count += 6;
		if (bit_count >= 16) {
			bit_count -= 16;
			if (!add_unit(out, bits >> bit_count & 0xffff, &high))
				return false;
			bits &= (1u << bit_count) - 1;
		}
	}
	/* No half character, no digit too many, and nothing in the bits that fill up. */
	return high == 0 && bit_count < 6 && bits == 0;
}

static bool decode(struct slice s, struct buf *out)
{
	bool was_shift = false;

	while (s.len > 0) {
		size_t len;

		if (s.at[0] != '&') {
			if (!is_direct((unsigned char)s.at[0]) || !buf_add_byte(out, s.at[0]))
				return false;
			s = slice_skip(s, 1);
			was_shift = false;
			continue;
		}
		len = slice_find(s, '-');
		if (len == s.len)
			return false;
		if (len == 1 ? !buf_add_byte(out, '&')
			     : was_shift || !decode_shift(slice_skip(slice_first(s, len), 1), out))
			return false;
		was_shift = len > 1;
		s = slice_skip(s, len + 1);
	}
	return true;
}

bool utf7_decode(struct slice utf7, struct buf *utf8)
{
	size_t before = utf8->len;

	if (decode(utf7, utf8))
		return true;
	utf8->len = before;
	return false;
}

static uint32_t character(struct slice s, size_t len)
{
	static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = (unsigned char)s.at[0] & masks[len];

	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)s.at[i] & 0x3f);
	return c;
}

/* Base64 that is under way between "&" and "-". */
struct shift {
	uint32_t bits;
	unsigned bit_count;
	bool is_open;
};

static bool shift_unit(struct shift *s, struct buf *out, uint32_t unit)
{
	if (!s->is_open && !buf_add_byte(out, '&'))
		return false;
	s->is_open = true;
	s->bits = s->bits << 16 | unit;
	for (s->bit_count += 16; s->bit_count >= 6;) {
		s->bit_count -= 6;
		if (!buf_add_byte(out, digits[s->bits >> s->bit_count & 0x3f]))
			return false;
	}
	s->bits &= (1u << s->bit_count) - 1;
	return true;
}

static bool shift_close(struct shift *s, struct buf *out)
{
	struct shift was = *s;

	*s = (struct shift){ 0 };
	if (!was.is_open)
		return true;
	if (was.bit_count > 0 && !buf_add_byte(out, digits[was.bits << (6 - was.bit_count) & 0x3f]))
		return false;
	return buf_add_byte(out, '-');
}

static bool encode_one(struct shift *s, struct buf *out, uint32_t c)
{
	if (is_direct(c))
		return shift_close(s, out) &&
		       (c == '&' ? buf_add(out, S("&-")) : buf_add_byte(out, (char)c));
	if (c < 0x10000)
		return shift_unit(s, out, c);
	c -= 0x10000;
	return shift_unit(s, out, 0xd800 + (c >> 10)) && shift_unit(s, out, 0xdc00 + (c & 0x3ff));
}

bool utf7_encode(struct slice utf8, struct buf *utf7)
{
	size_t before = utf7->len;
	struct shift shift = { 0 };

	while (utf8.len > 0) {
		size_t len = utf8_first(utf8);

		if (len == 0 || !encode_one(&shift, utf7, character(utf8, len))) {
			utf7->len = before;
			return false;
		}
		utf8 = slice_skip(utf8, len);
	}
	if (!shift_close(&shift, utf7)) {
		utf7->len = before;
		return false;
	}
	return true;
}
