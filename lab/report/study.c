/* SPDX-License-Identifier: MIT */
/* The study's evaluation: its bar charts redrawn, its claims judged, its way of counting beside ours. */
#include "lab/report/outputs.h"

#include "lab/report/claims.h"
#include "lab/report/words.h"

#include <math.h>
#include <stdio.h>

static void means_row(struct sheet *t, const struct summary *s, unsigned cell, unsigned size)
{
	const struct summary_size *z = &s->cells[cell].sizes[size];
	const double tails[] = { z->p90, z->p95, z->p99, z->p999, z->max };
	char room[WORDS_NUMBER_BYTES], range[WORDS_RANGE_BYTES];

	sheet_row(t, s->cells[cell].cell->is_control ? "missing" : "");
	sheet_cell(t, "%s", words_title(s, cell));
	sheet_cell(t, "%zu", z->trials);
	sheet_cell(t, "%zu", z->mails);
	sheet_cell(t, "%zu", z->unfinished);
	sheet_cell(t, "%s", words_ms(z->mean, room));
	sheet_cell(t, "%s", words_range(z->mean_ci.low, z->mean_ci.high, words_ms, range));
	sheet_cell(t, "%s", words_ms(z->median, room));
	sheet_cell(t, "%s", words_range(z->median_ci.low, z->median_ci.high, words_ms, range));
	sheet_cell(t, "%s", words_range(z->order_ci.low, z->order_ci.high, words_ms, range));
	for (size_t i = 0; i < COUNT(tails); i++)
		sheet_cell(t, "%s", words_ms(tails[i], room));
}

static void means(struct doc *d, const struct summary *s)
{
	char room[WORDS_NUMBER_BYTES];
	auto_sheet t = { .columns = 0 };

	sheet_begin(&t, "means",
		"In milliseconds. Mean and median are over trials, with 95 %% intervals by "
		"two-level "
		"bootstrap; “ranks” is the interval of the median that assumes nothing (ten "
		"trials: "
		"97.9 %%). Percentiles are over all mails of a row and stand there only when there "
		"are "
		"enough (p90 29, p95 59, p99 299, p99.9 2,995).");
	sheet_heads(&t,
		"Platform\ttrials\tmails\tunfinished\tmean\t95 %\tmedian\t95 %\tranks\tp90\tp95\t"
		"p99\tp99.9\tmax");
	for (unsigned k = 0; k < s->plan.x.size_count; k++) {
		sheet_group(&t, "%s", words_size(s->plan.x.sizes[k], room));
		for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
			if (s->cells[i].is_measured)
				means_row(&t, s, i, k);
		}
	}
	doc_sheet(d, &t);
}

void part_study(struct doc *d, const struct summary *s)
{
	char id[FIGURE_ID_BYTES];

	doc_section(d, "The study’s bar charts, redrawn");
	doc_text(d,
		"The study drew one chart of average times for each size (its figures 3, 4 and "
		"5: 1, 3 and "
		"10 KB; 5 KB stands in its method). Here each bar is the mean of all trials "
		"with its 95 %% "
		"interval, each dot is one trial – a fresh deployment – in order of time from "
		"left to "
		"right, the dotted line is the first platform’s mean, and every axis begins at "
		"zero.%s",
		isfinite(s->floor_ms) ? " The dashed line is what the instrument itself takes "
					"against a server that does nothing."
				      : "");
	doc_figures_begin(d);
	for (unsigned k = 0; k < s->plan.x.size_count; k++) {
		(void)snprintf(id, sizeof id, "bars-%u", (unsigned)s->plan.x.sizes[k]);
		doc_figure(d, id);
	}
	doc_figures_end(d);
	means(d, s);
}

static void claim_row(struct sheet *t, const struct claim *c, const struct summary_claim *judged)
{
	sheet_row(t, judged->verdict == CLAIM_NOT_MEASURED ? "missing" : "");
	sheet_cell(t, "%s", c->id);
	sheet_cell(t, "%s", c->text);
	sheet_cell(t, "%s", claim_verdict_name(judged->verdict));
	sheet_cell(t, "%s", judged->says);
}

