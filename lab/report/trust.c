/* SPDX-License-Identifier: MIT */
/* Can these numbers be trusted: every mail's fate, the noise, what the machine did meanwhile. */
#include "lab/report/outputs.h"

#include "lab/report/series.h"
#include "lab/report/words.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static void fate_row(struct sheet *t, const struct summary *s, unsigned cell)
{
	const struct summary_cell *c = &s->cells[cell];
	const uint64_t counts[] = { c->sent, c->delivered, c->refused, c->broken, c->lost,
		c->corrupt, c->duplicated, c->late, c->strange };
	char room[WORDS_NUMBER_BYTES];

	sheet_row(t, "");
	sheet_cell(t, "%s", words_title(s, cell));
	for (size_t i = 0; i < COUNT(counts); i++)
		sheet_cell(t, "%" PRIu64, counts[i]);
	sheet_cell(t, "%s", words_number(c->throughput, room));
	sheet_cell(t, "%u", c->failed_trials);
	sheet_cell(t, "%u", c->rerun_trials);
	sheet_cell(t, "%u", c->disturbed_trials);
	sheet_cell(t, "%u", c->unsteady_trials);
	sheet_cell(t, "%s", words_number(c->autocorrelation, room));
	sheet_cell(t, "%s", words_ms(c->resolution_ms, room));
}

static void fates(struct doc *d, const struct summary *s)
{
	uint64_t sent = 0, delivered = 0;
	auto_sheet t = { .columns = 0 };

	sheet_begin(&t, "fates",
		"Every mail carries its run, number, size and the SHA-256 of its body. A second: "
		"delivered mails by the time that their trials sent. Unsettled: "
		"trials whose "
		"times still moved after the warm-up (MSER-5, Mann and Kendall). Lag 1: how much a "
		"mail’s time "
		"resembles the one before. Resolution: the largest time between two looks into the "
		"mailbox (95 of "
		"100 mails; 0: the first look found it).");
	sheet_heads(&t,
		"Platform\tsent\tdelivered\trefused\tbroken\tlost\taltered\tdoubled\tlate\t"
		"strange\t"
		"a second\tfailed trials\trun again\tdisturbed\tunsettled\tlag 1\tresolution, ms");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (s->cells[i].is_measured)
			fate_row(&t, s, i);
		sent += s->cells[i].sent;
		delivered += s->cells[i].delivered;
	}
	doc_sheet(d, &t);
	struct interval share = stats_proportion(delivered, sent);
	if (sent > 0)
		doc_text(d,
			"Delivered and intact: %" PRIu64 " of %" PRIu64
			"; by Wilson’s 95 %% interval that stands for %.2f to %.2f %%.",
			delivered, sent, 100 * share.low, 100 * share.high);
}

static void noise(struct doc *d, const struct summary *s)
{
	char room[WORDS_NUMBER_BYTES], range[WORDS_RANGE_BYTES];
	unsigned wins = 0;
	auto_sheet t = { .columns = 0 };

	if (s->noise_count == 0) {
		doc_text(d, "No platform was measured a second time under another name, so the "
			    "noise of these "
			    "comparisons is not known.");
		return;
	}
	sheet_begin(
		&t, "noise", "A platform against itself, under a second name, paired by block.");
	sheet_heads(&t, "Platform\tsize\tratio\t95 %\tp\tverdict");
	for (size_t i = 0; i < s->noise_count; i++) {
		const struct comparison *c = &s->noise[i].comparison;

		sheet_row(&t, "");
		sheet_cell(&t, "%s", words_title(s, s->noise[i].b));
		sheet_cell(&t, "%s", words_size(s->plan.x.sizes[s->noise[i].size], room));
		sheet_cell(&t, "%s", words_ratio(c->ratio, room));
		sheet_cell(&t, "%s",
			words_range(c->ratio_ci.low, c->ratio_ci.high, words_ratio, range));
		sheet_cell(&t, "%s", words_p(c->p, room));
		sheet_cell(&t, "%s", verdict_name(c->verdict));
		wins += c->verdict == VERDICT_BETTER || c->verdict == VERDICT_WORSE;
	}
	doc_part(d, "The noise");
	doc_text(d,
		"Measured twice, the same platform was called different in **%u of %zu** "
		"comparisons. A "
		"difference no larger than the interval here means nothing; such comparisons are "
		"grey.",
		wins, s->noise_count);
	doc_sheet(d, &t);
}

/* Each source alone, as a percentage. */
static void spread(struct doc *d, const struct summary *s)
{
	const struct model_spread *v = &s->spread;
	char room[WORDS_NUMBER_BYTES];

	if (!s->has_spread)
		return;
	doc_part(d, "Where the spread comes from");
	doc_text(d,
		"Times differ by about %.0f %% from mail to mail inside a deployment, by %.1f %% "
		"from deployment "
		"to deployment, and by %s %% from block to block (the machine’s mood, which all "
		"platforms of "
		"a block share). %s",
		100 * (exp(v->mail) - 1), 100 * (exp(v->deployment) - 1),
		words_number(100 * (exp(v->block) - 1), room),
		v->deployment > v->mail / 4 ? "More deployments would sharpen these numbers; more "
					      "mails in each would not."
					    : "More mails in each deployment would sharpen these "
					      "numbers about as much as more "
					      "deployments.");
}

/* Means of the windows from one mail to another. */
static double levels_between(const struct series_warmup *w, size_t from, size_t to)
{
	size_t first = from / SERIES_WINDOW, end = to / SERIES_WINDOW;

	end = end < w->count ? end : w->count;
	return first < end ? stats_mean(w->levels + first, end - first) : (double)NAN;
}

