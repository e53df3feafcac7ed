/* SPDX-License-Identifier: MIT */
/* Charts with a line a platform: how times are spread, their slow end, and how they grow with size. */
#include "lab/report/chart_parts.h"

#include "lab/report/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CURVE_POINTS = 160 };

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

	chart_lines_frame(&script);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (chart_is_drawn(s, i))
			spread_data(&script, i, &s->cells[i].sizes[size]);
	}
	chart_log_axis(&script, 'x');
	put(&script, "set yrange [0:100]\nset format y '%%g %%%%'\n"
		     "set xlabel 'ms' offset 0,0.6\n");
	chart_lines_plot(&script, s, "using 1:2 with lines lw 2");
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

	chart_lines_frame(&script);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (chart_is_drawn(s, i))
			tail_data(&script, i, &s->cells[i].sizes[size]);
	}
	chart_log_axis(&script, 'y');
	put(&script, "set autoscale xfix\nset xtics ('50 %%%%' 0.30103, '90 %%%%' 1, '99 %%%%' 2, "
		     "'99.9 %%%%' 3, "
		     "'99.99 %%%%' 4)\nset ylabel 'ms' offset 2.5,0\n");
	chart_lines_plot(&script, s, "using 1:2 with lines lw 2");
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
	chart_lines_frame(&script);
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
	chart_log_axis(&script, 'x');
	chart_log_axis(&script, 'y');
	put(&script,
		"set xrange [%.6g:%.6g]\nset xlabel 'KB' offset 0,0.6\n"
		"set ylabel 'ms' offset 2.5,0\nset samples 60\n",
		s->plan.x.sizes[0] / 1024.0 / 1.25, s->plan.x.sizes[sizes - 1] / 1024.0 * 1.25);
	sizes_plot(&script, s);
	figure_draw(f, "sizes", &script,
		"**Size** mean time with 95 %% intervals, and the line a + b × size");
}
