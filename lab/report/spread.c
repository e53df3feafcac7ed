/* SPDX-License-Identifier: MIT */
/* How times are spread, and how they grow with size and with load. */
#include "lab/report/outputs.h"

#include "lab/report/steps.h"
#include "lab/report/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void figures_of_size(struct doc *d, const struct summary *s, unsigned size)
{
	static const char *const kinds[] = { "spread", "tail" };
	char id[FIGURE_ID_BYTES];

	for (size_t i = 0; i < COUNT(kinds); i++) {
		(void)snprintf(id, sizeof id, "%s-%u", kinds[i], (unsigned)s->plan.x.sizes[size]);
		doc_figure(d, id);
	}
}

static void spread_row(struct sheet *t, const struct summary *s, unsigned cell, unsigned size)
{
	static const double shares[] = { 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99 };
	const struct summary_size *z = &s->cells[cell].sizes[size];
	char room[WORDS_NUMBER_BYTES];

	sheet_row(t, "");
	sheet_cell(t, "%s", words_title(s, cell));
	sheet_cell(t, "%s", words_ms(z->min, room));
	for (size_t i = 0; i < COUNT(shares); i++)
		sheet_cell(
			t, "%s", words_ms(stats_percentile(z->sorted, z->mails, shares[i]), room));
	sheet_cell(t, "%s", words_ms(z->sd, room));
	sheet_cell(t, "%s", words_ms(z->mad, room));
}

void part_spread(struct doc *d, const struct summary *s)
{
	unsigned last = s->plan.x.size_count - 1;
	char room[WORDS_NUMBER_BYTES];
	auto_sheet t = { .columns = 0 };

	doc_section(d, "How the times are spread");
	doc_text(d, "All mails of all trials. A steep curve is a platform that takes the same time "
		    "again and again; a "
		    "curve that ends below 100 %% lost mails.");
	doc_figures_begin(d);
	figures_of_size(d, s, 0);
	if (last > 0)
		figures_of_size(d, s, last);
	doc_figures_end(d);
	sheet_begin(&t, "spread",
		"Percentiles over all mails, in milliseconds; sd: standard deviation; MAD: median "
		"distance from "
		"the median, times 1.48.");
	sheet_heads(&t, "Platform\tmin\tp5\tp25\tp50\tp75\tp90\tp95\tp99\tsd\tMAD");
	for (unsigned k = 0; k < s->plan.x.size_count; k++) {
		sheet_group(&t, "%s", words_size(s->plan.x.sizes[k], room));
		for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
			if (summary_is_compared(&s->cells[i]))
				spread_row(&t, s, i, k);
		}
	}
	doc_sheet(d, &t);
}

void part_sizes(struct doc *d, const struct summary *s)
{
	char room[WORDS_NUMBER_BYTES], range[WORDS_RANGE_BYTES];
	auto_sheet t = { .columns = 0 };

	if (s->plan.x.size_count < 2)
		return;
	doc_section(d, "What a mail costs, and what its octets cost");
	doc_text(d, "A straight line through each trial’s mean times: a is the time of a mail "
		    "without content, b what "
		    "each further KB adds. Intervals are over trials.");
	doc_figures_begin(d);
	doc_figure(d, "sizes");
	doc_figures_end(d);
	sheet_begin(&t, "sizes", "%s", "");
	sheet_heads(&t, "Platform\ta, ms\t95 %\tb, ms a KB\t95 %\tline explains");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		const struct summary_cell *c = &s->cells[i];

		if (!summary_is_compared(c) || !isfinite(c->a_ms))
			continue;
		sheet_row(&t, "");
		sheet_cell(&t, "%s", words_title(s, i));
		sheet_cell(&t, "%s", words_number(c->a_ms, room));
		sheet_cell(&t, "%s", words_range(c->a_ci.low, c->a_ci.high, words_number, range));
		sheet_cell(&t, "%s", words_number(c->b_ms, room));
		sheet_cell(&t, "%s", words_range(c->b_ci.low, c->b_ci.high, words_number, range));
		sheet_cell(&t, "%.0f %%", isfinite(c->line_fits) ? 100 * c->line_fits : 0);
	}
	doc_sheet(d, &t);
}

static void share_cell(struct sheet *t, uint64_t hits, uint64_t of)
{
	struct interval share = stats_proportion(hits, of);

	if (of == 0) {
		sheet_cell(t, "–");
		return;
	}
	sheet_cell(t, "%.1f %%", 100 * (double)hits / (double)of);
	sheet_small(t, "%.1f – %.1f", 100 * share.low, 100 * share.high);
}

