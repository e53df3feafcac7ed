/* SPDX-License-Identifier: MIT */
#include "message/address_list.h"

#include "base/limits.h"
#include "message/header.h"
#include "message/header_token.h"

#include <string.h>

void address_entry_init(struct address_entry *e)
{
	*e = (struct address_entry){ .name = { .max = LIMIT_HEADER_BYTES },
		.route = { .max = LIMIT_HEADER_BYTES },
		.mailbox = { .max = LIMIT_HEADER_BYTES },
		.domain = { .max = LIMIT_HEADER_BYTES } };
}

void address_entry_done(struct address_entry *e)
{
	buf_done(&e->name);
	buf_done(&e->route);
	buf_done(&e->mailbox);
	buf_done(&e->domain);
}

static void entry_clear(struct address_entry *e)
{
	e->kind = ADDRESS_MAILBOX;
	e->has_name = e->has_route = e->has_mailbox = e->has_domain = false;
	buf_clear(&e->name);
	buf_clear(&e->route);
	buf_clear(&e->mailbox);
	buf_clear(&e->domain);
}

struct address_list address_list_over(struct slice value)
{
	return (struct address_list){ .cursor = cursor_over(value) };
}

static bool is_word_byte(char byte)
{
	return (unsigned char)byte > ' ' && byte != 127 && strchr("()<>@,;:\"", byte) == NULL;
}

/* A word, plain or quoted; a byte that can begin neither is skipped. */
static bool take_word(struct cursor *c, struct buf *out)
{
	struct slice word;

	if (cursor_peek(c) == '"')
		return header_take_quoted(c, out);
	word = cursor_while(c, is_word_byte);
	if (word.len == 0)
		(void)cursor_take(c, 1);
	return buf_add(out, word);
}

static bool is_at_any(const struct cursor *c, const char *stops)
{
	int byte = cursor_peek(c);

	return byte <= 0 ? byte < 0 : strchr(stops, byte) != NULL;
}

/* Words up to one of the stops, with a blank between those that had one (has_gaps) or with none. */
static bool take_words(
	struct cursor *c, const char *stops, bool has_gaps, struct buf *out, struct slice *comment)
{
	while (!is_at_any(c, stops)) {
		const char *word_end;

		if (!take_word(c, out))
			return false;
		word_end = c->at;
		header_skip_noting(c, comment);
		if (has_gaps && c->at > word_end && !is_at_any(c, stops) && !buf_add_byte(out, ' '))
			return false;
	}
	return true;
}

/*
 * The words of a domain or a bare mailbox: blanks may stand around dots (RFC 5322 4.4). After other
 * blanks, or a foreign byte, the rest up to a stop belongs to nobody.
 */
static bool take_dotted(struct cursor *c, const char *stops, struct buf *out, struct slice *comment)
{
	bool is_over = false;

	while (!is_at_any(c, stops)) {
		size_t before = out->len;
		const char *word_end;

		if (!take_word(c, out))
			return false;
		if (is_over || out->len == before) {
			out->len = before;
			is_over = true;
		}
		word_end = c->at;
		header_skip_noting(c, comment);
		if (c->at > word_end && cursor_peek(c) != '.' &&
			(out->len == 0 || out->at[out->len - 1] != '.'))
			is_over = true;
	}
	return true;
}

/* A domain literal keeps its brackets (is_word_byte takes them), but may hold a colon. */
static bool take_domain(
	struct cursor *c, const char *stops, struct address_entry *e, struct slice *comment)
{
	(void)cursor_take(c, 1);
	header_skip_noting(c, comment);
	e->has_domain = true;
	if (cursor_peek(c) == '[') {
		struct slice literal = header_take_until(c, "]>,");

		if (!buf_add(&e->domain, literal) ||
			(cursor_try(c, S("]")) && !buf_add_byte(&e->domain, ']')))
			return false;
		header_skip_noting(c, comment);
	}
	return take_dotted(c, stops, &e->domain, comment);
}

/* "@a,@b:" of RFC 5322 4.4, as the at-domain-list of ENVELOPE. */
static bool take_route(struct cursor *c, struct address_entry *e)
{
	struct cursor from = *c;
	struct slice comment, route = header_take_until(c, ":>");

	if (cursor_peek(c) != ':') {
		*c = from;
		return true;
	}
	(void)cursor_take(c, 1);
	header_skip_noting(c, &comment);
	e->has_route = true;
	for (size_t i = 0; i < route.len; i++) {
		if ((unsigned char)route.at[i] > ' ' && !buf_add_byte(&e->route, route.at[i]))
			return false;
	}
	return true;
}

