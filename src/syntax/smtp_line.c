/* SPDX-License-Identifier: MIT */
#include "syntax/smtp_line.h"

#include "base/cursor.h"
#include "base/limits.h"
#include "syntax/smtp_parameter.h"
#include "syntax/utf8.h"

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t';
}

static bool is_not_space(char byte)
{
	return !is_space(byte);
}

/* White space at the end of a line is ignored, as RFC 5321 4.1.1 asks. */
static struct slice trim(struct slice s)
{
	while (s.len > 0 && is_space(s.at[0]))
		s = slice_skip(s, 1);
	while (s.len > 0 && is_space(s.at[s.len - 1]))
		s.len--;
	return s;
}

struct smtp_command smtp_line_split(struct slice line)
{
	struct cursor c = cursor_over(trim(line));
	struct slice verb = cursor_while(&c, is_not_space);

	return (struct smtp_command){ verb, trim(cursor_rest(&c)) };
}

/* Moves behind the quoted string that begins here, or breaks when it has no end. */
static void skip_quoted(struct cursor *c)
{
	cursor_expect(c, S("\""));
	while (!cursor_at_end(c) && cursor_peek(c) != '"') {
		(void)cursor_try(c, S("\\"));
		(void)cursor_take(c, 1);
	}
	cursor_expect(c, S("\""));
}

/*
 * A-d-l ":" of RFC 5321 4.1.2, "@relay.example,@other.example:". RFC 5321 C: accepted, and ignored.
 * Only its shape is looked at: the names in it are used for nothing.
 */
static bool skip_source_route(struct cursor *c)
{
	struct slice route;
	bool has_more;
	size_t len;

	if (cursor_peek(c) != '@')
		return false;
	route = cursor_until(c, ':');
	do {
		len = slice_find(route, ',');
		has_more = len < route.len;
		if (!slice_starts(route, S("@")) ||
			!address_is_domain(slice_skip(slice_first(route, len), 1)))
			cursor_break(c);
		route = slice_skip(route, len + 1);
	} while (has_more && !c->broken);
	return true;
}

/* "<" [ A-d-l ":" ] text ">"; *ret is the text. A quoted local part may hold ">" and spaces. */
static void take_path(struct cursor *c, struct slice *ret)
{
	const char *from;
	bool has_route;

	cursor_expect(c, S("<"));
	has_route = skip_source_route(c);
	from = c->at;
	while (!cursor_at_end(c) && cursor_peek(c) != '>') {
		if (cursor_peek(c) == '"')
			skip_quoted(c);
		else
			(void)cursor_take(c, 1);
	}
	*ret = (struct slice){ from, (size_t)(c->at - from) };
	if (has_route && ret->len == 0)
		cursor_break(c);
	cursor_expect(c, S(">"));
}

/*
 * "FROM:" or "TO:" and a path in angle brackets. The space that some clients put behind the colon is
 * no part of the grammar; it is harmless, so we take it, as most servers do.
 */
static bool take_named_path(struct cursor *c, struct slice name, struct slice *ret)
{
	cursor_expect(c, name);
	(void)cursor_while(c, is_space);
	take_path(c, ret);
	return !c->broken;
}

enum smtp_line_answer smtp_line_mail(
	struct slice args, struct smtp_mail_args *ret, const char **ret_why)
{
	struct cursor c = cursor_over(trim(args));
	struct smtp_mail_args mail = { 0 };
	enum smtp_line_answer answer;

	if (!take_named_path(&c, S("FROM:"), &mail.path_text)) {
		*ret_why = "the form is MAIL FROM:<address>";
		return SMTP_LINE_BAD;
	}
	mail.is_null = mail.path_text.len == 0;
	if (!mail.is_null && !address_parse(mail.path_text, false, &mail.path)) {
		*ret_why = "the reverse-path is no address like <user@domain.example>";
		return SMTP_LINE_BAD;
	}
	answer = smtp_parameters_of_mail(&c, &mail, ret_why);
	if (answer == SMTP_LINE_OK)
		*ret = mail;
	return answer;
}

enum smtp_line_answer smtp_line_rcpt(
	struct slice args, struct smtp_rcpt_args *ret, const char **ret_why)
{
	struct cursor c = cursor_over(trim(args));
	struct smtp_rcpt_args rcpt = { 0 };
	enum smtp_line_answer answer;

	if (!take_named_path(&c, S("TO:"), &rcpt.path_text)) {
		*ret_why = "the form is RCPT TO:<address>";
		return SMTP_LINE_BAD;
	}
	if (!address_parse(rcpt.path_text, true, &rcpt.path)) {
		*ret_why = "the forward-path is no address like <user@domain.example>";
		return SMTP_LINE_BAD;
	}
	answer = smtp_parameters_of_rcpt(&c, &rcpt, ret_why);
	if (answer == SMTP_LINE_OK)
		*ret = rcpt;
	return answer;
}

bool smtp_line_hello(struct slice args, struct slice *ret_name)
{
	struct slice name = trim(args);

	if (name.len == 0 || name.len > LIMIT_DOMAIN_BYTES || !utf8_is_valid(name))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if ((unsigned char)name.at[i] <= ' ' || name.at[i] == 127)
			return false;
	}
	*ret_name = name;
	return true;
}

bool smtp_line_bdat(struct slice args, uint64_t *ret_bytes, bool *ret_is_last)
{
	struct cursor c = cursor_over(trim(args));
	uint64_t bytes = cursor_number(&c, UINT64_MAX);
	bool is_last = cursor_while(&c, is_space).len > 0;

	if (is_last)
		cursor_expect(&c, S("LAST"));
	if (!cursor_finished(&c))
		return false;
	*ret_bytes = bytes;
	*ret_is_last = is_last;
	return true;
}

/* 0 to 15, or -1. RFC 3461 wants upper case; lower case is as clear, so we read it too. */
static int hex_value(char byte)
{
	char low = ascii_lower(byte);

	if (ascii_is_digit(byte))
		return byte - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/*
 * A decoded control character is refused: no identifier or address has one, and CR LF would write a
 * line of the sender's own into a delivery report.
 */
bool smtp_line_xtext(struct slice s, char *room, struct slice *ret)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		int byte = (unsigned char)s.at[i];

		if (byte <= ' ' || byte >= 127 || byte == '=')
			return false;
		if (byte == '+') {
			int high = i + 2 < s.len ? hex_value(s.at[i + 1]) : -1;
			int low = i + 2 < s.len ? hex_value(s.at[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			byte = high * 16 + low;
			i += 2;
		}
		if (byte < ' ' || byte == 127)
			return false;
		room[len++] = (char)byte;
	}
	*ret = (struct slice){ room, len };
	return true;
}
