/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * figure - the report's pictures: drawn once by gnuplot, put into the HTML and beside the Markdown.
 *
 * A figure has an id (its file is figures/ID.svg), a title, and a sentence for those who cannot see it. Inside one page the names
 * in the SVG get a prefix, so that several can stand there. Without gnuplot a figure is a sentence that says so.
 * Ownership: figures_done frees. Limits: FIGURES_MAX.
 */
#include "lab/report/page.h"

enum { FIGURES_MAX = 64, FIGURE_ID_BYTES = 32, FIGURE_TITLE_BYTES = 200 };

struct figure {
	char id[FIGURE_ID_BYTES];
	char title[FIGURE_TITLE_BYTES]; /* "**1 KB** mean delivery time, ms" */
	struct buf svg;                 /* empty: see why */
	char why[256];
};

struct figures {
	struct figure all[FIGURES_MAX];
	unsigned count;
};

/* Runs the script and frees it. More than FIGURES_MAX are left out. */
void figure_draw(struct figures *f, const char *id, struct page *script, const char *title, ...)
	PRINTF_LIKE(4, 5);
const struct figure *figure_find(const struct figures *f, const char *id);
/* The <svg> element alone, its names prefixed. */
void figure_inline(const struct figures *f, const struct figure *one, struct page *to);
/* FOLDER/figures/ID.svg of each. */
MUST_CHECK bool figures_save(const struct figures *f, const char *folder, struct error *e);
void figures_done(struct figures *f);
