/* SPDX-License-Identifier: MIT */
#include "base/limits.h"
#include "message/encoded_word.h"
#include "message/envelope_text.h"

#include "base/cursor.h"

static void skip_quoted(struct cursor *c)
{
	struct slice rest = cursor_rest(c);
	size_t len = 1;

	while (len < rest.len && rest.at[len] != '"')
		len += rest.at[len] == '\\' ? 2 : 1;
	(void)cursor_take(c, len + 1);
}

static void skip_literal(struct cursor *c)
{
	uint64_t len;

	cursor_expect(c, S("{"));
	len = cursor_number(c, LIMIT_HEADER_BYTES);
	cursor_expect(c, S("}\r\n"));
	(void)cursor_take(c, (size_t)len);
}

/* A string or NIL, as it stands there. */
static struct slice take_string(struct cursor *c)
{
	const char *from = c->at;

	if (cursor_peek(c) == '"')
		skip_quoted(c);
	else if (cursor_peek(c) == '{')
		skip_literal(c);
	else
		cursor_expect(c, S("NIL"));
	return (struct slice){ from, (size_t)(c->at - from) };
}

/* One address: its four strings. */
static void take_address(struct cursor *c, struct slice parts[4])
{
	cursor_expect(c, S("("));
	for (size_t i = 0; i < 4; i++) {
		if (i > 0)
			cursor_expect(c, S(" "));
		parts[i] = take_string(c);
	}
	cursor_expect(c, S(")"));
}

static struct slice take_list(struct cursor *c)
{
	const char *from = c->at;
	struct slice parts[4];

	if (!cursor_try(c, S("NIL"))) {
		cursor_expect(c, S("("));
		while (cursor_peek(c) == '(')
			take_address(c, parts);
		cursor_expect(c, S(")"));
	}
	return (struct slice){ from, (size_t)(c->at - from) };
}

bool envelope_text_view(struct slice text, struct envelope_view *ret)
{
	struct cursor c = cursor_over(text);
	struct envelope_view v = { 0 };

	cursor_expect(&c, S("("));
	v.date = take_string(&c);
	cursor_expect(&c, S(" "));
	v.subject = take_string(&c);
	for (size_t i = 0; i < ENVELOPE_LIST_COUNT; i++) {
		cursor_expect(&c, S(" "));
		v.lists[i] = take_list(&c);
	}
	cursor_expect(&c, S(" "));
	v.in_reply_to = take_string(&c);
	cursor_expect(&c, S(" "));
	v.message_id = take_string(&c);
	cursor_expect(&c, S(")"));
	if (!cursor_finished(&c))
		return false;
	*ret = v;
	return true;
}

bool envelope_text_value(struct slice string, struct buf *out)
{
	struct slice s = string;

	if (s.len > 0 && s.at[0] == '{')
		return buf_add(out, slice_skip(s, slice_find(s, '\n') + 1));
	if (s.len < 2 || s.at[0] != '"')
		return true;
	s = slice_first(slice_skip(s, 1), s.len - 2);
	while (s.len > 0) {
		size_t len = slice_find(s, '\\');

		if (!buf_add(out, slice_first(s, len)))
			return false;
		s = slice_skip(s, len + 1);
		if (!buf_add(out, slice_first(s, 1)))
			return false;
		s = slice_skip(s, 1);
	}
	return true;
}

static bool is_nil(struct slice s)
{
	return slice_same(s, S("NIL"));
}

static bool add_mailbox(const struct slice parts[4], struct buf *out)
{
	return envelope_text_value(parts[2], out) &&
	       (is_nil(parts[3]) || (buf_add_byte(out, '@') && envelope_text_value(parts[3], out)));
}

bool envelope_text_addresses(struct slice list, struct buf *out)
{
	struct cursor c = cursor_over(list);
	struct slice parts[4];
	bool is_first = true;

	(void)cursor_try(&c, S("("));
	while (cursor_peek(&c) == '(') {
		bool has_name;

		take_address(&c, parts);
		if (c.broken || is_nil(parts[2]))
			continue;
		has_name = !is_nil(parts[0]);
		if ((!is_first && !buf_add(out, S(", "))) ||
			(has_name &&
				(!envelope_text_value(parts[0], out) || !buf_add(out, S(" <")))) ||
			!add_mailbox(parts, out) || (has_name && !buf_add_byte(out, '>')))
			return false;
		is_first = false;
	}
	return true;
}

/* The first entry that has a mailbox or is a group's name. */
static bool first_address(struct slice list, struct slice parts[4])
{
	struct cursor c = cursor_over(list);

	(void)cursor_try(&c, S("("));
	if (cursor_peek(&c) != '(')
		return false;
	take_address(&c, parts);
	return !c.broken && !is_nil(parts[2]);
}

bool envelope_text_sort_address(struct slice list, struct buf *out)
{
	struct slice parts[4];

	return !first_address(list, parts) || envelope_text_value(parts[2], out);
}

bool envelope_text_display(struct slice list, struct buf *out)
{
	auto_buf name = { .max = LIMIT_HEADER_BYTES };
	struct slice parts[4];

	if (!first_address(list, parts))
		return true;
	if (!is_nil(parts[0])) {
		if (!envelope_text_value(parts[0], &name))
			return false;
		if (name.len > 0)
			return encoded_word_decode(buf_slice(&name), out);
	}
	return add_mailbox(parts, out);
}
