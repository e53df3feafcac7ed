/* SPDX-License-Identifier: MIT */
#include "syntax/imap_word.h"

#include "base/limits.h"
#include "syntax/imap_name.h"
#include "syntax/utf8.h"

#include <string.h>

struct imap_reader imap_reader_over(struct imap_parse *p, struct slice text)
{
	p->why = NULL;
	p->is_bad_charset = false;
	return (struct imap_reader){ cursor_over(text), p };
}

void imap_miss(struct imap_reader *r, const char *why)
{
	if (!r->c.broken && r->p->why == NULL)
		r->p->why = why;
	cursor_break(&r->c);
}

bool imap_reader_done(struct imap_reader *r)
{
	if (cursor_finished(&r->c))
		return true;
	if (r->p->why == NULL)
		r->p->why = r->c.broken ? "the arguments are incomplete"
					: "something follows the arguments";
	return false;
}

void *imap_take(struct imap_reader *r, size_t bytes)
{
	void *at = r->c.broken ? NULL : arena_take(r->p->arena, bytes);

	if (at == NULL)
		imap_miss(r, "the command needs too much memory");
	return at;
}

bool imap_is_atom_byte(char byte)
{
	return byte > ' ' && byte < 127 && strchr("(){%*\"\\]", byte) == NULL;
}

bool imap_is_astring_byte(char byte)
{
	return byte == ']' || imap_is_atom_byte(byte);
}

bool imap_at(const struct imap_reader *r, char byte)
{
	return cursor_peek(&r->c) == (unsigned char)byte;
}

bool imap_try(struct imap_reader *r, char byte)
{
	if (!imap_at(r, byte))
		return false;
	(void)cursor_take(&r->c, 1);
	return true;
}

void imap_expect(struct imap_reader *r, char byte, const char *why)
{
	if (!imap_try(r, byte))
		imap_miss(r, why);
}

void imap_space(struct imap_reader *r)
{
	imap_expect(r, ' ',
		cursor_at_end(&r->c) ? "an argument is missing"
				     : "a space must stand between the arguments");
}

bool imap_try_word(struct imap_reader *r, struct slice word)
{
	struct cursor ahead = r->c;
	struct slice atom = cursor_while(&ahead, imap_is_astring_byte);

	if (r->c.broken || !slice_same_nocase(atom, word))
		return false;
	r->c = ahead;
	return true;
}

struct slice imap_atom(struct imap_reader *r, const char *why)
{
	struct slice atom = cursor_while(&r->c, imap_is_atom_byte);

	if (atom.len == 0)
		imap_miss(r, why);
	return atom;
}

static bool is_quoted_byte(char byte)
{
	return byte != '"' && byte != '\\' && byte != '\r' && byte != '\n' && byte != '\0';
}

/* What follows the opening quote; copied only when it has escapes. */
static struct slice quoted(struct imap_reader *r)
{
	struct slice part = cursor_while(&r->c, is_quoted_byte);
	struct slice whole = part;
	char *room = NULL;

	while (imap_try(r, '\\')) {
		if (room == NULL) {
			room = imap_take(r, part.len + cursor_left(&r->c));
			if (room == NULL)
				return S("");
			memcpy(room, part.at, part.len);
			whole = (struct slice){ room, part.len };
		}
		if (!imap_at(r, '"') && !imap_at(r, '\\'))
			imap_miss(
				r, "only \\\" and \\\\ may follow a backslash in a quoted string");
		part = cursor_take(&r->c, 1);
		if (r->c.broken)
			return S("");
		room[whole.len++] = part.at[0];
		part = cursor_while(&r->c, is_quoted_byte);
		memcpy(room + whole.len, part.at, part.len);
		whole.len += part.len;
	}
	imap_expect(r, '"', "a quoted string has no closing quote");
	if (!utf8_is_valid(whole))
		imap_miss(r, "a quoted string is not UTF-8; send a literal");
	return whole;
}

static struct slice literal(struct imap_reader *r, bool may_have_nul)
{
	uint64_t bytes;
	struct slice whole;

