/* SPDX-License-Identifier: MIT */
#include "message/charset.h"

#include "syntax/utf8.h"

#include <string.h>
#include <unicase.h>
#include <uninorm.h>

enum {
	DECOMPOSITION_DEPTH = 8, /* Unicode's own chains are under five long */
	FOLD_BLOCK = 32,
};

bool charset_add_character(uint32_t value, struct buf *out)
{
	char bytes[4];
	size_t len = value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
	static const unsigned marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = len; i > 1; i--) {
		bytes[i - 1] = (char)(0x80 | (value & 0x3f));
		value >>= 6;
	}
	bytes[0] = (char)(marks[len] | value);
	return buf_add(out, (struct slice){ bytes, len });
}

/* The character that utf8_first() said is there. */
static uint32_t character_at(const char *at, size_t len)
{
	uint32_t value = (unsigned char)at[0];

	if (len > 1)
		value &= 0x7fu >> len;
	for (size_t i = 1; i < len; i++)
		value = value << 6 | ((unsigned char)at[i] & 0x3f);
	return value;
}

static bool add_folded(uint32_t value, unsigned depth, struct buf *out)
{
	ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];
	int tag, count;

	value = uc_totitle(value);
	count = depth == 0 || value < 0x80 ? -1 : uc_decomposition(value, &tag, parts);
	if (count < 0)
		return charset_add_character(value, out);
	for (int i = 0; i < count; i++) {
		if (!add_folded(parts[i], depth - 1, out))
			return false;
	}
	return true;
}

/* Upper case of ASCII, in blocks that the compiler can turn into vectors; gives up at the first other byte's block. */
static size_t fold_blocks(struct slice s, char *to)
{
	size_t at = 0;

	while (s.len - at >= FOLD_BLOCK) {
		unsigned char block[FOLD_BLOCK], marks = 0;

		memcpy(block, s.at + at, FOLD_BLOCK);
		for (size_t i = 0; i < FOLD_BLOCK; i++)
			marks |= block[i];
		if (marks >= 0x80)
			break;
		for (size_t i = 0; i < FOLD_BLOCK; i++)
			block[i] = (unsigned char)(block[i] -
						   ((unsigned char)(block[i] - 'a') < 26 ? 32 : 0));
		memcpy(to + at, block, FOLD_BLOCK);
		at += FOLD_BLOCK;
	}
	return at;
}

size_t charset_fold_ascii(struct slice s, char *to)
{
	size_t at = fold_blocks(s, to);

	for (; at < s.len && (unsigned char)s.at[at] < 0x80; at++)
		to[at] = (char)(s.at[at] - (s.at[at] >= 'a' && s.at[at] <= 'z' ? 32 : 0));
	return at;
}

bool charset_fold(struct slice s, struct buf *out)
{
	while (s.len > 0) {
		char *to = buf_reserve(out, s.len);
		size_t len;

		if (to == NULL)
			return false;
		len = charset_fold_ascii(s, to);
		buf_grew(out, len);
		s = slice_skip(s, len);
		len = utf8_first(s);
		if (s.len > 0 &&
			!(len == 0 ? buf_add(out, slice_first(s, 1))
				   : add_folded(character_at(s.at, len), DECOMPOSITION_DEPTH, out)))
			return false;
		s = slice_skip(s, len == 0 ? 1 : len);
	}
	return true;
}
