/* SPDX-License-Identifier: MIT */
#include "message/message_id.h"

#include "message/header_token.h"

#include <string.h>

static bool is_id_byte(char byte)
{
	return (unsigned char)byte > ' ' && byte != 127 && strchr("()<>\"", byte) == NULL;
}

/* atext and dots: what needs no quotes (RFC 5322 3.2.3). */
static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_id_byte(s.at[i]) || strchr("@,;:\\[]", s.at[i]) != NULL)
			return false;
	}
	return s.len > 0;
}

/* A quoted string, with quotes only if it needs them. */
static bool add_quoted(struct cursor *c, struct buf *out)
{
	auto_buf text = { .max = MESSAGE_ID_BYTES_MAX };
	bool is_good = header_take_quoted(c, &text);
	struct slice s = buf_slice(&text);

	if (!is_good || is_plain(s))
		return is_good && buf_add(out, s);
	is_good = buf_add_byte(out, '"');
	for (size_t i = 0; i < s.len && is_good; i++) {
		bool is_special = s.at[i] == '"' || s.at[i] == '\\';

		is_good = (!is_special || buf_add_byte(out, '\\')) && buf_add_byte(out, s.at[i]);
	}
	return is_good && buf_add_byte(out, '"');
}

/* What stands between "<", which was taken, and ">". False: no id; the cursor may stand at the next "<". */
static bool take_id(struct cursor *c, struct buf *out)
{
	size_t left_len = 0;
	bool is_good = buf_add_byte(out, '<');

	header_skip_blanks(c);
	while (!cursor_at_end(c) && cursor_peek(c) != '<' && cursor_peek(c) != '>') {
		struct slice run = cursor_while(c, is_id_byte);
		size_t at_sign = slice_find(run, '@');

		if (at_sign < run.len && left_len == 0)
			left_len = out->len + at_sign;
		if (run.len > 0)
			is_good = is_good && buf_add(out, run);
		else if (cursor_peek(c) == '"')
			is_good = add_quoted(c, out) && is_good;
		else
			(void)cursor_take(c, 1);
		header_skip_blanks(c);
	}
	return cursor_try(c, S(">")) && is_good && left_len > 1 && left_len + 1 < out->len &&
	       buf_add_byte(out, '>');
}

bool message_id_next(struct slice value, size_t *at, struct buf *out)
{
	struct cursor c = cursor_over(slice_skip(value, *at));

	while (!cursor_at_end(&c)) {
		buf_clear(out);
		(void)cursor_take(&c, slice_find(cursor_rest(&c), '<'));
		if (cursor_try(&c, S("<")) && take_id(&c, out)) {
			*at = (size_t)(c.at - value.at);
			return true;
		}
	}
	buf_clear(out);
	*at = value.len;
	return false;
}
