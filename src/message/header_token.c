/* SPDX-License-Identifier: MIT */
#include "message/header_token.h"

#include <string.h>

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool is_token(char byte)
{
	return (unsigned char)byte > ' ' && byte != 127 &&
	       strchr("()<>@,;:\\\"/[]?=", byte) == NULL;
}

/* A comment whose "(" is next; its text. */
static struct slice take_comment(struct cursor *c)
{
	const char *from = c->at + 1;
	size_t depth = 0;

	while (c->at < c->end) {
		char byte = *c->at++;

		if (byte == '\\' && c->at < c->end)
			c->at++;
		else if (byte == '(')
			depth++;
		else if (byte == ')' && --depth == 0)
			return (struct slice){ from, (size_t)(c->at - 1 - from) };
	}
	return (struct slice){ from, (size_t)(c->end - from) };
}

void header_skip_noting(struct cursor *c, struct slice *ret_comment)
{
	(void)cursor_while(c, is_blank);
	while (cursor_peek(c) == '(') {
		*ret_comment = take_comment(c);
		(void)cursor_while(c, is_blank);
	}
}

void header_skip_blanks(struct cursor *c)
{
	struct slice comment;

	header_skip_noting(c, &comment);
}

struct slice header_take_token(struct cursor *c)
{
	return cursor_while(c, is_token);
}

struct slice header_take_until(struct cursor *c, const char *stops)
{
	const char *from = c->at;
	bool is_quoted = false;

	while (c->at < c->end) {
		char byte = *c->at;

		if (byte == '"')
			is_quoted = !is_quoted;
		else if (byte == '\\' && is_quoted && c->at + 1 < c->end)
			c->at++;
		else if (!is_quoted && byte != '\0' && strchr(stops, byte) != NULL)
			break;
		c->at++;
	}
	return (struct slice){ from, (size_t)(c->at - from) };
}

bool header_take_quoted(struct cursor *c, struct buf *out)
{
	cursor_expect(c, S("\""));
	while (c->at < c->end && *c->at != '"') {
		char byte = *c->at++;

		if (byte == '\\' && c->at < c->end)
			byte = *c->at++;
		if (byte != '\r' && byte != '\n' && !buf_add_byte(out, byte))
			return false;
	}
	(void)cursor_try(c, S("\""));
	return true;
}
