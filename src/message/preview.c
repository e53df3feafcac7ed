/* SPDX-License-Identifier: MIT */
#include "message/preview.h"

#include "base/cursor.h"
#include "message/charset.h"
#include "syntax/utf8.h"

enum { DECODED_BYTES_MAX = 32 * PREVIEW_SOURCE_BYTES_MAX };

/* What was written so far, and whether a blank must come before the next character. */
struct writer {
	struct buf *out;
	size_t count;
	bool is_blank_due, has_failed;
};

static void write_character(struct writer *w, struct slice character)
{
	unsigned char first = (unsigned char)character.at[0];

	/* Controls, blanks and U+00A0 are blanks. */
	if (first <= ' ' || first == 127 || slice_same(character, S("\xc2\xa0"))) {
		w->is_blank_due = w->count > 0;
		return;
	}
	if (w->count + (w->is_blank_due ? 2 : 1) > PREVIEW_CHARACTERS_MAX) {
		w->count = PREVIEW_CHARACTERS_MAX;
		return;
	}
	if ((w->is_blank_due && !buf_add_byte(w->out, ' ')) || !buf_add(w->out, character))
		w->has_failed = true;
	w->count += w->is_blank_due ? 2 : 1;
	w->is_blank_due = false;
}

static bool is_done(const struct writer *w)
{
	return w->has_failed || w->count >= PREVIEW_CHARACTERS_MAX;
}

static bool is_name(char byte)
{
	return ascii_is_alpha(byte) || ascii_is_digit(byte);
}

/* Drops everything up to "</name" and its ">". */
static void skip_element(struct cursor *c, struct slice name)
{
	while (!cursor_at_end(c)) {
		(void)cursor_until(c, '<');
		if (cursor_try(c, S("/")) && cursor_try(c, name))
			break;
	}
	(void)cursor_until(c, '>');
}

/* A tag; "<" was taken. Those that stand inside a line leave no blank. */
static void skip_tag(struct cursor *c, struct writer *w)
{
	static const struct slice unseen[] = { S_INIT("style"), S_INIT("script"), S_INIT("head"),
		S_INIT("title") };
	static const struct slice inside[] = { S_INIT("a"), S_INIT("b"), S_INIT("i"), S_INIT("u"),
		S_INIT("em"), S_INIT("strong"), S_INIT("span"), S_INIT("font") };
	struct slice name;
	bool is_end, is_inside = false;

	if (cursor_try(c, S("!--"))) {
		while (!c->broken && !cursor_at_end(c) && !cursor_try(c, S("-->")))
			(void)cursor_take(c, 1);
		return;
	}
	is_end = cursor_try(c, S("/"));
	name = cursor_while(c, is_name);
	(void)cursor_until(c, '>');
	for (size_t i = 0; i < COUNT(unseen); i++) {
		if (!is_end && slice_same_nocase(name, unseen[i]))
			skip_element(c, name);
	}
	for (size_t i = 0; i < COUNT(inside); i++)
		is_inside |= slice_same_nocase(name, inside[i]);
	if (!is_inside)
		write_character(w, S(" "));
}

/* "&amp;" and the like; "&" was taken. What is none stays as it is. */
static void write_entity(struct cursor *c, struct writer *w)
{
	static const struct {
		struct slice name, text;
	} rows[] = { { S_INIT("amp;"), S_INIT("&") }, { S_INIT("lt;"), S_INIT("<") },
		{ S_INIT("gt;"), S_INIT(">") }, { S_INIT("quot;"), S_INIT("\"") },
		{ S_INIT("apos;"), S_INIT("'") }, { S_INIT("nbsp;"), S_INIT(" ") } };
	struct cursor number = *c;
	char room[4];
	struct buf character = BUF_OVER(room);
	uint64_t value;

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (cursor_try(c, rows[i].name)) {
			write_character(w, rows[i].text);
			return;
		}
	}
	cursor_expect(&number, S("#"));
	value = cursor_number(&number, 0x10ffff);
	cursor_expect(&number, S(";"));
	if (number.broken || (value >= 0xd800 && value < 0xe000) ||
		!charset_add_character((uint32_t)value, &character)) {
		write_character(w, S("&"));
		return;
	}
	*c = number;
	write_character(w, buf_slice(&character));
}

/* charset.c makes nothing but UTF-8; iconv is a library from outside, so anything else ends the text. */
static void take_character(struct cursor *c, struct writer *w)
{
	size_t len = utf8_first(cursor_rest(c));

	if (len == 0)
		cursor_break(c);
	else
		write_character(w, cursor_take(c, len));
}

static void write_html(struct writer *w, struct slice text)
{
	struct cursor c = cursor_over(text);

	while (!cursor_at_end(&c) && !is_done(w)) {
		if (cursor_try(&c, S("<")))
			skip_tag(&c, w);
		else if (cursor_try(&c, S("&")))
			write_entity(&c, w);
		else
			take_character(&c, w);
	}
}

static void write_text(struct writer *w, struct slice text)
{
	struct cursor c = cursor_over(text);

	while (!cursor_at_end(&c) && !is_done(w))
		take_character(&c, w);
}

static void reader_free(struct charset_reader **c)
{
	charset_close(*c);
}

bool preview_add(struct slice source, enum transfer transfer, struct slice charset, bool is_html,
	struct buf *out)
{
	auto_buf decoded = { .max = DECODED_BYTES_MAX };
	auto_buf text = { .max = 4 * DECODED_BYTES_MAX };
	ON_EXIT(reader_free) struct charset_reader *reader = charset_open(charset);
	struct writer w = { .out = out };
	size_t source_max = is_html ? PREVIEW_SOURCE_BYTES_MAX : PREVIEW_TEXT_BYTES_MAX;
	struct transfer_decoder d;

	if (transfer == TRANSFER_UNKNOWN)
		return reader != NULL;
	transfer_begin(&d, transfer);
	/* The ends are left out: the source may be cut in the middle of a character. */
	if (reader == NULL || !transfer_feed(&d, slice_first(source, source_max), &decoded) ||
		!charset_feed(reader, buf_slice(&decoded), &text))
		return false;
	if (is_html)
		write_html(&w, buf_slice(&text));
	else
		write_text(&w, buf_slice(&text));
	return !w.has_failed;
}
