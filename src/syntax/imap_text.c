/* SPDX-License-Identifier: MIT */
#include "syntax/imap_text.h"

#include "base/limits.h"
#include "syntax/imap_word.h"
#include "syntax/utf8.h"

static bool is_atom(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!imap_is_astring_byte(s.at[i]))
			return false;
	}
	return s.len > 0 && s.len <= LIMIT_IMAP_QUOTED_BYTES && !slice_same_nocase(s, S("NIL"));
}

static bool may_quote(struct slice s, bool is_utf8)
{
	if (s.len > LIMIT_IMAP_QUOTED_BYTES)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '\0' || s.at[i] == '\r' || s.at[i] == '\n')
			return false;
	}
	return is_utf8 ? utf8_is_valid(s) : utf8_is_ascii(s);
}

static bool add_quoted(struct buf *out, struct slice s)
{
	if (!buf_add_byte(out, '"'))
		return false;
	while (s.len > 0) {
		size_t quote = slice_find(s, '"'), slash = slice_find(s, '\\');
		size_t len = quote < slash ? quote : slash;

		if (!buf_add(out, slice_first(s, len)))
			return false;
		s = slice_skip(s, len);
		if (s.len == 0)
			break;
		if (!buf_add_byte(out, '\\') || !buf_add_byte(out, s.at[0]))
			return false;
		s = slice_skip(s, 1);
	}
	return buf_add_byte(out, '"');
}

bool imap_text_literal(struct buf *out, uint64_t bytes, bool is_binary)
{
	return buf_add(out, is_binary ? S("~{") : S("{")) && buf_add_number(out, bytes) &&
	       buf_add(out, S("}\r\n"));
}

bool imap_text_string(struct buf *out, struct slice s, bool is_utf8)
{
	if (may_quote(s, is_utf8))
		return add_quoted(out, s);
	return imap_text_literal(out, s.len, false) && buf_add(out, s);
}

bool imap_text_astring(struct buf *out, struct slice s, bool is_utf8)
{
	return is_atom(s) ? buf_add(out, s) : imap_text_string(out, s, is_utf8);
}

bool imap_text_nstring(struct buf *out, struct slice s, bool is_utf8)
{
	return s.at == NULL ? buf_add(out, S("NIL")) : imap_text_string(out, s, is_utf8);
}

bool imap_text_line(struct buf *out, struct slice s, bool is_utf8)
{
	while (s.len > 0) {
		size_t len = utf8_first(s);
		bool is_fit = len > 1 ? is_utf8 : len == 1 && s.at[0] >= ' ' && s.at[0] != 127;

		len = len == 0 ? 1 : len;
		if (!buf_add(out, is_fit ? slice_first(s, len) : S("?")))
			return false;
		s = slice_skip(s, len);
	}
	return true;
}
