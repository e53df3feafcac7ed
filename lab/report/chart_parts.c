/* SPDX-License-Identifier: MIT */
#include "lab/report/chart_parts.h"

#include <string.h>

/* Okabe and Ito's colours, told apart by everybody; a platform keeps its colour. */
static const char *const colours[] = { "#0072b2", "#56b4e9", "#009e73", "#d55e00", "#cc79a7",
	"#e69f00", "#7f6a00", "#4d4d4d" };
const char chart_ink[] = "#2b2b2b", chart_grid[] = "#dcdcdc", chart_soft[] = "#6b6b6b";

const char *chart_colour(unsigned cell)
{
	return colours[cell % COUNT(colours)];
}

bool chart_is_drawn(const struct summary *s, unsigned cell)
{
	return summary_is_compared(&s->cells[cell]);
}

unsigned chart_drawn_count(const struct summary *s)
{
	unsigned count = 0;

	for (unsigned i = 0; i < s->plan.x.cell_count; i++)
		count += chart_is_drawn(s, i);
	return count;
}

void chart_begin(struct page *p, unsigned height)
{
	put(p,
		"set terminal svg size %d,%u dynamic enhanced font 'Helvetica,13' linewidth 1 "
		"background '#ffffff'\n"
		"set encoding utf8\nunset key\nset border 1 lc rgb '%s'\nset tics nomirror scale "
		"0\n"
		"set xtics textcolor rgb '%s'\nset ytics textcolor rgb '%s'\n"
		"set style fill solid 1.0 noborder\nset tmargin 1\nset rmargin 2\n",
		CHART_WIDTH, height, chart_ink, chart_ink, chart_soft);
}

void chart_words(struct page *p, const char *text)
{
	for (; *text != '\0'; text++) {
		bool is_special = strchr("\"\\{}^_@&~$`%\n", *text) != NULL;

		put_slice(p, is_special ? S("-") : (struct slice){ text, 1 });
	}
}