static void claim_counts(struct doc *d, const struct summary *s)
{
	unsigned counts[CLAIM_NOT_MEASURED + 1] = { 0 };

	for (unsigned i = 0; i < s->plan.x.claim_count; i++)
		counts[s->claims[i].verdict]++;
	doc_text(d,
		"Of %u claims **%u are supported, %u contradicted, %u inconclusive, and %u not "
		"measured** "
		"here.",
		s->plan.x.claim_count, counts[CLAIM_SUPPORTED], counts[CLAIM_CONTRADICTED],
		counts[CLAIM_INCONCLUSIVE], counts[CLAIM_NOT_MEASURED]);
}

void part_claims(struct doc *d, const struct summary *s)
{
	auto_sheet t = { .columns = 0 };

	if (s->plan.x.claim_count == 0)
		return;
	doc_section(d, "The claims, tested");
	doc_text(d, "Declared in the experiment before it ran. C1 to C9 are what the study says: "
		    "Khaji, Potluri "
		    "and Kakelli, “A Performance Analysis of Virtual Mail Server on Type-2 "
		    "Hypervisors”, "
		    "Walailak J. Sci. & Tech. 18(13), 2021, doi 10.48048/wjst.2021.9845. “A is p "
		    "%% better "
		    "than B” is read as: A takes p %% less time, give or take ten points. A "
		    "platform that was not "
		    "measured has no stand-in: KVM means a guest with hardware virtualisation, not "
		    "software "
		    "emulation of the same machine.");
	claim_counts(d, s);
	sheet_begin(&t, "claims", "%s", "");
	t.is_words = true;
	sheet_heads(&t, "claim\tstatement\tverdict\there");
	for (unsigned i = 0; i < s->plan.x.claim_count; i++)
		claim_row(&t, &s->plan.x.claims[i], &s->claims[i]);
	doc_sheet(d, &t);
	doc_text(d, "**Supported**: the difference is proven and the number is the claimed one. "
		    "**Contradicted**: "
		    "the 95 %% interval lies outside what was claimed. **Inconclusive**: neither. "
		    "The rules stand in "
		    "docs/lab.md.");
}

static void literal_row(struct sheet *t, const struct summary *s, unsigned cell, unsigned size)
{
	const struct summary_size *z = &s->cells[cell].sizes[size];
	auto_buf mails = { .max = 4096 };
	char room[WORDS_NUMBER_BYTES];
	unsigned base = 0;
	bool is_good = true;

	for (unsigned i = 0; i < z->literal_count && is_good; i++)
		is_good = buf_add_format(
			&mails, "%s%s", i > 0 ? " · " : "", words_ms(z->literal[i], room));
	sheet_row(t, "");
	sheet_cell(t, "%s", words_title(s, cell));
	sheet_cell(t, "%.*s", S_FMT(buf_slice(&mails)));
	sheet_cell(t, "%s", words_ms(z->literal_mean, room));
	sheet_cell(t, "%s", words_ms(z->mean, room));
	if (summary_base(s, &base) && cell != base && isfinite(z->literal_mean))
		sheet_cell(t, "%s",
			words_change(
				z->literal_mean / s->cells[base].sizes[size].literal_mean, room));
	else
		sheet_cell(t, "%s", "");
	if (isfinite(z->literal_mean) && isfinite(z->mean))
		sheet_cell(t, "%s", words_change(z->literal_mean / z->mean, room));
	else
		sheet_cell(t, "–");
}

void part_literal(struct doc *d, const struct summary *s)
{
	char room[WORDS_NUMBER_BYTES];
	auto_sheet t = { .columns = 0 };

	doc_section(d, "The study’s way: a few mails and a mean");
	doc_text(d,
		"The first %u measured mails of each size from the first deployment, and their "
		"mean, exactly as "
		"the study compared platforms. **Such numbers cannot reach significance by "
		"construction**: with "
		"five against five the smallest possible two-sided p is 2/252 = 0.008, and nine "
		"comparisons "
		"need 0.0056; five mails of one deployment are also one observation, not five. "
		"They stand here to "
		"show how far they stray from the mean of all trials.",
		s->plan.x.literal_count);
	sheet_begin(&t, "literal", "%s", "");
	sheet_heads(&t,
		"Platform\tthe mails, ms\ttheir mean\tmean of all\tagainst the first platform\t"
		"strays by");
	for (unsigned k = 0; k < s->plan.x.size_count; k++) {
		sheet_group(&t, "%s", words_size(s->plan.x.sizes[k], room));
		for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
			if (summary_is_compared(&s->cells[i]))
				literal_row(&t, s, i, k);
		}
	}
	doc_sheet(d, &t);
}