static bool take_angle(struct cursor *c, struct address_entry *e)
{
	struct slice comment;

	(void)cursor_take(c, 1);
	header_skip_noting(c, &comment);
	if (cursor_peek(c) == '@' && !take_route(c, e))
		return false;
	if (!take_words(c, "@>,", false, &e->mailbox, &comment))
		return false;
	e->has_mailbox = e->mailbox.len > 0;
	if (cursor_peek(c) == '@' && !take_domain(c, ">,", e, &comment))
		return false;
	(void)cursor_try(c, S(">"));
	/* What follows the bracket belongs to nobody. */
	(void)header_take_until(c, ",;");
	return true;
}

/* The comment behind a bare address is its name: "joe@a.example (Joe)". */
static bool note_name(struct address_entry *e, struct slice comment)
{
	if (comment.at == NULL || e->has_name)
		return true;
	e->has_name = true;
	for (size_t i = 0; i < comment.len; i++) {
		char byte = comment.at[i];

		if (byte != '\r' && byte != '\n' && !(byte == '\\' && i + 1 < comment.len) &&
			!buf_add_byte(&e->name, byte))
			return false;
	}
	return true;
}

enum { NAME_LOOK_BYTES = 1000 /* how far an "@" in a name looks for its "<" */ };

/*
 * "joe@a.example <joe@a.example>" is often written though a name may not have an "@": the words so far
 * and the rest up to the bracket are the name. False: this is an address of its own.
 */
static bool is_name_with_at(const struct cursor *c, struct slice *ret_rest)
{
	struct cursor ahead = cursor_over(slice_first(cursor_rest(c), NAME_LOOK_BYTES));

	*ret_rest = slice_trim(header_take_until(&ahead, "<,;("));
	return cursor_peek(&ahead) == '<';
}

/* Words, and what the byte behind them makes of them. */
static bool take_entry(struct address_list *l, struct address_entry *e)
{
	struct cursor *c = &l->cursor;
	struct slice comment = { NULL, 0 };
	const char *stops = l->in_group ? "<@,;" : "<@,:;";
	struct slice rest;

	if (!take_words(c, stops, true, &e->name, &comment))
		return false;
	if (cursor_peek(c) == '@' && is_name_with_at(c, &rest)) {
		if (!header_value_text(rest, &e->name))
			return false;
		(void)cursor_take(c, slice_find(cursor_rest(c), '<'));
	}
	if (cursor_peek(c) == '<') {
		e->has_name = e->name.len > 0;
		return take_angle(c, e);
	}
	/* "Joe Bloe" is a name whose address is missing, "Joe" more likely a mailbox of this host. */
	if (cursor_peek(c) != '@' && cursor_peek(c) != ':' &&
		slice_find(buf_slice(&e->name), ' ') < e->name.len) {
		e->has_name = true;
		return true;
	}
	if (!buf_add(&e->mailbox, buf_slice(&e->name)))
		return false;
	buf_clear(&e->name);
	e->has_mailbox = e->mailbox.len > 0;
	if (cursor_peek(c) == ':' && !l->in_group) {
		(void)cursor_take(c, 1);
		l->in_group = true;
		e->kind = ADDRESS_GROUP;
		return true;
	}
	if (cursor_peek(c) == '@' && !take_domain(c, ",;", e, &comment))
		return false;
	return note_name(e, comment);
}

bool address_list_next(struct address_list *l, struct address_entry *e, bool *ret_is_end)
{
	struct cursor *c = &l->cursor;

	entry_clear(e);
	*ret_is_end = false;
	header_skip_blanks(c);
	while (cursor_peek(c) == ',' || (cursor_peek(c) == ';' && !l->in_group)) {
		(void)cursor_take(c, 1);
		header_skip_blanks(c);
	}
	if (l->in_group && (cursor_at_end(c) || cursor_peek(c) == ';')) {
		(void)cursor_try(c, S(";"));
		l->in_group = false;
		e->kind = ADDRESS_GROUP_END;
		return true;
	}
	*ret_is_end = cursor_at_end(c);
	return *ret_is_end || take_entry(l, e);
}
