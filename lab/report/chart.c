/* SPDX-License-Identifier: MIT */
/* Bars with a dot for each trial, and the list of all figures. */
#include "lab/report/chart_parts.h"

#include "lab/report/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BARS_WIDE_COUNT = 3, TITLE_BYTES = 80 }; /* more bars than that are too narrow for titles */

/* "User-mode Linux" in two lines, in gnuplot's spelling. */
static void title_put(struct page *p, const char *title, bool is_wide)
{
	const char *space = strrchr(title, ' ');
	char first[TITLE_BYTES];

	if (space == NULL || is_wide) {
		chart_words(p, title);
		return;
	}
	(void)snprintf(first, sizeof first, "%.*s", (int)(space - title), title);
	chart_words(p, first);
	put(p, "\\n");
	chart_words(p, space + 1);
}

/* What a bar chart shows: a value for a cell, with an interval, and one for each trial. */
struct bars {
	double (*value)(const struct summary_cell *c, unsigned size);
	struct interval (*interval)(const struct summary_cell *c, unsigned size);
	double (*dot)(const struct summary_trial *t, unsigned size);
	const char *unit;
	unsigned size;
	double floor; /* what the instrument alone takes; NAN: no line */
};

/* Below each bar stand its value, where no dot can cover it, and the platform. */
static void frame(struct page *p, const struct summary *s, const struct bars *b)
{
	bool is_wide = chart_drawn_count(s) <= BARS_WIDE_COUNT;
	char room[WORDS_NUMBER_BYTES];
	unsigned at = 0;

	chart_begin(p, 330);
	put(p, "set grid ytics lc rgb '%s' lw 1\nset boxwidth 0.56\nset xtics (", chart_grid);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (!chart_is_drawn(s, i))
			continue;
		at++;
		put(p, "%s\"{/:Bold %s} %s\\n", at > 1 ? ", " : "",
			words_ms(b->value(&s->cells[i], b->size), room), b->unit);
		title_put(p, words_title(s, i), is_wide);
		put(p, "\" %u", at);
	}
	put(p, ")\nset xrange [0.4:%.1f]\nset bmargin %s\nset lmargin 6\n", at + 0.6,
		is_wide ? "3.2" : "4.3");
}

static double dot_of(const struct summary *s, const struct bars *b, size_t trial)
{
	const struct summary_trial *t = &s->trials[trial];

	return chart_is_drawn(s, t->cell) && t->record.is_measured ? b->dot(t, b->size)
								   : (double)NAN;
}

/* Height of the axis: the highest dot or interval. */
static double top_of(const struct summary *s, const struct bars *b)
{
	double top = 0;

	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		struct interval ci = b->interval(&s->cells[i], b->size);
		double value = b->value(&s->cells[i], b->size);

		if (!chart_is_drawn(s, i))
			continue;
		top = fmax(top, isfinite(value) ? value : 0);
		top = fmax(top, isfinite(ci.high) ? ci.high : 0);
	}
	for (size_t i = 0; i < s->trial_count; i++) {
		double dot = dot_of(s, b, i);

		top = fmax(top, isfinite(dot) ? dot : 0);
	}
	return top;
}

static void bars_data(struct page *p, const struct summary *s, const struct bars *b)
{
	unsigned at = 0;

	put(p, "$bars << EOD\n-9 0 0 0 0\n"); /* one outside: an empty block is an error */
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		double value = b->value(&s->cells[i], b->size);
		struct interval ci = b->interval(&s->cells[i], b->size);

		if (!chart_is_drawn(s, i))
			continue;
		at++;
		bool has_ci = isfinite(ci.low) && isfinite(ci.high);
		if (isfinite(value))
			put(p, "%u %.6g %.6g %.6g 0x%s\n", at, value, has_ci ? ci.low : value,
				has_ci ? ci.high : value, chart_colour(i) + 1);
	}
	put(p, "EOD\n");
}

static void dots_data(struct page *p, const struct summary *s, const struct bars *b)
{
	unsigned at = 0;

	put(p, "$dots << EOD\n-9 0 0\n");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (!chart_is_drawn(s, i))
			continue;
		at++;
		for (size_t k = 0; k < s->trial_count; k++) {
			double dot = s->trials[k].cell == i ? dot_of(s, b, k) : (double)NAN;
			/* Blocks lie side by side, in time. */
			double place = s->plan.x.blocks > 1
					       ? (double)s->trials[k].record.block /
								 (s->plan.x.blocks - 1) -
							 0.5
					       : 0;

			if (isfinite(dot))
				put(p, "%.4f %.6g 0x%s\n", at + 0.36 * place, dot,
					chart_colour(i) + 1);
		}
	}
	put(p, "EOD\n");
}

