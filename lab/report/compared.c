/* SPDX-License-Identifier: MIT */
/* How much better, and how sure: forest plot, one sentence a comparison, and the numbers behind them. */
#include "lab/report/outputs.h"

#include "lab/report/words.h"

#include <math.h>
#include <string.h>

static const char *verdict_class(const struct comparison *c)
{
	if (c->is_noise)
		return "noise";
	switch (c->verdict) {
	case VERDICT_BETTER:
	case VERDICT_WORSE:
		return "sure";
	case VERDICT_SMALL:
	case VERDICT_EQUIVALENT:
		return "same";
	case VERDICT_INCONCLUSIVE:
	case VERDICT_NOT_MEASURED:
	case VERDICT_COUNT:
		break;
	}
	return "open";
}

/* The verdict behind the last colon stands out. */
static void sentence(struct doc *d, const struct summary *s, const struct summary_pair *pair)
{
	auto_buf text = { .max = 4096 };

	if (!words_pair(s, pair, &text))
		return;
	struct slice all = buf_slice(&text);
	size_t colon = slice_find_last(all, ':');
	struct slice last = slice_trim(slice_skip(all, colon + 1));

	if (last.len == 0 || colon == all.len)
		doc_item(d, verdict_class(&pair->comparison), "%.*s", S_FMT(all));
	else
		doc_item(d, verdict_class(&pair->comparison), "%.*s: **%.*s**",
			S_FMT(slice_first(all, colon)), S_FMT(last));
}

static void numbers_row(struct sheet *t, const struct summary *s, const struct summary_pair *pair)
{
	const struct comparison *c = &pair->comparison;
	char room[WORDS_NUMBER_BYTES], range[WORDS_RANGE_BYTES];

	sheet_row(t, c->is_noise ? "noise" : "");
	sheet_cell(t, "%s", words_title(s, pair->a));
	sheet_cell(t, "%s", words_title(s, pair->b));
	sheet_cell(t, "%s", words_ratio(c->ratio, room));
	sheet_cell(t, "%s", words_range(c->ratio_ci.low, c->ratio_ci.high, words_ratio, range));
	sheet_cell(t, "%s", words_number(c->difference, room));
	sheet_cell(t, "%s",
		words_range(c->difference_ci.low, c->difference_ci.high, words_number, range));
	sheet_cell(t, "%s", words_ratio(c->superiority, room));
	sheet_cell(t, "%s", words_p(c->p, room));
	sheet_cell(t, "%s", words_p(c->p_holm, room));
	sheet_cell(t, "%s", words_p(c->p_rank, room));
	sheet_cell(t, "%s", words_p(c->p_tost, room));
	sheet_cell(t, "%s%s", verdict_name(c->verdict), c->is_noise ? ", within the noise" : "");
}

static void numbers(struct doc *d, const struct summary *s)
{
	char room[WORDS_NUMBER_BYTES];
	auto_sheet t = { .columns = 0 };

	sheet_begin(&t, "comparisons",
		"A against B, paired by block: ratio of latencies A/B; difference A − B in ms "
		"(Hodges and "
		"Lehmann); how often a trial of A beats one of B; p of the exact sign-flip test, "
		"after "
		"Holm, by Wilcoxon’s ranks as a check, and of the two one-sided tests for “within "
		"%u %%”. "
		"Grey: no larger than the noise.",
		s->plan.x.sesoi_percent);
	sheet_heads(&t, "A\tB\tratio\t95 %\tdifference\t95 %\tA "
			"faster\tp\tHolm\tranks\tTOST\tverdict of A");
	for (unsigned size = 0; size < s->plan.x.size_count; size++) {
		sheet_group(&t, "%s", words_size(s->plan.x.sizes[size], room));
		for (size_t i = 0; i < s->pair_count; i++) {
			if (s->pairs[i].size == size)
				numbers_row(&t, s, &s->pairs[i]);
		}
	}
	doc_sheet(d, &t);
}

static void friedman(struct doc *d, const struct summary *s)
{
	auto_buf text = { .max = 4096 };
	char size[WORDS_NUMBER_BYTES], p[WORDS_NUMBER_BYTES];
	bool is_good = true;

	for (unsigned i = 0; i < s->plan.x.size_count && is_good; i++) {
		if (isfinite(s->friedman_p[i]))
			is_good = buf_add_format(&text, "%s%s χ² %.1f, p %s",
				text.len > 0 ? "; " : "", words_size(s->plan.x.sizes[i], size),
				s->friedman[i], words_p(s->friedman_p[i], p));
	}
	if (text.len > 0)
		doc_text(d,
			"Does any platform differ at all (Friedman’s test over the blocks)? %.*s.",
			S_FMT(buf_slice(&text)));
}

enum { SENTENCES_MAX = 12 }; /* more are not read: then only those with the first platform */

void part_compared(struct doc *d, const struct summary *s)
{
	unsigned base = 0;
	bool has_many = s->pair_count > SENTENCES_MAX && summary_base(s, &base);

	doc_section(d, "How much better, and how sure");
	if (s->pair_count == 0) {
		doc_text(d, "There is only one platform: nothing to compare.");
		return;
	}
	doc_text(d,
		"“A in p %% less time than B” is 100 (1 − A/B) of the trials’ medians, paired by "
		"block. The "
		"test is the exact sign-flip test, corrected by Holm over this family of %zu "
		"comparisons; with %u "
		"blocks its smallest p is %.2g before and %.2g after correction. Less than %u %% "
		"counts as "
		"small.",
		s->pair_count, s->plan.x.blocks, 2 / exp2(s->plan.x.blocks),
		fmin(1, 2 / exp2(s->plan.x.blocks) * (double)s->pair_count),
		s->plan.x.sesoi_percent);
	friedman(d, s);
	doc_figures_begin(d);
	doc_figure(d, "forest");
	doc_figures_end(d);
	for (size_t i = 0; i < s->pair_count; i++) {
		if (!has_many || s->pairs[i].a == base || s->pairs[i].b == base)
			sentence(d, s, &s->pairs[i]);
	}
	if (has_many)
		doc_text(d, "These are the comparisons with %s; all others stand in the table.",
			words_noun(s, base));
	numbers(d, s);
}
