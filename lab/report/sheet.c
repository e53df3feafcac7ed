/* SPDX-License-Identifier: MIT */
#include "lab/report/sheet.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The text is  ROW class CELL text [SMALL text] CELL text ... ROW ...; the first row holds the heads. What users bring in
 * cannot break it: control bytes become spaces on the way in.
 */
enum { ROW = 0x1e, CELL = 0x1f, SMALL = 0x1d, REST = 0x1c };

static void add_words(struct sheet *t, char mark, const char *format, va_list words)
	PRINTF_LIKE(3, 0);

static void add_words(struct sheet *t, char mark, const char *format, va_list words)
{
	char *text = NULL;

	if (vasprintf(&text, format, words) < 0) {
		t->text.is_broken = true;
		return;
	}
	for (char *at = text; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ')
			*at = ' ';
	}
	put_slice(&t->text, (struct slice){ &mark, 1 });
	put_slice(&t->text, slice_of(text));
	free(text);
}

void sheet_begin(struct sheet *t, const char *name, const char *caption, ...)
{
	va_list words;

	*t = (struct sheet){ .columns = 0 };
	(void)snprintf(t->name, sizeof t->name, "%s", name);
	va_start(words, caption);
	(void)vsnprintf(t->caption, sizeof t->caption, caption, words);
	va_end(words);
	put_slice(&t->text, (struct slice){ (const char[]){ ROW }, 1 });
}

void sheet_head(struct sheet *t, const char *format, ...)
{
	va_list words;

	va_start(words, format);
	add_words(t, CELL, format, words);
	va_end(words);
	t->columns++;
	invariant(t->columns <= SHEET_COLUMNS_MAX);
}

void sheet_heads(struct sheet *t, const char *names)
{
	struct slice left = slice_of(names);

	while (left.len > 0) {
		struct slice one = slice_first(left, slice_find(left, '\t'));

		sheet_head(t, "%.*s", S_FMT(one));
		left = slice_skip(left, one.len + 1);
	}
}

void sheet_row(struct sheet *t, const char *class)
{
	put_slice(&t->text, (struct slice){ (const char[]){ ROW }, 1 });
	put_slice(&t->text, slice_of(class));
	t->rows += strcmp(class, "group") != 0;
}

void sheet_cell(struct sheet *t, const char *format, ...)
{
	va_list words;

	va_start(words, format);
	add_words(t, CELL, format, words);
	va_end(words);
}

void sheet_small(struct sheet *t, const char *format, ...)
{
	va_list words;

	va_start(words, format);
	add_words(t, SMALL, format, words);
	va_end(words);
}

void sheet_rest(struct sheet *t, const char *format, ...)
{
	va_list words;

	va_start(words, format);
	add_words(t, REST, format, words);
	va_end(words);
}

void sheet_group(struct sheet *t, const char *format, ...)
{
	va_list words;

	sheet_row(t, "group");
	va_start(words, format);
	add_words(t, REST, format, words);
	va_end(words);
}

void sheet_done(struct sheet *t)
{
	buf_done(&t->text.text);
}

static bool is_mark(char c)
{
	return c == ROW || c == CELL || c == SMALL || c == REST;
}

/* Takes the piece up to the next mark off the front; *ret_mark is the one it began with. */
static struct slice piece_take(struct slice *left, char *ret_mark)
{
	size_t len = 1;

	*ret_mark = left->at[0];
	while (len < left->len && !is_mark(left->at[len]))
		len++;
	struct slice piece = { left->at + 1, len - 1 };
	*left = slice_skip(*left, len);
	return piece;
}

/* Where a reader of pieces is. */
struct walk {
	struct slice left, piece;
	char mark;
	unsigned row, column; /* the heads are row 0 */
	bool is_group;
};

static bool walk_next(struct walk *w)
{
	if (w->left.len == 0)
		return false;
	w->piece = piece_take(&w->left, &w->mark);
	if (w->mark == ROW) {
		w->row++;
		w->column = 0;
		w->is_group = slice_same(w->piece, S("group"));
	} else if (w->mark != SMALL) {
		w->column++;
	}
	return true;
}

static void html_row_begin(const struct walk *w, struct page *to)
{
	if (w->row == 1) {
		put(to, "<thead><tr>");
		return;
	}
	if (w->row == 2 || w->is_group)
		put(to, "%s<tbody>", w->row == 2 ? "" : "</tbody>\n");
	put(to, "<tr");
	if (w->piece.len > 0)
		put(to, " class=\"%.*s\"", S_FMT(w->piece));
	put(to, ">");
}

/* The piece as a new cell, which stays open for a smaller part. */
static void html_cell_begin(const struct sheet *t, const struct walk *w, struct page *to)
{
	bool is_head = w->row == 1 || w->column == 1;

	put(to, is_head ? "<th" : "<td");
	if (is_head)
		put(to, " scope=\"%s\"", w->row == 1 ? "col" : w->is_group ? "rowgroup" : "row");
	if (w->mark == REST)
		put(to, " colspan=\"%u\"", t->columns + 1 - w->column);
	put(to, ">");
	put_text(to, w->piece);
}