static void compliance_rows(struct sheet *t, const struct summary *s, unsigned cell)
{
	struct load_step steps[LOAD_STEPS_MAX];
	unsigned count = load_steps(s, cell, steps);
	double knee = s->cells[cell].costs.knee;
	char room[WORDS_NUMBER_BYTES];

	if (count > 0)
		sheet_group(t, "%s", words_title(s, cell));
	for (unsigned i = 0; i < count; i++) {
		sheet_row(t, "");
		sheet_cell(t, "%s", words_number(steps[i].rate, room));
		if (isfinite(knee))
			sheet_cell(t, "%.0f %%", 100 * steps[i].rate / knee);
		else
			sheet_cell(t, "–");
		for (size_t p = 0; p < STEP_POINT_COUNT; p++)
			share_cell(t, steps[i].in_time[p], steps[i].mails);
		sheet_cell(t, "%s", words_number(steps[i].accepted_rate, room));
		sheet_cell(t, "%s", words_number(steps[i].delivered_rate, room));
	}
}

/* As SPECmail has it: how many were in time at 80, 100 and 120 % of what a platform carries. */
static void compliance(struct doc *d, const struct summary *s)
{
	auto_sheet t = { .columns = 0 };

	sheet_begin(&t, "compliance",
		"Share of all mails that were greeted, accepted and delivered within %u ms after "
		"they "
		"were due, with Wilson’s 95 %% interval (mails of one deployment resemble each "
		"other: "
		"it is narrower than it should be); accepted and delivered in a second while the "
		"step "
		"lasted, medians over trials.",
		s->plan.x.load.slo_ms);
	sheet_heads(&t, "offered\tof its knee\tgreeted\taccepted\tdelivered\taccepted a "
			"second\tdelivered a second");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (summary_is_compared(&s->cells[i]))
			compliance_rows(&t, s, i);
	}
	doc_sheet(d, &t);
}

static void load_rows(struct sheet *t, const struct summary *s, unsigned cell)
{
	const struct costs *c = &s->cells[cell].costs;
	char room[WORDS_NUMBER_BYTES];

	if (c->step_count == 0)
		return;
	sheet_group(t, "%s", words_title(s, cell));
	for (unsigned i = 0; i < c->step_count; i++) {
		const struct cost_step *one = &c->steps[i];
		const double rates[] = { one->achieved, one->sent, one->delivered, one->backlog };

		sheet_row(t, "");
		sheet_cell(t, "%s", words_number(one->rate, room));
		for (size_t k = 0; k < COUNT(rates); k++)
			sheet_cell(t, "%s", words_number(rates[k], room));
		sheet_cell(t, "%s", words_ms(one->p50, room));
		sheet_cell(t, "%s", words_ms(one->p99, room));
		sheet_cell(t, "met in %.0f of %.0f", one->met, one->tried);
	}
}

void part_load(struct doc *d, const struct summary *s)
{
	auto_sheet t = { .columns = 0 };

	if (!s->has_load)
		return;
	doc_section(d, "Under load");
	doc_text(d,
		"The model is **%s**. Mails come when they are due, whether the server is ready or "
		"not, and are "
		"timed from then: a server that stalls cannot slow the sender down and so hide it. "
		"A rate is "
		"sustained when 99 of 100 mails take at most %u ms, nothing is lost and the "
		"backlog does not "
		"grow.",
		load_kind_name(s->plan.x.load.kind), s->plan.x.load.slo_ms);
	doc_figures_begin(d);
	doc_figure(d, "load");
	doc_figure(d, "rates");
	doc_figures_end(d);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (summary_is_compared(&s->cells[i]) && isfinite(s->cells[i].costs.knee))
			doc_item(d, "sure",
				"%s sustains **%.0f mails a second**: the median over trials of "
				"the highest "
				"rate that met the objective together with all lower ones.",
				words_title(s, i), s->cells[i].costs.knee);
	}
	sheet_begin(&t, "load",
		"Medians over trials; rates in mails a second, times in milliseconds from when a "
		"mail was due.");
	sheet_heads(&t, "offered\tachieved\tsent\tdelivered\tbacklog grows\tmedian\tp99\tgoal");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (summary_is_compared(&s->cells[i]))
			load_rows(&t, s, i);
	}
	doc_sheet(d, &t);
	compliance(d, s);
}
