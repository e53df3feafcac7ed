/* SPDX-License-Identifier: MIT */
/* Charts of deployments: how many answered after how long, and what happened until then. */
#include "lab/report/chart_parts.h"
#include "lab/report/ready.h"

#include "lab/report/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A step up at each deployment; returns how many there are. */
static size_t boots_data(struct page *p, const struct summary *s, unsigned cell, double *room)
{
	size_t count = 0;

	for (size_t i = 0; i < s->trial_count; i++) {
		const struct trial_record *r = &s->trials[i].record;

		if (s->trials[i].cell == cell && r->is_measured && r->deploy_ms > 0)
			room[count++] = r->deploy_ms / 1000;
	}
	stats_sort(room, count);
	put(p, "$d%u << EOD\n", cell);
	for (size_t i = 0; i < count; i++)
		put(p, "%.6g %.5g\n%.6g %.5g\n", room[i], 100.0 * (double)i / (double)count,
			room[i], 100.0 * (double)(i + 1) / (double)count);
	put(p, "%sEOD\n", count == 0 ? "NaN NaN\n" : "");
	return count;
}

void chart_boots(struct figures *f, const struct summary *s)
{
	struct page script = { .is_broken = false };
	auto_free double *room = calloc(s->trial_count + 1, sizeof *room);
	size_t starts = 0;

	if (room == NULL)
		return;
	chart_lines_frame(&script);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (chart_is_drawn(s, i))
			starts += boots_data(&script, s, i, room);
	}
	/* Servers that ran already have none. */
	if (starts == 0) {
		buf_done(&script.text);
		return;
	}
	chart_log_axis(&script, 'x');
	put(&script, "set yrange [0:100]\nset format y '%%g %%%%'\nset xlabel 's' offset 0,0.6\n");
	chart_lines_plot(&script, s, "using 1:2 with lines lw 2");
	figure_draw(f, "boots", &script,
		"**Starts** share of deployments that said 220 after no longer than this");
}

/*
 * A row: from where the stage before ended to where this one did; a stage that a platform has not takes no time.
 * Returns the end.
 */
static double ready_row(
	struct page *p, const struct summary *s, const struct ready *r, unsigned cell, unsigned row)
{
	double before = 0;
	char text[WORDS_NUMBER_BYTES];

	put(p, "%u \"", row);
	chart_words(p, words_title(s, cell));
	put(p, "\"");
	for (unsigned k = 0; k < r->count; k++) {
		double at = ready_seconds(s, cell, r->names[k]);

		at = isfinite(at) ? fmax(at, before) : before;
		put(p, " %.6g %.6g", before, at);
		before = at;
	}
	put(p, " \"%s s\"\n", words_ms(before, text));
	return before;
}

void chart_ready(struct figures *f, const struct summary *s)
{
	struct page script = { .is_broken = false };
	struct ready r;
	const char *names[READY_STAGES_MAX];
	unsigned row = 0;
	double top = 0;

	ready_names(s, &r);
	if (r.count == 0)
		return;
	chart_stack_frame(&script, chart_drawn_count(s));
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (chart_is_drawn(s, i))
			top = fmax(top, ready_row(&script, s, &r, i, ++row));
	}
	for (unsigned k = 0; k < r.count; k++)
		names[k] = r.names[k];
	put(&script, "EOD\nset xrange [0:%.6g]\nset format x '%%g s'\n", top > 0 ? 1.22 * top : 1);
	chart_stack_plot(&script, names, r.count, true);
	figure_draw(f, "ready", &script,
		"**Until ready** what a deployment waits for, one after the other (medians)");
}
