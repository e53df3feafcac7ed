/* SPDX-License-Identifier: MIT */
#include "base/slice.h"

#include <string.h>

char ascii_lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

bool ascii_is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

bool ascii_is_alpha(char byte)
{
	char low = ascii_lower(byte);

	return low >= 'a' && low <= 'z';
}

struct slice slice_of(const char *text)
{
	return text == NULL ? S("") : (struct slice){ text, strlen(text) };
}

bool slice_same(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool slice_same_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (ascii_lower(a.at[i]) != ascii_lower(b.at[i]))
			return false;
	}
	return true;
}

int slice_order(struct slice a, struct slice b)
{
	size_t both = a.len < b.len ? a.len : b.len;
	int order = both == 0 ? 0 : memcmp(a.at, b.at, both);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

struct slice slice_first(struct slice s, size_t count)
{
	return (struct slice){ s.at, count < s.len ? count : s.len };
}

struct slice slice_skip(struct slice s, size_t count)
{
	size_t gone = count < s.len ? count : s.len;

	return (struct slice){ gone == 0 ? s.at : s.at + gone, s.len - gone };
}

bool slice_starts(struct slice s, struct slice with)
{
	return s.len >= with.len && slice_same(slice_first(s, with.len), with);
}

bool slice_starts_nocase(struct slice s, struct slice with)
{
	return s.len >= with.len && slice_same_nocase(slice_first(s, with.len), with);
}

bool slice_ends_nocase(struct slice s, struct slice with)
{
	return s.len >= with.len && slice_same_nocase(slice_skip(s, s.len - with.len), with);
}

size_t slice_find(struct slice s, char byte)
{
	const char *hit = s.len == 0 ? NULL : memchr(s.at, byte, s.len);

	return hit == NULL ? s.len : (size_t)(hit - s.at);
}

size_t slice_find_last(struct slice s, char byte)
{
	const char *hit = s.len == 0 ? NULL : memrchr(s.at, byte, s.len);

	return hit == NULL ? s.len : (size_t)(hit - s.at);
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

struct slice slice_trim(struct slice s)
{
	while (s.len > 0 && is_blank(s.at[0]))
		s = slice_skip(s, 1);
	while (s.len > 0 && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

bool slice_text(struct slice s, char *room, size_t size)
{
	if (s.len >= size || slice_find(s, '\0') != s.len)
		return false;
	if (s.len > 0)
		memcpy(room, s.at, s.len);
	room[s.len] = '\0';
	return true;
}

bool slice_number(struct slice s, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint64_t digit = (uint64_t)(s.at[i] - '0');

		if (!ascii_is_digit(s.at[i]) || value > (max - digit) / 10 || digit > max)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return true;
}

struct slice slice_lower(struct slice s, char *room)
{
	for (size_t i = 0; i < s.len; i++)
		room[i] = ascii_lower(s.at[i]);
	return (struct slice){ room, s.len };
}
