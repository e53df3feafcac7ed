/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * doc - the report as a text with headings, paragraphs, tables and figures; HTML or Markdown comes out.
 *
 * Sections are written once, for both. Text is plain, with **strong** and `code`; whatever is special in the form is
 * escaped, so text from outside may stand anywhere. The HTML is one file: style and pictures inside, no script.
 * Ownership: borrows the figures; the pages are freed by page_save.
 */
#include "lab/report/figure.h"
#include "lab/report/sheet.h"

struct doc {
	struct page out;
	bool is_markdown, is_in_section, is_in_list, is_in_figures;
	const struct figures *figures;
};

/* The head of the document; `kicker` is the small line above the title. */
void doc_begin(struct doc *d, const char *title, const char *kicker);
void doc_end(struct doc *d);
void doc_section(struct doc *d, const char *title);
void doc_part(struct doc *d, const char *title);
void doc_text(struct doc *d, const char *format, ...) PRINTF_LIKE(2, 3);
/* A paragraph of a class: "answer", "facts", "warn". */
void doc_say(struct doc *d, const char *class, const char *format, ...) PRINTF_LIKE(3, 4);
/* An item of a list; its class is the colour at its side: "sure", "same", "open". */
void doc_item(struct doc *d, const char *class, const char *format, ...) PRINTF_LIKE(3, 4);
void doc_code(struct doc *d, const char *format, ...) PRINTF_LIKE(2, 3);
/* Small figures stand side by side between these. */
void doc_figures_begin(struct doc *d);
void doc_figures_end(struct doc *d);
/* Nothing when there is no such figure. */
void doc_figure(struct doc *d, const char *id);
void doc_sheet(struct doc *d, const struct sheet *t);
/* A name and its value, in a list of facts; is_long takes the whole width. */
void doc_facts_begin(struct doc *d);
void doc_fact(struct doc *d, bool is_long, const char *name, struct slice value);
void doc_facts_end(struct doc *d);
