/* SPDX-License-Identifier: MIT */
#include "message/header.h"

#include "base/cursor.h"
#include "base/limits.h"
#include "syntax/address.h"

#include <string.h>

/* What the walk over an address list has found so far. */
struct found {
	struct slice *room;
	size_t room_count, count;
};

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* atext, the dots of dot-atoms and of unquoted initials ("John Q. Public"), and bytes over 127. */
static bool is_atom_byte(char byte)
{
	return (unsigned char)byte > ' ' && byte != 127 && strchr("()<>[]:;@\\,\"", byte) == NULL;
}

/* comment of RFC 5322 3.2.2: nested, with quoted pairs. */
static void skip_comment(struct cursor *c)
{
	unsigned depth = 0;

	do {
		struct slice byte = cursor_take(c, 1);

		if (c->broken)
			return;
		if (byte.at[0] == '\\')
			(void)cursor_take(c, 1);
		else if (byte.at[0] == '(' && ++depth > LIMIT_COMMENT_DEPTH)
			cursor_break(c);
		else if (byte.at[0] == ')')
			depth--;
	} while (depth > 0 && !c->broken);
}

/* CFWS: blanks, folds and comments. */
static void skip_blanks(struct cursor *c)
{
	(void)cursor_while(c, is_blank);
	while (cursor_peek(c) == '(') {
		skip_comment(c);
		(void)cursor_while(c, is_blank);
	}
}

static void skip_quoted(struct cursor *c)
{
	cursor_expect(c, S("\""));
	while (!cursor_at_end(c) && cursor_peek(c) != '"') {
		(void)cursor_try(c, S("\\"));
		(void)cursor_take(c, 1);
	}
	cursor_expect(c, S("\""));
}

static void skip_domain_literal(struct cursor *c)
{
	cursor_expect(c, S("["));
	(void)cursor_until(c, ']');
}

/* "@" and a domain, behind a local part that began at `from`: keeps the whole as one addr-spec. */
static void take_domain(struct cursor *c, const char *from, struct found *found)
{
	struct address parts;
	struct slice whole;

	cursor_expect(c, S("@"));
	if (cursor_peek(c) == '[')
		skip_domain_literal(c);
	else
		(void)cursor_while(c, is_atom_byte);
	whole = (struct slice){ from, (size_t)(c->at - from) };
	if (c->broken || !address_parse(whole, false, &parts)) {
		cursor_break(c);
		return;
	}
	if (found->count < found->room_count)
		found->room[found->count] = whole;
	found->count++;
}

/* One word of a phrase or a local part. */
static bool take_word(struct cursor *c)
{
	if (cursor_peek(c) == '"') {
		skip_quoted(c);
		return !c->broken;
	}
	return cursor_while(c, is_atom_byte).len > 0;
}

/* obs-route of RFC 5322 4.4: "@a.example,@b.example:" before the address; it is skipped. */
static void skip_route(struct cursor *c)
{
	if (cursor_peek(c) != '@')
		return;
	do {
		skip_blanks(c);
		if (cursor_try(c, S("@")))
			(void)cursor_while(c, is_atom_byte);
		skip_blanks(c);
	} while (cursor_try(c, S(",")));
	cursor_expect(c, S(":"));
	skip_blanks(c);
}

static void take_angle_address(struct cursor *c, struct found *found)
{
	const char *from;

	cursor_expect(c, S("<"));
	skip_blanks(c);
	skip_route(c);
	from = c->at;
	if (!take_word(c))
		cursor_break(c);
	take_domain(c, from, found);
	skip_blanks(c);
	cursor_expect(c, S(">"));
}

/*
 * A mailbox, or a group's name with its colon (*in_group becomes true). Words are read until what
 * follows tells whether they were a name or a local part; only a local part touches its "@".
 */
static void take_entry(struct cursor *c, struct found *found, bool *in_group)
{
	const char *from = c->at;
	bool has_words = false;

	while (take_word(c)) {
		has_words = true;
		if (cursor_peek(c) == '@') {
			/* "a b@c", a phrase without angle brackets, is nobody's address: it does not parse. */
			take_domain(c, from, found);
			return;
		}
		skip_blanks(c);
	}
	if (cursor_peek(c) == '<') {
		take_angle_address(c, found);
	} else if (has_words && !*in_group && cursor_try(c, S(":"))) {
		*in_group = true;
	} else {
		cursor_break(c);
	}
}

/* What may stand after an entry: the list's comma, or the end of a group. Empty entries are obsolete
 * but legal (RFC 5322 4.4). */
static bool take_separators(struct cursor *c, bool *in_group)
{
	bool is_separated = false;

	skip_blanks(c);
	while (cursor_peek(c) == ',' || (*in_group && cursor_peek(c) == ';')) {
		if (cursor_peek(c) == ';')
			*in_group = false;
		(void)cursor_take(c, 1);
		is_separated = true;
		skip_blanks(c);
	}
	return is_separated;
}

bool header_addresses(struct slice value, struct slice *room, size_t room_count, size_t *ret_count)
{
	struct cursor c = cursor_over(value);
	struct found found = { room, room_count, 0 };
	bool in_group = false, may_follow = true;

	(void)take_separators(&c, &in_group);
	while (!cursor_at_end(&c)) {
		bool was_in_group = in_group;

		if (!may_follow)
			return false;
		take_entry(&c, &found, &in_group);
		may_follow = take_separators(&c, &in_group) || (in_group && !was_in_group);
	}
	if (!cursor_finished(&c) || in_group)
		return false;
	*ret_count = found.count;
	return true;
}