	imap_expect(r, '{', "a string is expected");
	bytes = imap_number(r, 0, INT64_MAX, "a literal's length is no number");
	(void)imap_try(r, '+');
	if (!r->c.broken && !cursor_try(&r->c, S("}\r\n")))
		imap_miss(r, "a literal's length must stand at the end of the line");
	if (bytes > cursor_left(&r->c))
		imap_miss(r, "a literal is shorter than announced");
	whole = cursor_take(&r->c, (size_t)bytes);
	if (!may_have_nul && slice_find(whole, '\0') < whole.len)
		imap_miss(r, "a literal holds NUL");
	return r->c.broken ? S("") : whole;
}

struct slice imap_string(struct imap_reader *r)
{
	struct slice s = imap_try(r, '"') ? quoted(r) : literal(r, false);

	return r->c.broken ? S("") : s;
}

struct slice imap_nstring8(struct imap_reader *r, bool *ret_nil)
{
	*ret_nil = imap_try_word(r, S("NIL"));
	if (*ret_nil)
		return S("");
	return imap_try(r, '~') ? literal(r, true) : imap_string(r);
}

struct slice imap_astring(struct imap_reader *r)
{
	struct slice atom = cursor_while(&r->c, imap_is_astring_byte);

	if (atom.len > 0)
		return atom;
	if (!imap_at(r, '"') && !imap_at(r, '{'))
		imap_miss(r, cursor_at_end(&r->c) ? "an argument is missing"
						  : "an atom or a string is expected");
	return imap_string(r);
}

struct slice imap_mailbox(struct imap_reader *r)
{
	struct slice text = imap_astring(r);
	struct slice name = S("");

	if (r->c.broken)
		return name;
	if (text.len == 0)
		imap_miss(r, "the mailbox has no name");
	else if (!imap_name_read(r->p, text, &name))
		cursor_break(&r->c);
	return name;
}

uint64_t imap_number(struct imap_reader *r, uint64_t min, uint64_t max, const char *why)
{
	struct slice digits = cursor_while(&r->c, ascii_is_digit);
	uint64_t value = min;

	if (!slice_number(digits, max, &value) || value < min)
		imap_miss(r, why);
	return value;
}

uint64_t imap_modseq(struct imap_reader *r)
{
	return imap_number(r, 0, INT64_MAX, "a mod-sequence is a number of 63 bits");
}

static bool is_set_byte(char byte)
{
	return ascii_is_digit(byte) || byte == ':' || byte == ',' || byte == '*' || byte == '$';
}

struct imap_set imap_set_read(struct imap_reader *r)
{
	struct slice text = cursor_while(&r->c, is_set_byte);
	struct imap_set set = { 0 };

	if (!r->c.broken && !imap_set_parse(r->p, text, &set))
		cursor_break(&r->c);
	return set;
}

struct imap_set imap_known_set_read(struct imap_reader *r)
{
	struct imap_set set = imap_set_read(r);

	if (set.is_saved || imap_set_has_star(set))
		imap_miss(r, "neither * nor $ may stand in this set");
	return set;
}

void *imap_array_add(
	struct imap_reader *r, struct imap_array *a, size_t size, size_t max, const char *why)
{
	if (a->count >= max)
		imap_miss(r, why);
	if (r->c.broken)
		return NULL;
	if (a->count == a->room) {
		size_t room = a->room == 0 ? 4 : 2 * a->room;
		void *at = imap_take(r, room * size);

		if (at == NULL)
			return NULL;
		if (a->count > 0)
			memcpy(at, a->at, a->count * size);
		a->at = at;
		a->room = room;
	}
	return (char *)a->at + size * a->count++;
}

size_t imap_row_find(struct slice word, const struct imap_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_same_nocase(rows[i].word, word))
			return i;
	}
	return count;
}

unsigned imap_row_read(
	struct imap_reader *r, const struct imap_row *rows, size_t count, const char *why)
{
	struct slice word = imap_atom(r, why);
	size_t i = imap_row_find(word, rows, count);

	if (i == count)
		imap_miss(r, why);
	return r->c.broken ? 0 : rows[i].value;
}
