/* SPDX-License-Identifier: MIT */
#pragma once
/* chart_parts - what the chart_*.c files share: colours, terminals, data blocks of gnuplot. */
#include "lab/report/chart.h"

extern const char chart_ink[], chart_grid[], chart_soft[];
/* "#0072b2" of a cell. */
const char *chart_colour(unsigned cell);
/* Cells that stand in figures. */
bool chart_is_drawn(const struct summary *s, unsigned cell);
unsigned chart_drawn_count(const struct summary *s);
/* Terminal, fonts, borders. */
void chart_begin(struct page *p, unsigned height);
/* Words inside gnuplot's double quotes: what it would understand is taken out. */
void chart_words(struct page *p, const char *text);