/* The script of a bar chart; false when there is nothing to draw. */
static bool bars_script(struct page *p, const struct summary *s, const struct bars *b)
{
	double top = top_of(s, b);
	unsigned base = 0;

	if (!(top > 0) || !summary_base(s, &base))
		return false;
	frame(p, s, b);
	bars_data(p, s, b);
	dots_data(p, s, b);
	double bound = b->value(&s->cells[base], b->size);
	if (isfinite(bound))
		put(p,
			"set arrow from graph 0, first %.6g to graph 1, first %.6g nohead dt 3 lw "
			"1.2 "
			"lc rgb '%s' back\n",
			bound, bound, chart_soft);
	if (isfinite(b->floor))
		put(p,
			"set arrow from graph 0, first %.6g to graph 1, first %.6g nohead dt 2 lw "
			"0.8 "
			"lc rgb '%s' back\n",
			b->floor, b->floor, chart_soft);
	put(p,
		"set yrange [0:%.6g]\nset format y '%%g'\n"
		"plot $bars using 1:2:5 with boxes lc rgb variable fs transparent solid 0.32 "
		"noborder, \\\n"
		" $dots using 1:2:3 with points pt 7 ps 0.38 lc rgb variable, \\\n"
		" $bars using 1:3:(0):($4-$3) with vectors heads size graph 0.012,90 lw 1.6 lc rgb "
		"'%s'\n",
		top * 1.06, chart_ink);
	return true;
}

static double mean_of(const struct summary_cell *c, unsigned size)
{
	return c->sizes[size].mean;
}

static struct interval mean_interval_of(const struct summary_cell *c, unsigned size)
{
	return c->sizes[size].mean_ci;
}

static double trial_mean_of(const struct summary_trial *t, unsigned size)
{
	return t->means[size];
}

void chart_bars(struct figures *f, const struct summary *s, unsigned size)
{
	const struct bars bars = { mean_of, mean_interval_of, trial_mean_of, "ms", size,
		s->floor_ms };
	struct page script = { .is_broken = false };
	char id[FIGURE_ID_BYTES], room[WORDS_NUMBER_BYTES];

	(void)snprintf(id, sizeof id, "bars-%u", (unsigned)s->plan.x.sizes[size]);
	if (bars_script(&script, s, &bars))
		figure_draw(f, id, &script, "**%s** mean delivery time, ms",
			words_size(s->plan.x.sizes[size], room));
}

static double deploy_of(const struct summary_cell *c, unsigned size)
{
	(void)size;
	return c->deploy_ms / 1000;
}

static struct interval deploy_interval_of(const struct summary_cell *c, unsigned size)
{
	(void)size;
	return (struct interval){ c->deploy_ci.low / 1000, c->deploy_ci.high / 1000 };
}

static double trial_deploy_of(const struct summary_trial *t, unsigned size)
{
	(void)size;
	return t->record.deploy_ms / 1000;
}

void chart_deploy(struct figures *f, const struct summary *s)
{
	const struct bars bars = { deploy_of, deploy_interval_of, trial_deploy_of, "s", 0,
		(double)NAN };
	struct page script = { .is_broken = false };

	if (bars_script(&script, s, &bars))
		figure_draw(f, "deploy", &script,
			"**Deployment** start of the platform to the first 220, s (median)");
}

void charts_draw(struct figures *f, const struct summary *s)
{
	unsigned sizes = s->plan.x.size_count;

	if (chart_drawn_count(s) == 0 || sizes == 0)
		return;
	for (unsigned i = 0; i < sizes; i++)
		chart_bars(f, s, i);
	chart_forest(f, s);
	for (unsigned i = 0; i<sizes; i += sizes> 1 ? sizes - 1 : 1) {
		chart_spread(f, s, i);
		chart_tail(f, s, i);
		chart_stages(f, s, i);
	}
	chart_sizes(f, s);
	chart_load(f, s);
	chart_rates(f, s);
	chart_server(f, s);
	chart_deploy(f, s);
	chart_boots(f, s);
	chart_ready(f, s);
	chart_order(f, s);
	chart_canary(f, s);
	chart_warmup(f, s);
	chart_lags(f, s);
	chart_normal(f, s);
}
