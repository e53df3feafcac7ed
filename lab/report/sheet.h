/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * sheet - one table of the report, filled row by row and written as HTML, Markdown or CSV.
 *
 * The first cell of a row is its name. A cell may have a second, smaller part (an interval, say). Whatever goes in is
 * text: each form escapes what it must. Rows have a class: "best", "missing" (set back), "noise", or "group" (a heading
 * inside the table).
 * Ownership: sheet_done frees; a sheet that ran out of memory is broken and is written as nothing.
 * Limits: SHEET_*.
 */
#include "lab/report/page.h"

enum { SHEET_NAME_BYTES = 48, SHEET_CAPTION_BYTES = 400, SHEET_COLUMNS_MAX = 64 };

struct sheet {
	char name[SHEET_NAME_BYTES]; /* of its CSV file */
	char caption[SHEET_CAPTION_BYTES];
	bool is_words;    /* sentences, not numbers: aligned left, wrapped */
	bool is_large;    /* the front table: larger type */
	unsigned columns; /* counted by sheet_head */
	unsigned rows;    /* without groups */
	struct page text; /* cells between control bytes: see sheet.c */
};

void sheet_begin(struct sheet *t, const char *name, const char *caption, ...) PRINTF_LIKE(3, 4);
/* One more column. */
void sheet_head(struct sheet *t, const char *format, ...) PRINTF_LIKE(2, 3);
/* Several at once: "mean\tfrom\tto". */
void sheet_heads(struct sheet *t, const char *names);
void sheet_row(struct sheet *t, const char *class);
void sheet_cell(struct sheet *t, const char *format, ...) PRINTF_LIKE(2, 3);
/* The second part of the cell before. */
void sheet_small(struct sheet *t, const char *format, ...) PRINTF_LIKE(2, 3);
/* A cell over all columns that are left. */
void sheet_rest(struct sheet *t, const char *format, ...) PRINTF_LIKE(2, 3);
/* A heading row. */
void sheet_group(struct sheet *t, const char *format, ...) PRINTF_LIKE(2, 3);

void sheet_html(const struct sheet *t, struct page *to);
void sheet_markdown(const struct sheet *t, struct page *to);
void sheet_csv(const struct sheet *t, struct page *to);
void sheet_done(struct sheet *t);
#define auto_sheet ON_EXIT(sheet_done) struct sheet
