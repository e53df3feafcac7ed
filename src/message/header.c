/* SPDX-License-Identifier: MIT */
#include "message/header.h"

#include "base/limits.h"

#include <string.h>

void header_init(struct header *h)
{
	*h = (struct header){ .bytes = { .max = LIMIT_HEADER_BYTES } };
}

void header_done(struct header *h)
{
	buf_done(&h->bytes);
}

/* Where in a line the next byte stands; `seen` of a fresh header is 0. */
enum { AT_LINE_START, AFTER_CR_AT_LINE_START, IN_LINE };

/*
 * How many bytes up to and with the empty line, or all of them. A LF alone also ends a line here:
 * BDAT may bring what DATA refuses, and then it is the same header to every reader of the mail.
 */
static size_t find_end(struct header *h, struct slice s)
{
	size_t at = 0;

	while (at < s.len) {
		if (h->seen == AT_LINE_START && s.at[at] == '\r') {
			h->seen = AFTER_CR_AT_LINE_START;
			at++;
		} else if (h->seen != IN_LINE && s.at[at] == '\n') {
			h->is_complete = true;
			return at + 1;
		} else {
			size_t len = slice_find(slice_skip(s, at), '\n');

			h->seen = at + len < s.len ? AT_LINE_START : IN_LINE;
			at += len + (at + len < s.len ? 1 : 0);
		}
	}
	return s.len;
}

bool header_feed(struct header *h, struct slice s, size_t *ret_used)
{
	size_t room = h->bytes.max - h->bytes.len;
	size_t used = 0;

	if (!h->is_complete && !h->is_too_long)
		used = find_end(h, s);
	if (used > room) {
		h->is_complete = false;
		h->is_too_long = true;
		used = room;
	}
	if (used > 0 && !buf_add(&h->bytes, slice_first(s, used)))
		return false;
	*ret_used = used;
	return true;
}

/* The line at *at with its line end; *at moves behind it. */
static struct slice next_line(struct slice bytes, size_t *at)
{
	struct slice rest = slice_skip(bytes, *at);
	struct slice line = slice_first(rest, slice_find(rest, '\n') + 1);

	*at += line.len;
	return line;
}

static bool is_fold(struct slice bytes, size_t at)
{
	return at < bytes.len && (bytes.at[at] == ' ' || bytes.at[at] == '\t');
}

static struct slice without_line_end(struct slice s)
{
	if (s.len > 0 && s.at[s.len - 1] == '\n')
		s.len--;
	if (s.len > 0 && s.at[s.len - 1] == '\r')
		s.len--;
	return s;
}

/* ftext of RFC 5322 3.6.8; the old syntax (4.5) may have blanks before the colon. */
static bool split_field(struct slice line, struct header_field *ret)
{
	size_t colon = slice_find(line, ':');
	struct slice name = slice_first(line, colon);

	if (colon == line.len)
		return false;
	while (name.len > 0 && (name.at[name.len - 1] == ' ' || name.at[name.len - 1] == '\t'))
		name.len--;
	for (size_t i = 0; i < name.len; i++) {
		if ((unsigned char)name.at[i] <= ' ' || (unsigned char)name.at[i] >= 127)
			return false;
	}
	*ret = (struct header_field){ name, without_line_end(slice_skip(line, colon + 1)) };
	return name.len > 0;
}

bool header_next(struct slice bytes, size_t *at, struct header_field *ret)
{
	while (*at < bytes.len) {
		struct header_field field;
		size_t from = *at;

		if (without_line_end(next_line(bytes, at)).len == 0) {
			*at = bytes.len;
			return false;
		}
		while (is_fold(bytes, *at))
			(void)next_line(bytes, at);
		if (split_field((struct slice){ bytes.at + from, *at - from }, &field)) {
			*ret = field;
			return true;
		}
	}
	return false;
}

bool header_find(struct slice bytes, struct slice name, struct slice *ret_value)
{
	struct header_field field;

	for (size_t at = 0; header_next(bytes, &at, &field);) {
		if (slice_same_nocase(field.name, name)) {
			*ret_value = field.value;
			return true;
		}
	}
	return false;
}

unsigned header_count(struct slice bytes, struct slice name)
{
	struct header_field field;
	unsigned count = 0;

	for (size_t at = 0; header_next(bytes, &at, &field);)
		count += slice_same_nocase(field.name, name) ? 1 : 0;
	return count;
}

bool header_value_text(struct slice value, struct buf *out)
{
	size_t len_before = out->len;

	value = slice_trim(value);
	while (value.len > 0) {
		size_t len = 0;

		while (len < value.len && value.at[len] != '\r' && value.at[len] != '\n')
			len++;
		if (!buf_add(out, slice_first(value, len))) {
			out->len = len_before;
			return false;
		}
		value = slice_skip(value, len + 1);
	}
	return true;
}
