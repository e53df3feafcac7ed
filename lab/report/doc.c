/* SPDX-License-Identifier: MIT */
#include "lab/report/doc.h"

#include "lab/report/style.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text with **strong** and `code` as HTML; Markdown has them already. */
static void marked_put(struct doc *d, struct slice s)
{
	bool is_strong = false, is_code = false;

	for (size_t i = 0; i < s.len; i++) {
		struct slice rest = slice_skip(s, i);

		if (!d->is_markdown && slice_starts(rest, S("**"))) {
			put(&d->out, is_strong ? "</b>" : "<b>");
			is_strong = !is_strong;
			i++;
		} else if (!d->is_markdown && s.at[i] == '`') {
			put(&d->out, is_code ? "</code>" : "<code>");
			is_code = !is_code;
		} else {
			put_text(&d->out, slice_first(rest, 1));
		}
	}
	put(&d->out, "%s%s", is_code ? "</code>" : "", is_strong ? "</b>" : "");
}

static void marked_words(struct doc *d, const char *format, va_list words) PRINTF_LIKE(2, 0);

static void marked_words(struct doc *d, const char *format, va_list words)
{
	char *text = NULL;

	if (vasprintf(&text, format, words) < 0) {
		d->out.is_broken = true;
		return;
	}
	marked_put(d, slice_of(text));
	free(text);
}

static void list_end(struct doc *d)
{
	if (d->is_in_list)
		put(&d->out, d->is_markdown ? "\n" : "</ul>\n");
	d->is_in_list = false;
}

static void section_end(struct doc *d)
{
	list_end(d);
	if (d->is_in_section && !d->is_markdown)
		put(&d->out, "</section>\n");
	d->is_in_section = false;
}

void doc_begin(struct doc *d, const char *title, const char *kicker)
{
	if (d->is_markdown) {
		put(&d->out, "# ");
		put_text(&d->out, slice_of(title));
		put(&d->out, "\n\n*");
		put_text(&d->out, slice_of(kicker));
		put(&d->out, "*\n\n");
		return;
	}
	put(&d->out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		     "<title>");
	put_text(&d->out, slice_of(title));
	put(&d->out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<p class=\"kicker\">",
		report_style);
	put_text(&d->out, slice_of(kicker));
	put(&d->out, "</p>\n<h1>");
	put_text(&d->out, slice_of(title));
	put(&d->out, "</h1>\n");
}

void doc_end(struct doc *d)
{
	section_end(d);
	put(&d->out, d->is_markdown ? "" : "</main>\n</body>\n</html>\n");
}

void doc_section(struct doc *d, const char *title)
{
	section_end(d);
	d->is_in_section = true;
	put(&d->out, d->is_markdown ? "## " : "<section>\n<h2>");
	put_text(&d->out, slice_of(title));
	put(&d->out, d->is_markdown ? "\n\n" : "</h2>\n");
}

void doc_part(struct doc *d, const char *title)
{
	list_end(d);
	put(&d->out, d->is_markdown ? "### " : "<h3>");
	put_text(&d->out, slice_of(title));
	put(&d->out, d->is_markdown ? "\n\n" : "</h3>\n");
}

void doc_text(struct doc *d, const char *format, ...)
{
	va_list words;

	list_end(d);
	put(&d->out, d->is_markdown ? "" : "<p>");
	va_start(words, format);
	marked_words(d, format, words);
	va_end(words);
	put(&d->out, d->is_markdown ? "\n\n" : "</p>\n");
}

void doc_say(struct doc *d, const char *class, const char *format, ...)
{
	va_list words;

	list_end(d);
	if (d->is_markdown)
		put(&d->out, "%s", strcmp(class, "warn") == 0 ? "> " : "");
	else
		put(&d->out, "<p class=\"%s\">", class);
	va_start(words, format);
	marked_words(d, format, words);
	va_end(words);
	put(&d->out, d->is_markdown ? "\n\n" : "</p>\n");
}

void doc_item(struct doc *d, const char *class, const char *format, ...)
{
	va_list words;

	if (!d->is_in_list && !d->is_markdown)
		put(&d->out, "<ul class=\"sentences\">\n");
	d->is_in_list = true;
	if (d->is_markdown)
		put(&d->out, "- ");
	else
		put(&d->out, "<li class=\"%s\">", class);
	va_start(words, format);
	marked_words(d, format, words);
	va_end(words);
	put(&d->out, d->is_markdown ? "\n" : "</li>\n");
}

void doc_code(struct doc *d, const char *format, ...)
{
	va_list words;
	char *text = NULL;

	list_end(d);
	va_start(words, format);
	int len = vasprintf(&text, format, words);
	va_end(words);
	if (len < 0) {
		d->out.is_broken = true;
		return;
	}
	put(&d->out, d->is_markdown ? "```\n" : "<pre>");
	if (d->is_markdown)
		put_slice(&d->out, slice_of(text));
	else
		put_text(&d->out, slice_of(text));
	put(&d->out, d->is_markdown ? "\n```\n\n" : "</pre>\n");
	free(text);
}

void doc_figures_begin(struct doc *d)
{
	list_end(d);
	d->is_in_figures = true;
	put(&d->out, "%s", d->is_markdown ? "" : "<div class=\"charts\">\n");
}

void doc_figures_end(struct doc *d)
{
	d->is_in_figures = false;
	put(&d->out, "%s", d->is_markdown ? "" : "</div>\n");
}

void doc_figure(struct doc *d, const char *id)
{
	const struct figure *one = figure_find(d->figures, id);

	if (one == NULL)
		return;
	list_end(d);
	put(&d->out, d->is_markdown ? "" : "<figure>\n<figcaption>");
	marked_put(d, slice_of(one->title));
	put(&d->out, d->is_markdown ? "\n\n" : "</figcaption>\n");
	if (one->svg.len == 0)
		doc_say(d, "missing", "No picture: %s.", one->why);
	else if (d->is_markdown)
		put(&d->out, "![%s](figures/%s.svg)\n\n", id, id);
	else
		figure_inline(d->figures, one, &d->out);
	put(&d->out, "%s", d->is_markdown ? "" : "</figure>\n");
}

void doc_sheet(struct doc *d, const struct sheet *t)
{
	list_end(d);
	if (d->is_markdown)
		sheet_markdown(t, &d->out);
	else
		sheet_html(t, &d->out);
}

void doc_facts_begin(struct doc *d)
{
	list_end(d);
	put(&d->out, "%s", d->is_markdown ? "" : "<dl>\n");
}

void doc_fact(struct doc *d, bool is_long, const char *name, struct slice value)
{
	if (d->is_markdown)
		put(&d->out, "- ");
	else
		put(&d->out, is_long ? "<div class=\"long\"><dt>" : "<div><dt>");
	put_text(&d->out, slice_of(name));
	put(&d->out, d->is_markdown ? ": " : "</dt><dd>");
	put_text(&d->out, value);
	put(&d->out, d->is_markdown ? "\n" : "</dd></div>\n");
}

void doc_facts_end(struct doc *d)
{
	put(&d->out, d->is_markdown ? "\n" : "</dl>\n");
}
