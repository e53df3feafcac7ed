/* SPDX-License-Identifier: MIT */
#include "base/cursor.h"

#include <string.h>

struct cursor cursor_over(struct slice s)
{
	static const char nothing[1];
	const char *at = s.at == NULL ? nothing : s.at;

	return (struct cursor){ at, at + s.len, false };
}

bool cursor_finished(const struct cursor *c)
{
	return !c->broken && c->at == c->end;
}

void cursor_break(struct cursor *c)
{
	c->broken = true;
}

int cursor_peek(const struct cursor *c)
{
	return cursor_at_end(c) ? -1 : (unsigned char)*c->at;
}

bool cursor_try(struct cursor *c, struct slice word)
{
	if (c->broken || !slice_starts_nocase(cursor_rest(c), word))
		return false;
	c->at += word.len;
	return true;
}

void cursor_expect(struct cursor *c, struct slice word)
{
	if (!cursor_try(c, word))
		c->broken = true;
}

struct slice cursor_until(struct cursor *c, char stop)
{
	struct slice rest = cursor_rest(c);
	size_t len = slice_find(rest, stop);

	if (c->broken || len == rest.len) {
		c->broken = true;
		return S("");
	}
	c->at += len + 1;
	return slice_first(rest, len);
}

struct slice cursor_while(struct cursor *c, bool (*is_part)(char byte))
{
	const char *from = c->at;

	if (c->broken)
		return S("");
	while (c->at < c->end && is_part(*c->at))
		c->at++;
	return (struct slice){ from, (size_t)(c->at - from) };
}

struct slice cursor_take(struct cursor *c, size_t count)
{
	const char *from = c->at;

	if (c->broken || cursor_left(c) < count) {
		c->broken = true;
		return S("");
	}
	c->at += count;
	return (struct slice){ from, count };
}

uint64_t cursor_number(struct cursor *c, uint64_t max)
{
	struct slice digits = cursor_while(c, ascii_is_digit);
	uint64_t value = 0;

	if (c->broken || !slice_number(digits, max, &value))
		c->broken = true;
	return value;
}