static void html_cell_end(const struct walk *w, struct page *to)
{
	put(to, w->row == 1 || w->column == 1 ? "</th>" : "</td>");
}

static void html_row_end(unsigned row, struct page *to)
{
	put(to, row == 1 ? "</tr></thead>\n" : row > 1 ? "</tr>\n" : "");
}

void sheet_html(const struct sheet *t, struct page *to)
{
	struct walk w = { .left = buf_slice(&t->text.text) }, before = w;

	if (t->text.is_broken || t->rows == 0)
		return;
	/* Outside the table, which may be wider than a phone: the words wrap at the phone's edge. */
	if (t->caption[0] != '\0') {
		put(to, "<p class=\"caption\">");
		put_text(to, slice_of(t->caption));
		put(to, "</p>\n");
	}
	put(to, "<div class=\"wide\"><table class=\"%s%s\">\n", t->is_large ? "large" : "dense",
		t->is_words ? " words" : "");
	for (; walk_next(&w); before = w) {
		if (w.mark != SMALL && before.column > 0)
			html_cell_end(&before, to);
		if (w.mark == SMALL) {
			put(to, "<small>");
			put_text(to, w.piece);
			put(to, "</small>");
		} else if (w.mark == ROW) {
			html_row_end(before.row, to);
			html_row_begin(&w, to);
		} else {
			html_cell_begin(t, &w, to);
		}
	}
	if (before.column > 0)
		html_cell_end(&before, to);
	put(to, "</tr>\n</tbody></table></div>\n");
}

/* What would end a cell or begin a tag. */
static void markdown_text(struct page *to, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		switch (s.at[i]) {
		case '|':
			put_slice(to, S("\\|"));
			break;
		case '*':
			put_slice(to, S("\\*"));
			break;
		case '_':
			put_slice(to, S("\\_"));
			break;
		default:
			put_text(to, (struct slice){ s.at + i, 1 });
		}
	}
}

static void markdown_rule(const struct sheet *t, struct page *to)
{
	for (unsigned i = 0; i < t->columns; i++)
		put(to, i == 0 ? "|---" : t->is_words ? "|---" : "|---:");
	put(to, "|\n");
}

void sheet_markdown(const struct sheet *t, struct page *to)
{
	struct walk w = { .left = buf_slice(&t->text.text) };

	if (t->text.is_broken || t->rows == 0)
		return;
	if (t->caption[0] != '\0') {
		markdown_text(to, slice_of(t->caption));
		put(to, "\n\n");
	}
	while (walk_next(&w)) {
		if (w.mark == ROW) {
			put(to, "%s", w.row > 1 ? " |\n" : "");
			if (w.row == 2)
				markdown_rule(t, to);
			continue;
		}
		put(to, w.mark == SMALL ? " (" : w.column == 1 ? "| " : " | ");
		put(to, "%s", w.is_group ? "**" : "");
		markdown_text(to, w.piece);
		put(to, "%s", w.is_group ? "**" : w.mark == SMALL ? ")" : "");
		for (unsigned i = w.column; w.mark == REST && i < t->columns; i++)
			put(to, " |");
	}
	put(to, " |\n\n");
}

static void csv_part(struct page *to, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		put_slice(to, s.at[i] == '"' ? S("\"\"") : (struct slice){ s.at + i, 1 });
}

/* A row begins with its group's name, when there are groups. */
static void csv_row_begin(
	const struct walk *w, bool has_groups, struct slice group, struct page *to)
{
	put(to, "%s", w->row > 1 ? "\r\n" : "");
	if (!has_groups)
		return;
	put(to, "\"");
	csv_part(to, w->row > 1 ? group : S("group"));
	put(to, "\",");
}

void sheet_csv(const struct sheet *t, struct page *to)
{
	struct walk w = { .left = buf_slice(&t->text.text) };
	struct slice group = S("");
	bool is_open = false;
	bool has_groups = !t->text.is_broken &&
			  memmem(t->text.text.at, t->text.text.len, "\x1egroup", 6) != NULL;

	while (!t->text.is_broken && walk_next(&w)) {
		if (is_open && w.mark != SMALL)
			put(to, "\"");
		is_open = !w.is_group &&
			  (w.mark == CELL || w.mark == REST || (w.mark == SMALL && is_open));
		if (w.is_group) {
			group = w.mark == REST ? w.piece : group;
		} else if (w.mark == ROW) {
			csv_row_begin(&w, has_groups, group, to);
		} else {
			put(to, w.mark == SMALL ? " (" : w.column > 1 ? ",\"" : "\"");
			csv_part(to, w.piece);
			put(to, "%s", w.mark == SMALL ? ")" : "");
		}
	}
	put(to, "%s\r\n", is_open ? "\"" : "");
}
