/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * chart - the report's figures, drawn by gnuplot (run as a program, SVG out).
 *
 * Bars start at zero, every trial is a dot, values stand at the bars, colours are Okabe and Ito's and mean
 * the same platform in every figure. chart_draw() runs one script; ids inside the SVG get a prefix, so
 * that several stand in one page. Without gnuplot the figure is a sentence that says so.
 */
#include "lab/report/page.h"
#include "lab/report/summary.h"

/* Mean delivery time of each platform at one size: the study's Figs 3 to 5. */
void chart_bars(struct page *page, const struct summary *s, unsigned size);
/* Where the time of a mail goes, a bar a platform. */
void chart_stages(struct page *page, const struct summary *s, unsigned size);
/* From the start of a platform to the server's first greeting. */
void chart_deploy(struct page *page, const struct summary *s);
