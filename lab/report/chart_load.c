/* SPDX-License-Identifier: MIT */
/* Charts of a sweep: latency against the offered rate, and what went in and out against what was offered. */
#include "lab/report/chart_parts.h"
#include "lab/report/steps.h"

#include "lab/report/words.h"

#include <math.h>
#include <stdio.h>

static void load_data(struct page *p, unsigned cell, const struct costs *c)
{
	put(p, "$d%u << EOD\n", cell);
	for (unsigned i = 0; i < c->step_count; i++) {
		const struct cost_step *one = &c->steps[i];

		put(p, "%.6g", one->rate);
		chart_point(p, one->p50);
		chart_point(p, one->p99);
		put(p, "\n");
	}
	put(p, "%sEOD\n", c->step_count == 0 ? "NaN NaN NaN\n" : "");
}

/* Rates that double stand side by side; and each platform's knee is a mark at the foot, one beside the other. */
static void rates_axis(struct page *p, const struct summary *s)
{
	unsigned drawn = 0;

	chart_log_axis(p, 'x');
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		double knee = s->cells[i].costs.knee * (1 + 0.02 * drawn);

		drawn += chart_is_drawn(s, i);
		if (chart_is_drawn(s, i) && isfinite(knee))
			put(p,
				"set arrow from first %.6g, graph 0 to first %.6g, graph 0.12 "
				"nohead "
				"lw 2.5 lc rgb '%s' front\n",
				knee, knee, chart_colour(i));
	}
}

/* Data, so that the axis reaches it. */
static void goal_data(struct page *p, const struct load_model *load)
{
	put(p, "$goal << EOD\n%u %u\n%u %u\nEOD\n", load->rates[0], load->slo_ms,
		load->rates[load->rate_count - 1], load->slo_ms);
}

void chart_load(struct figures *f, const struct summary *s)
{
	struct page script = { .is_broken = false };
	bool is_first = true;

	if (s->plan.x.load.kind != LOAD_SWEEP || !s->has_load)
		return;
	chart_lines_frame(&script);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (chart_is_drawn(s, i))
			load_data(&script, i, &s->cells[i].costs);
	}
	chart_log_axis(&script, 'y');
	goal_data(&script, &s->plan.x.load);
	rates_axis(&script, s);
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
	put(&script,
		", \\\n $goal using 1:2 with lines dt 3 lw 1.6 lc rgb '%s' title 'objective'\n",
		chart_soft);
	figure_draw(f, "load", &script,
		"**Load** median time from when a mail was due (dashed: 99 of 100), against the "
		"offered rate; marks at the foot: knees");
}

/* Offered, accepted, delivered; returns the highest. */
static double rates_data(struct page *p, const struct summary *s, unsigned cell)
{
	struct load_step steps[LOAD_STEPS_MAX];
	unsigned count = load_steps(s, cell, steps);
	double top = 0;

	put(p, "$d%u << EOD\n", cell);
	for (unsigned i = 0; i < count; i++) {
		put(p, "%.6g", steps[i].rate);
		chart_point(p, steps[i].accepted_rate);
		chart_point(p, steps[i].delivered_rate);
		put(p, "\n");
		top = fmax(top, steps[i].rate);
	}
	put(p, "%sEOD\n", count == 0 ? "NaN NaN NaN\n" : "");
	return top;
}

void chart_rates(struct figures *f, const struct summary *s)
{
	struct page script = { .is_broken = false };
	double top = 0;
	bool is_first = true;

	if (s->plan.x.load.kind != LOAD_SWEEP || !s->has_load)
		return;
	chart_lines_frame(&script);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (chart_is_drawn(s, i))
			top = fmax(top, rates_data(&script, s, i));
	}
	put(&script,
		"set xrange [0:%.6g]\nset yrange [0:*]\nset xlabel 'mails offered in a second' "
		"offset "
		"0,0.6\nset arrow from 0,0 to %.6g,%.6g nohead dt 3 lw 1.2 lc rgb '%s' back\nplot ",
		top * 1.04, top, top, chart_soft);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (!chart_is_drawn(s, i))
			continue;
		put(&script,
			"%s$d%u using 1:2 with linespoints pt 6 ps 0.6 dt 2 lw 1.2 lc rgb '%s' "
			"notitle, "
			"\\\n $d%u using 1:3 with linespoints pt 7 ps 0.5 lw 2 lc rgb '%s' title "
			"\"",
			is_first ? "" : ", \\\n ", i, chart_colour(i), i, chart_colour(i));
		chart_words(&script, words_title(s, i));
		put(&script, "\"");
		is_first = false;
	}
	put(&script, "\n");
	figure_draw(f, "rates", &script,
		"**In and out** mails delivered in a second (dashed: accepted), against the "
		"offered "
		"rate; dotted: all of them");
}
