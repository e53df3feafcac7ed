/* SPDX-License-Identifier: MIT */
#include "lab/report/claims.h"

#include "lab/report/words.h"
#include "lab/stats/model.h"
#include "lab/stats/tests.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *claim_verdict_name(enum claim_verdict v)
{
	static const char *const names[] = { "supported", "contradicted", "inconclusive",
		"not measured" };

	return v < COUNT(names) ? names[v] : "unknown";
}

enum claim_verdict claim_about(
	double estimate, struct interval range, bool is_proven, double value, double about)
{
	if (!isfinite(estimate))
		return CLAIM_NOT_MEASURED;
	if (!isfinite(range.low) || !isfinite(range.high))
		return CLAIM_INCONCLUSIVE;
	if (range.high < value - about || range.low > value + about)
		return CLAIM_CONTRADICTED;
	bool is_close = fabs(estimate - value) <= about && range.low >= value - 2 * about &&
			range.high <= value + 2 * about;
	return is_proven && is_close ? CLAIM_SUPPORTED : CLAIM_INCONCLUSIVE;
}

static bool size_find(const struct summary *s, uint32_t bytes, unsigned *ret)
{
	for (unsigned i = 0; i < s->plan.x.size_count; i++) {
		if (s->plan.x.sizes[i] == bytes) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static void says(struct summary_claim *ret, const char *format, ...) PRINTF_LIKE(2, 3);

static void says(struct summary_claim *ret, const char *format, ...)
{
	va_list words;

	va_start(words, format);
	(void)vsnprintf(ret->says, sizeof ret->says, format, words);
	va_end(words);
}

/* Our own sentence about the pair, whatever its direction. */
static void pair_says(
	const struct summary *s, unsigned a, unsigned b, unsigned size, struct summary_claim *ret)
{
	auto_buf text = { .max = sizeof ret->says - 1 };

	for (size_t i = 0; i < s->pair_count; i++) {
		const struct summary_pair *p = &s->pairs[i];

		if (p->size == size && ((p->a == a && p->b == b) || (p->a == b && p->b == a)) &&
			words_pair(s, p, &text))
			says(ret, "%.*s", S_FMT(buf_slice(&text)));
	}
}

/* Both platforms at the size; false, with a sentence, when one is missing. */
static bool pair_find(const struct summary *s, const struct claim *c, struct comparison *ret_pair,
	struct summary_claim *ret)
{
	unsigned a = 0, b = 0, size = 0;

	if (!summary_cell_find(s, c->platform, &a) || !summary_cell_find(s, c->than, &b)) {
		says(ret, "%s was not measured here.",
			words_label_title(
				summary_cell_find(s, c->platform, &a) ? c->than : c->platform));
		return false;
	}
	if (!size_find(s, c->size_bytes, &size) || !summary_compare(s, a, b, size, ret_pair) ||
		ret_pair->verdict == VERDICT_NOT_MEASURED) {
		says(ret, "This size was not measured.");
		return false;
	}
	pair_says(s, a, b, size, ret);
	ret->estimate = 100 * (1 - ret_pair->ratio);
	ret->range = (struct interval){ 100 * (1 - ret_pair->ratio_ci.high),
		100 * (1 - ret_pair->ratio_ci.low) };
	return true;
}

static void less_judge(const struct summary *s, const struct claim *c, struct summary_claim *ret)
{
	struct comparison pair;

	if (pair_find(s, c, &pair, ret))
		ret->verdict = claim_about(
			ret->estimate, ret->range, pair.p_holm < 0.05, c->value, c->about);
}

static void close_judge(const struct summary *s, const struct claim *c, struct summary_claim *ret)
{
	struct comparison pair;
	double least = 1 - c->about / 100.0;

	if (!pair_find(s, c, &pair, ret))
		return;
	bool is_proven = pair.p_holm < 0.05;
	ret->verdict = CLAIM_INCONCLUSIVE;
	if ((is_proven && pair.ratio_ci.low > 1) || pair.ratio_ci.high < least)
		ret->verdict = CLAIM_CONTRADICTED;
	else if (is_proven && pair.ratio_ci.high < 1 && pair.ratio_ci90.low > least)
		ret->verdict = CLAIM_SUPPORTED;
}

/* What the larger size costs more than the smaller, trial by trial. */
static void rise_judge(const struct summary *s, const struct claim *c, struct summary_claim *ret)
{
	unsigned cell = 0, from = 0, to = 0;
	size_t count = 0;
	auto_free double *rises = calloc(s->trial_count + 1, sizeof *rises);

	if (rises == NULL || !summary_cell_find(s, c->platform, &cell) ||
		!size_find(s, c->size_bytes, &from) || !size_find(s, c->to_bytes, &to)) {
		says(ret, "%s was not measured here at both sizes.",
			words_label_title(c->platform));
		return;
	}
	for (size_t i = 0; i < s->trial_count; i++) {
		const struct summary_trial *t = &s->trials[i];

		if (t->cell == cell && t->record.is_measured && isfinite(t->means[from]) &&
			isfinite(t->means[to]))
			rises[count++] = t->means[to] - t->means[from];
	}
	ret->estimate = stats_mean(rises, count);
	ret->range = model_mean_interval(rises, count);
	bool is_proven = stats_sign_flip_p(rises, count, s->plan.x.seed) < 0.05;
	ret->verdict = claim_about(ret->estimate, ret->range, is_proven, c->value, c->about);
	says(ret, "It rises by %.2f ms (95 %% CI %.2f..%.2f ms, %zu blocks).", ret->estimate,
		ret->range.low, ret->range.high, count);
}

/* What is known of one rival at all sizes. */
static void rival_add(const struct summary *s, unsigned cell, unsigned rival, unsigned *faster,
	unsigned *slower, unsigned *open)
{
	for (unsigned size = 0; size < s->plan.x.size_count; size++) {
		struct comparison pair;

		if (!summary_compare(s, cell, rival, size, &pair))
			++*open;
		else if (pair.p_holm < 0.05 && pair.ratio_ci.high < 1)
			++*faster;
		else if (pair.p_holm < 0.05 && pair.ratio_ci.low > 1)
			++*slower;
		else
			++*open;
	}
}

static void best_judge(const struct summary *s, const struct claim *c, struct summary_claim *ret)
{
	struct slice left = slice_of(c->than);
	unsigned cell = 0, rival = 0, faster = 0, slower = 0, open = 0, missing = 0;

	if (!summary_cell_find(s, c->platform, &cell)) {
		says(ret, "%s was not measured here.", words_label_title(c->platform));
		return;
	}
	while (left.len > 0) {
		struct slice one = slice_first(left, slice_find(left, ','));
		char label[CLAIM_THAN_BYTES];

		left = slice_skip(left, one.len + 1);
		if (slice_text(slice_trim(one), label, sizeof label) &&
			summary_cell_find(s, label, &rival))
			rival_add(s, cell, rival, &faster, &slower, &open);
		else
			missing++;
	}
	says(ret, "Proven faster in %u comparisons, proven slower in %u, open in %u%s.", faster,
		slower, open, missing > 0 ? "; not every rival was measured" : "");
	if (slower > 0)
		ret->verdict = CLAIM_CONTRADICTED;
	else if (faster + open > 0)
		ret->verdict = open == 0 && missing == 0 ? CLAIM_SUPPORTED : CLAIM_INCONCLUSIVE;
}

void claims_judge(struct summary *s)
{
	static void (*const judges[CLAIM_KIND_COUNT])(
		const struct summary *, const struct claim *, struct summary_claim *) = {
		[CLAIM_LESS] = less_judge,
		[CLAIM_RISE] = rise_judge,
		[CLAIM_CLOSE] = close_judge,
		[CLAIM_BEST] = best_judge,
	};

	for (unsigned i = 0; i < s->plan.x.claim_count; i++) {
		const struct claim *c = &s->plan.x.claims[i];
		struct summary_claim *ret = &s->claims[i];

		*ret = (struct summary_claim){ .verdict = CLAIM_NOT_MEASURED,
			.estimate = (double)NAN,
			.range = INTERVAL_NONE };
		judges[c->kind](s, c, ret);
	}
}