static void warmup_row(struct sheet *t, const struct summary *s, unsigned cell)
{
	static const size_t edges[] = { 0, 5, 10, 20, 40, 80 };
	auto_free struct series_warmup *w = calloc(1, sizeof *w);
	char room[WORDS_NUMBER_BYTES];

	if (w == NULL || !series_warmup(s, cell, w))
		return;
	sheet_row(t, "");
	sheet_cell(t, "%s", words_title(s, cell));
	sheet_cell(t, "%s", words_ms(w->first_ms, room));
	sheet_cell(t, "%s", words_ms(w->ten_ms, room));
	for (size_t i = 0; i + 1 < COUNT(edges); i++)
		sheet_cell(t, "%s", words_ratio(levels_between(w, edges[i], edges[i + 1]), room));
	sheet_cell(t, "%s", words_number(w->settled_from, room));
	sheet_cell(t, "%u of %u", w->unsettled, w->trials);
}

static void warmup(struct doc *d, const struct summary *s)
{
	auto_sheet t = { .columns = 0 };

	if (figure_find(d->figures, "warmup") == NULL)
		return;
	doc_part(d, "Warm-up");
	doc_text(d,
		"Cold mails are results of their own: the first after a start, and the first ten, "
		"stand "
		"here in milliseconds. The first %u mails of a trial are not counted in any other "
		"table. Where MSER-5 would end the warm-up is found for each trial; a trial that "
		"still rises or falls behind it (Mann and Kendall at 1 %%), whose halves differ, "
		"or has no such place "
		"in "
		"its first half, has not settled: it is kept, and counted here.",
		s->plan.x.warmup);
	doc_figures_begin(d);
	doc_figure(d, "warmup");
	doc_figures_end(d);
	sheet_begin(&t, "warmup",
		"Medians over trials. Times of mails 1–5, 6–10, … are multiples of the trial’s "
		"median.");
	sheet_heads(&t, "Platform\tfirst mail, ms\tfirst ten, ms\t1–5\t6–10\t11–20\t21–40\t41–80\t"
			"settled from mail\tnot settled");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (summary_is_compared(&s->cells[i]))
			warmup_row(&t, s, i);
	}
	doc_sheet(d, &t);
}

static void assumptions_row(struct sheet *t, const struct summary *s, unsigned cell, unsigned base)
{
	static const unsigned shown[] = { 1, 2, 5, 10, 20 };
	auto_free struct series_ratios *r = calloc(1, sizeof *r);
	struct series_lags lags;
	char room[WORDS_NUMBER_BYTES];

	if (r == NULL || !series_lags(s, cell, &lags))
		return;
	series_ratios(s, cell, base, r);
	sheet_row(t, "");
	sheet_cell(t, "%s", words_title(s, cell));
	for (size_t i = 0; i < COUNT(shown); i++)
		sheet_cell(t, "%s", words_number(lags.at[shown[i] - 1], room));
	sheet_cell(t, "%s",
		cell == base || r->count == 0 ? "–" : words_number((double)r->count, room));
	sheet_cell(t, "%s", cell == base ? "–" : words_number(r->straightness, room));
}

static void assumptions(struct doc *d, const struct summary *s)
{
	auto_sheet t = { .columns = 0 };
	unsigned base = 0;

	if (!summary_base(s, &base) || figure_find(d->figures, "lags") == NULL)
		return;
	doc_part(d, "What the methods take for granted");
	doc_text(d,
		"Mails that resemble their neighbours say less than as many strangers: that is why "
		"the trial is the unit, and no interval here counts mails. The intervals of ratios "
		"take the blocks’ log-ratios for normal: then the points lie on the line, and "
		"their straightness is 1. Tests do not need that.");
	doc_figures_begin(d);
	doc_figure(d, "lags");
	doc_figure(d, "normal");
	doc_figures_end(d);
	sheet_begin(&t, "assumptions",
		"Correlation of a mail’s time with the one so many mails before, median over "
		"trials; "
		"log-ratios to %s, and the straightness of the line they make with normal values.",
		words_noun(s, base));
	sheet_heads(&t, "Platform\tlag 1\t2\t5\t10\t20\tlog-ratios\tstraightness");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (summary_is_compared(&s->cells[i]))
			assumptions_row(&t, s, i, base);
	}
	doc_sheet(d, &t);
}

void part_trust(struct doc *d, const struct summary *s)
{
	char a[WORDS_NUMBER_BYTES], b[WORDS_NUMBER_BYTES];

	doc_section(d, "Can these numbers be trusted?");
	fates(d, s);
	noise(d, s);
	spread(d, s);
	doc_part(d, "The machine meanwhile");
	doc_text(d,
		"Between becoming due and the connect the instrument needs %s ms (99 of 100 "
		"mails); in a closed loop "
		"that is not part of the times. The canary – fixed work before each trial – took "
		"%s times its "
		"median in the slowest twentieth.",
		words_ms(s->instrument_ms, a), words_ratio(s->spin_spread, b));
	if (isfinite(s->floor_ms))
		doc_text(d,
			"Against a server that does nothing the whole instrument takes %s ms a "
			"mail (median): no time "
			"here can be below that.",
			words_ms(s->floor_ms, a));
	if (isfinite(s->flush_us))
		doc_text(d,
			"A flush of 4 KiB on the disk below takes %.0f µs (median before the "
			"trials).",
			s->flush_us);
	if (isfinite(s->steal_max))
		doc_text(d, "At most %.1f %% of a trial’s time was stolen by other machines.",
			s->steal_max);
	doc_figures_begin(d);
	doc_figure(d, "order");
	doc_figure(d, "canary");
	doc_figures_end(d);
	doc_text(d, "The numbers of both are in `trials.csv`.");
	warmup(d, s);
	assumptions(d, s);
}
