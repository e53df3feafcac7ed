/* SPDX-License-Identifier: MIT */
#include "lab/report/chart_parts.h"

#include "lab/report/words.h"

#include <math.h>
#include <string.h>

enum { LINES_PIXELS = 330 };

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

void chart_lines_plot(struct page *p, const struct summary *s, const char *how)
{
	bool is_first = true;

	put(p, "plot ");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (!chart_is_drawn(s, i))
			continue;
		put(p, "%s$d%u %s lc rgb '%s' title \"", is_first ? "" : ", \\\n ", i, how,
			chart_colour(i));
		chart_words(p, words_title(s, i));
		put(p, "\"");
		is_first = false;
	}
	put(p, "\n");
}

void chart_lines_frame(struct page *p)
{
	chart_begin(p, LINES_PIXELS);
	put(p,
		"set tmargin -1\nset key outside top center horizontal textcolor rgb '%s' samplen "
		"1.2 "
		"width 1\nset grid xtics ytics lc rgb '%s'\nset lmargin 7\nset bmargin 3\n",
		chart_ink, chart_grid);
}

void chart_log_axis(struct page *p, char axis)
{
	put(p, "set logscale %c\nset autoscale %cfix\nset %ctics (", axis, axis, axis);
	for (int decade = -3; decade <= 6; decade++)
		put(p, "%s%g, %g, %g", decade > -3 ? ", " : "", pow(10, decade),
			2 * pow(10, decade), 5 * pow(10, decade));
	put(p, ")\n");
}

void chart_point(struct page *p, double value)
{
	if (isfinite(value))
		put(p, " %.6g", value);
	else
		put(p, " NaN");
}
