/* SPDX-License-Identifier: MIT */
#include "syntax/imap_line.h"

#include "base/limits.h"
#include "syntax/imap_word.h"

static bool is_tag_byte(char byte)
{
	return byte != '+' && imap_is_astring_byte(byte);
}

/* The name, and the arguments behind a space. */
static struct slice name_and_args(struct imap_reader *r, struct slice *ret_args)
{
	struct slice name = imap_atom(r, "a command is expected after the tag");

	*ret_args = S("");
	if (!cursor_at_end(&r->c)) {
		imap_space(r);
		*ret_args = cursor_take(&r->c, cursor_left(&r->c));
	}
	return name;
}

bool imap_line_split(struct imap_parse *p, struct slice text, struct imap_line *ret)
{
	struct imap_reader r = imap_reader_over(p, text);
	struct imap_line line = { .tag = cursor_while(&r.c, is_tag_byte) };

	ret->tag = S("");
	if (line.tag.len == 0 || line.tag.len > LIMIT_IMAP_TAG_BYTES || !imap_try(&r, ' ')) {
		imap_miss(&r, "a command begins with a tag and a space");
		return false;
	}
	ret->tag = line.tag;
	line.name = name_and_args(&r, &line.args);
	if (!r.c.broken && slice_same_nocase(line.name, S("UID"))) {
		r.c = cursor_over(line.args);
		line.is_uid = true;
		line.name = name_and_args(&r, &line.args);
	}
	if (!imap_reader_done(&r))
		return false;
	*ret = line;
	return true;
}

struct imap_literal imap_line_literal(struct slice line)
{
	struct imap_literal found = { .kind = IMAP_LITERAL_NONE, .is_sync = true };
	struct slice digits;
	size_t at;

	if (line.len < 3 || line.at[line.len - 1] != '}')
		return found;
	line.len--;
	if (line.at[line.len - 1] == '+') {
		found.is_sync = false;
		line.len--;
	}
	for (at = line.len; at > 0 && ascii_is_digit(line.at[at - 1]); at--)
		;
	digits = slice_skip(line, at);
	if (digits.len == 0 || at == 0 || line.at[at - 1] != '{')
		return found;
	found.is_binary = at > 1 && line.at[at - 2] == '~';
	found.kind = slice_number(digits, INT64_MAX, &found.bytes) ? IMAP_LITERAL_BYTES
								   : IMAP_LITERAL_BAD;
	return found;
}
