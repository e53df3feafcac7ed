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
/* A frame for charts with a line or points a platform, their names above it. */
void chart_lines_frame(struct page *p);
/* "$d3" for each drawn cell is there; `how` says what to plot of it. Ends the plot command. */
void chart_lines_plot(struct page *p, const struct summary *s, const char *how);
/* A logarithmic axis ('x' or 'y') that ends where the values do, with words at 1, 2 and 5. */
void chart_log_axis(struct page *p, char axis);
/* " 1.5"; gnuplot leaves a gap where it reads NaN. */
void chart_point(struct page *p, double value);
/* A frame for rows of parts from left to right, up to the data: "ROW "title" from to from to ... ["words"]". End it with EOD. */
void chart_stack_frame(struct page *p, unsigned rows);
/* Plots the parts; has_words: the last column stands behind them. */
void chart_stack_plot(struct page *p, const char *const *names, size_t count, bool has_words);
