/* SPDX-License-Identifier: MIT */
/* Charts of the diagnostics: trials in time, the canary, warm-up, resemblance of neighbours, normality. */
#include "lab/report/chart_parts.h"
#include "lab/report/series.h"

#include "lab/report/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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

	chart_lines_frame(&script);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (chart_is_drawn(s, i))
			order_data(&script, s, i);
	}
	chart_log_axis(&script, 'y');
	put(&script,
		"set xrange [0:%u]\nset xlabel 'trial' offset 0,0.6\n"
		"set ylabel 'ms' offset 2.5,0\n",
		plan_trial_count(&s->plan) + 1);
	chart_lines_plot(&script, s, "using 1:2 with points pt 7 ps 0.5");
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
	chart_lines_frame(&script);
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

/* Each window's level: 1 is where the trial's median lies. */
static bool warmup_data(struct page *p, const struct summary *s, unsigned cell, double *top)
{
	auto_free struct series_warmup *w = calloc(1, sizeof *w);

	if (w == NULL || !series_warmup(s, cell, w))
		return false;
	put(p, "$d%u << EOD\n", cell);
	for (size_t i = 0; i < w->count; i++) {
		put(p, "%zu", i * SERIES_WINDOW + (SERIES_WINDOW + 1) / 2);
		chart_point(p, w->levels[i]);
		put(p, "\n");
		*top = isfinite(w->levels[i]) ? fmax(*top, w->levels[i]) : *top;
	}
	put(p, "%sEOD\n", w->count == 0 ? "NaN NaN\n" : "");
	return true;
}

void chart_warmup(struct figures *f, const struct summary *s)
{
	struct page script = { .is_broken = false };
	double top = 0;

	/* Steps of different rates have no common level. */
	if (s->plan.x.load.kind == LOAD_SWEEP)
		return;
	chart_lines_frame(&script);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (chart_is_drawn(s, i) && !warmup_data(&script, s, i, &top))
			script.is_broken = true;
	}
	if (!(top > 0)) {
		buf_done(&script.text);
		return;
	}
	put(&script,
		"set yrange [0:%.6g]\nset autoscale xfix\nset xlabel 'mail since the start' offset "
		"0,0.6\n"
		"set format y '×%%g'\n",
		top * 1.08);
	if (s->plan.x.warmup > 0)
		put(&script,
			"set object 1 rectangle from graph 0, graph 0 to first %u.5, graph 1 fc "
			"rgb "
			"'#eef3f6' fs solid noborder behind\n",
			s->plan.x.warmup);
	put(&script,
		"set arrow from graph 0, first 1 to graph 1, first 1 nohead dt 3 lw 1.2 lc rgb "
		"'%s' "
		"back\n",
		chart_soft);
	chart_lines_plot(&script, s, "using 1:2 with lines lw 1.6");
	figure_draw(f, "warmup", &script,
		"**Warm-up** time of five mails after the other as a multiple of the trial’s "
		"median; "
		"shaded: not counted");
}

static bool lags_data(struct page *p, const struct summary *s, unsigned cell, double *band)
{
	struct series_lags lags;

	if (!series_lags(s, cell, &lags))
		return false;
	put(p, "$d%u << EOD\n", cell);
	for (unsigned lag = 1; lag <= SERIES_LAGS; lag++) {
		put(p, "%u", lag);
		chart_point(p, lags.at[lag - 1]);
		put(p, "\n");
	}
	put(p, "EOD\n");
	if (lags.mails > 0)
		*band = fmax(*band, 2 / sqrt(lags.mails));
	return true;
}

void chart_lags(struct figures *f, const struct summary *s)
{
	struct page script = { .is_broken = false };
	double band = 0;

	if (s->plan.x.load.kind == LOAD_SWEEP)
		return;
	chart_lines_frame(&script);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (chart_is_drawn(s, i) && !lags_data(&script, s, i, &band))
			script.is_broken = true;
	}
	put(&script,
		"set yrange [-0.5:1]\nset xrange [0.5:%d.5]\nset xtics (1, 5, 10, 15, 20)\n"
		"set xlabel 'mails later' offset 0,0.6\n"
		"set object 1 rectangle from graph 0, first %.4f to graph 1, first %.4f fc rgb "
		"'#eef3f6' fs solid noborder behind\n",
		SERIES_LAGS, -band, band);
	chart_lines_plot(&script, s, "using 1:2 with linespoints pt 7 ps 0.35 lw 1.2");
	figure_draw(f, "lags", &script,
		"**Memory** how much a mail’s time resembles the one so many mails before "
		"(autocorrelation; shaded: chance)");
}

/* Returns how many platforms have points. */
static unsigned normal_data(
	struct page *p, const struct summary *s, unsigned base, struct series_ratios *r)
{
	unsigned drawn = 0;

	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (!chart_is_drawn(s, i))
			continue;
		series_ratios(s, i, base, r);
		put(p, "$d%u << EOD\n", i);
		for (size_t k = 0; k < r->count && i != base; k++)
			put(p, "%.5g %.5g\n", stats_normal_score(k, r->count), r->values[k]);
		drawn += i != base && r->count > 0;
		put(p, "%sEOD\n", i == base || r->count == 0 ? "NaN NaN\n" : "");
	}
	return drawn;
}

static void normal_plot(struct page *p, const struct summary *s, unsigned base)
{
	bool is_first = true;

	put(p, "plot ");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (!chart_is_drawn(s, i) || i == base)
			continue;
		put(p, "%s$d%u using 1:2 with points pt 7 ps 0.45 lc rgb '%s' title \"",
			is_first ? "" : ", \\\n ", i, chart_colour(i));
		chart_words(p, words_title(s, i));
		put(p, "\"");
		is_first = false;
	}
	put(p, "\n");
}

void chart_normal(struct figures *f, const struct summary *s)
{
	auto_free struct series_ratios *r = calloc(1, sizeof *r);
	struct page script = { .is_broken = false };
	unsigned base = 0;

	if (r == NULL || !summary_base(s, &base))
		return;
	chart_lines_frame(&script);
	unsigned drawn = normal_data(&script, s, base, r);
	if (drawn == 0) {
		buf_done(&script.text);
		return;
	}
	put(&script,
		"set xrange [-3:3]\nset yrange [-3.5:3.5]\nset xlabel 'where normal values would "
		"lie' "
		"offset 0,0.6\nset arrow from -3,-3 to 3,3 nohead lw 1.2 lc rgb '%s' back\n",
		chart_soft);
	normal_plot(&script, s, base);
	figure_draw(f, "normal", &script,
		"**Normal?** blocks’ log-ratios to the first platform, in standard deviations, "
		"against "
		"normal values");
}
