/* SPDX-License-Identifier: MIT */
#include "message/imap_string.h"

/* What a quoted string may hold: RFC 9051 9, TEXT-CHAR, without 8-bit. */
static bool is_quotable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char byte = (unsigned char)s.at[i];

		if (byte == '\r' || byte == '\n' || byte == '\0' || byte >= 0x80)
			return false;
	}
	return true;
}

static bool add_quoted(struct buf *out, struct slice s)
{
	if (!buf_add_byte(out, '"'))
		return false;
	while (s.len > 0) {
		size_t len = 0;

		while (len < s.len && s.at[len] != '"' && s.at[len] != '\\')
			len++;
		if (!buf_add(out, slice_first(s, len)))
			return false;
		if (len < s.len && (!buf_add_byte(out, '\\') || !buf_add_byte(out, s.at[len])))
			return false;
		s = slice_skip(s, len + 1);
	}
	return buf_add_byte(out, '"');
}

static bool add_literal(struct buf *out, struct slice s)
{
	size_t nul_count = 0;

	for (size_t i = 0; i < s.len; i++)
		nul_count += s.at[i] == '\0' ? 1 : 0;
	if (!buf_add_byte(out, '{') || !buf_add_number(out, s.len - nul_count) ||
		!buf_add(out, S("}\r\n")))
		return false;
	while (s.len > 0) {
		size_t len = slice_find(s, '\0');

		if (!buf_add(out, slice_first(s, len)))
			return false;
		s = slice_skip(s, len + 1);
	}
	return true;
}

bool imap_string_add(struct buf *out, struct slice s)
{
	size_t before = out->len;

	if (is_quotable(s) ? add_quoted(out, s) : add_literal(out, s))
		return true;
	out->len = before;
	return false;
}

bool imap_nstring_add(struct buf *out, struct slice s)
{
	return s.at == NULL ? buf_add(out, S("NIL")) : imap_string_add(out, s);
}
