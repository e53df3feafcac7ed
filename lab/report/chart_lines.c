/* SPDX-License-Identifier: MIT */
/* Charts with a line a platform: how times are spread, their slow end, size, load; and trials in time. */
#include "lab/report/chart_parts.h"

#include "lab/report/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CURVE_POINTS = 160, LINES_PIXELS = 330 };

/* "$d3" for each drawn cell is there; `how` says what to plot of it. */
static void lines_plot(struct page *p, const struct summary *s, const char *how)
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

static void lines_frame(struct page *p)
{
	chart_begin(p, LINES_PIXELS);
	put(p,
		"set tmargin -1\nset key outside top center horizontal textcolor rgb '%s' samplen "
		"1.2 "
		"width 1\nset grid xtics ytics lc rgb '%s'\nset lmargin 7\nset bmargin 3\n",
		chart_ink, chart_grid);
}

/* A logarithmic axis that ends where the values do, with words at 1, 2 and 5. */
static void log_axis(struct page *p, char axis)
{
	put(p, "set logscale %c\nset autoscale %cfix\nset %ctics (", axis, axis, axis);
	for (int decade = -3; decade <= 6; decade++)
		put(p, "%s%g, %g, %g", decade > -3 ? ", " : "", pow(10, decade),
			2 * pow(10, decade), 5 * pow(10, decade));
	put(p, ")\n");
}

/* At most CURVE_POINTS of a sorted series: value and share of mails that took no longer. */
static void spread_data(struct page *p, unsigned cell, const struct summary_size *z)
{
	size_t finite = z->mails - z->unfinished, step = finite / CURVE_POINTS + 1;

	put(p, "$d%u << EOD\n", cell);
	for (size_t i = 0; i < finite; i += step)
		put(p, "%.6g %.5g\n", z->sorted[i], 100.0 * (double)(i + 1) / (double)z->mails);
	if (finite > 0)
		put(p, "%.6g %.5g\n", z->sorted[finite - 1],
			100.0 * (double)finite / (double)z->mails);
	else
		put(p, "NaN NaN\n");
	put(p, "EOD\n");
}

void chart_spread(struct figures *f, const struct summary *s, unsigned size)
{
	struct page script = { .is_broken = false };
	char id[FIGURE_ID_BYTES], room[WORDS_NUMBER_BYTES];

	lines_frame(&script);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (chart_is_drawn(s, i))
			spread_data(&script, i, &s->cells[i].sizes[size]);
	}
	log_axis(&script, 'x');
	put(&script, "set yrange [0:100]\nset format y '%%g %%%%'\n"
		     "set xlabel 'ms' offset 0,0.6\n");
	lines_plot(&script, s, "using 1:2 with lines lw 2");
	(void)snprintf(id, sizeof id, "spread-%u", (unsigned)s->plan.x.sizes[size]);
	figure_draw(f, id, &script, "**%s** share of mails that took no longer",
		words_size(s->plan.x.sizes[size], room));
}

/* Only as far as the number of mails carries a percentile. */
static void tail_data(struct page *p, unsigned cell, const struct summary_size *z)
{
	bool is_empty = true;

	put(p, "$d%u << EOD\n", cell);
	for (double nines = 0.05; nines <= 4.0; nines += 0.05) {
		double q = 1 - pow(10, -nines);
		double ms = stats_percentile(z->sorted, z->mails, q);

		if (!isfinite(ms))
			continue;
		put(p, "%.4g %.6g\n", nines, ms);
		is_empty = false;
	}
	put(p, "%sEOD\n", is_empty ? "NaN NaN\n" : "");
}

void chart_tail(struct figures *f, const struct summary *s, unsigned size)
{
	struct page script = { .is_broken = false };
	char id[FIGURE_ID_BYTES], room[WORDS_NUMBER_BYTES];

	lines_frame(&script);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (chart_is_drawn(s, i))
			tail_data(&script, i, &s->cells[i].sizes[size]);
	}
	log_axis(&script, 'y');
	put(&script, "set autoscale xfix\nset xtics ('50 %%%%' 0.30103, '90 %%%%' 1, '99 %%%%' 2, "
		     "'99.9 %%%%' 3, "
		     "'99.99 %%%%' 4)\nset ylabel 'ms' offset 2.5,0\n");
	lines_plot(&script, s, "using 1:2 with lines lw 2");
	(void)snprintf(id, sizeof id, "tail-%u", (unsigned)s->plan.x.sizes[size]);
	figure_draw(f, id, &script,
		"**%s** the slow end: percentiles, as far as the mails carry them",
		words_size(s->plan.x.sizes[size], room));
}

static void sizes_plot(struct page *p, const struct summary *s)
{
	bool is_first = true;

	put(p, "plot ");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		const struct summary_cell *c = &s->cells[i];

		if (!chart_is_drawn(s, i))
			continue;
		put(p, "%s", is_first ? "" : ", \\\n ");
		if (isfinite(c->a_ms) && isfinite(c->b_ms))
			put(p, "%.6g + %.6g * x with lines lw 1.4 lc rgb '%s' notitle, \\\n ",
				c->a_ms, c->b_ms, chart_colour(i));
		put(p, "$d%u using 1:2:3:4 with yerrorbars pt 7 ps 0.6 lw 1.4 lc rgb '%s' title \"",
			i, chart_colour(i));
		chart_words(p, words_title(s, i));
		put(p, "\"");
		is_first = false;
	}
	put(p, "\n");
}

