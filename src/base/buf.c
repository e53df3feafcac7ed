/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_done(struct buf *b)
{
	if (!b->is_fixed) {
		free(b->at);
		b->at = NULL;
		b->room = 0;
	}
	b->len = 0;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
}

char *buf_reserve(struct buf *b, size_t count)
{
	invariant(b->len <= b->room && b->room <= b->max);
	if (count > b->max - b->len)
		return NULL;
	if (count > b->room - b->len || b->at == NULL) {
		size_t need = b->len + count;
		size_t room = need > b->max / 2 ? b->max : 2 * need;
		char *at;

		if (b->is_fixed)
			return NULL;
		at = realloc(b->at, room == 0 ? 1 : room);
		if (at == NULL)
			return NULL;
		b->at = at;
		b->room = room;
	}
	return b->at + b->len;
}

void buf_grew(struct buf *b, size_t count)
{
	invariant(count <= b->room - b->len);
	b->len += count;
}

bool buf_add(struct buf *b, struct slice s)
{
	char *at = buf_reserve(b, s.len);

	if (at == NULL)
		return false;
	if (s.len > 0)
		memcpy(at, s.at, s.len);
	b->len += s.len;
	return true;
}

bool buf_add_byte(struct buf *b, char byte)
{
	if (b->len == b->room)
		return buf_add(b, (struct slice){ &byte, 1 });
	b->at[b->len++] = byte;
	return true;
}

bool buf_add_number(struct buf *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	return buf_add(b, (struct slice){ digits + at, sizeof digits - at });
}

/* Into the room that is there; only when it is too small once more. */
bool buf_add_format(struct buf *b, const char *format, ...)
{
	size_t left = b->room - b->len;
	va_list words, again;
	int len;
	char *at = NULL;

	va_start(words, format);
	va_copy(again, words);
	len = vsnprintf(left > 0 ? b->at + b->len : NULL, left, format, words);
	va_end(words);
	/* One more byte than we keep: vsnprintf ends with a NUL. */
	if (len >= 0)
		at = buf_reserve(b, (size_t)len + 1);
	if (at != NULL) {
		if ((size_t)len >= left)
			(void)vsnprintf(at, (size_t)len + 1, format, again);
		b->len += (size_t)len;
	}
	va_end(again);
	return at != NULL;
}

void buf_shift(struct buf *b, size_t count)
{
	invariant(count <= b->len);
	if (count > 0 && count < b->len)
		memmove(b->at, b->at + count, b->len - count);
	b->len -= count;
}

struct slice buf_slice(const struct buf *b)
{
	return (struct slice){ b->at, b->len };
}