void chart_sizes(struct figures *f, const struct summary *s)
{
	struct page script = { .is_broken = false };
	unsigned sizes = s->plan.x.size_count;

	if (sizes < 2)
		return;
	lines_frame(&script);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (!chart_is_drawn(s, i))
			continue;
		put(&script, "$d%u << EOD\n", i);
		for (unsigned k = 0; k < sizes; k++) {
			const struct summary_size *z = &s->cells[i].sizes[k];
			bool has_ci = isfinite(z->mean_ci.low);

			if (isfinite(z->mean))
				put(&script, "%.6g %.6g %.6g %.6g\n", s->plan.x.sizes[k] / 1024.0,
					z->mean, has_ci ? z->mean_ci.low : z->mean,
					has_ci ? z->mean_ci.high : z->mean);
			else
				put(&script, "NaN NaN NaN NaN\n");
		}
		put(&script, "EOD\n");
	}
	log_axis(&script, 'x');
	log_axis(&script, 'y');
	put(&script,
		"set xrange [%.6g:%.6g]\nset xlabel 'KB' offset 0,0.6\n"
		"set ylabel 'ms' offset 2.5,0\nset samples 60\n",
		s->plan.x.sizes[0] / 1024.0 / 1.25, s->plan.x.sizes[sizes - 1] / 1024.0 * 1.25);
	sizes_plot(&script, s);
	figure_draw(f, "sizes", &script,
		"**Size** mean time with 95 %% intervals, and the line a + b × size");
}

/* gnuplot leaves a gap where it reads NaN. */
static void point_put(struct page *p, double value)
{
	if (isfinite(value))
		put(p, " %.6g", value);
	else
		put(p, " NaN");
}

static void load_data(struct page *p, unsigned cell, const struct costs *c)
{
	put(p, "$d%u << EOD\n", cell);
	for (unsigned i = 0; i < c->step_count; i++) {
		const struct cost_step *one = &c->steps[i];

		put(p, "%.6g", one->rate);
		point_put(p, one->p50);
		point_put(p, one->p99);
		put(p, "\n");
	}
	put(p, "%sEOD\n", c->step_count == 0 ? "NaN NaN NaN\n" : "");
}

void chart_load(struct figures *f, const struct summary *s)
{
	struct page script = { .is_broken = false };
	bool is_first = true;

	if (!s->has_load)
		return;
	lines_frame(&script);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (chart_is_drawn(s, i))
			load_data(&script, i, &s->cells[i].costs);
	}
	log_axis(&script, 'y');
	put(&script, "set xlabel 'mails offered in a second' offset 0,0.6\nset ylabel 'ms' offset "
		     "2.5,0\n"
		     "plot ");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (!chart_is_drawn(s, i))
			continue;
		put(&script,
			"%s$d%u using 1:2 with linespoints pt 7 ps 0.5 lw 2 lc rgb '%s' title \"",
			is_first ? "" : ", \\\n ", i, chart_colour(i));
		chart_words(&script, words_title(s, i));
		put(&script,
			"\", \\\n $d%u using 1:3 with linespoints dt 2 pt 6 ps 0.5 lw 1.2 lc rgb "
			"'%s' notitle",
			i, chart_colour(i));
		is_first = false;
	}
	put(&script, "\n");
	figure_draw(f, "load", &script,
		"**Load** median time from when a mail was due (dashed: 99 of 100), against the "
		"offered rate");
}

/* A point a trial, in the order in which they ran. */
static void order_data(struct page *p, const struct summary *s, unsigned cell)
{
	bool is_empty = true;

	put(p, "$d%u << EOD\n", cell);
	for (size_t i = 0; i < s->trial_count; i++) {
		const struct summary_trial *t = &s->trials[i];

		if (t->cell != cell || !t->record.is_measured || !isfinite(t->medians[0]))
			continue;
		put(p, "%u %.6g\n",
			t->record.block * s->plan.measured_count + t->record.position + 1,
			t->medians[0]);
		is_empty = false;
	}
	put(p, "%sEOD\n", is_empty ? "NaN NaN\n" : "");
}

void chart_order(struct figures *f, const struct summary *s)
{
	struct page script = { .is_broken = false };
	char room[WORDS_NUMBER_BYTES];

	lines_frame(&script);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (chart_is_drawn(s, i))
			order_data(&script, s, i);
	}
	log_axis(&script, 'y');
	put(&script,
		"set xrange [0:%u]\nset xlabel 'trial' offset 0,0.6\n"
		"set ylabel 'ms' offset 2.5,0\n",
		plan_trial_count(&s->plan) + 1);
	lines_plot(&script, s, "using 1:2 with points pt 7 ps 0.5");
	figure_draw(f, "order", &script, "**In order of time** median of each trial at %s",
		words_size(s->plan.x.sizes[0], room));
}

void chart_canary(struct figures *f, const struct summary *s)
{
	struct page script = { .is_broken = false };
	double room = 0;

	for (size_t i = 0; i < s->trial_count; i++)
		room = fmax(room,
			isfinite(s->trials[i].record.spin_ms) ? s->trials[i].record.spin_ms : 0);
	if (!(room > 0))
		return;
	lines_frame(&script);
	put(&script, "$canary << EOD\n");
	for (size_t i = 0; i < s->trial_count; i++) {
		const struct trial_record *r = &s->trials[i].record;

		if (isfinite(r->spin_ms))
			put(&script, "%u %.6g\n",
				r->block * s->plan.measured_count + r->position + 1, r->spin_ms);
	}
	put(&script,
		"EOD\nunset key\nset yrange [0:%.6g]\nset xrange [0:%u]\n"
		"set xlabel 'trial' offset 0,0.6\nset ylabel 'ms' offset 2.5,0\n"
		"plot $canary using 1:2 with points pt 7 ps 0.5 lc rgb '%s'\n",
		room * 1.1, plan_trial_count(&s->plan) + 1, chart_soft);
	figure_draw(f, "canary", &script,
		"**Canary** the same work before each trial, ms: higher is a busier machine");
}
