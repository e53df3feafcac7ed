/* SPDX-License-Identifier: MIT */
#include "lab/stats/compare.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

static struct interval ratio_interval(double mean, double sd, size_t count, double confidence)
{
	if (count < 2)
		return INTERVAL_NONE;
	double t = gsl_cdf_tdist_Pinv(0.5 + confidence / 2, (double)count - 1);
	double half = t * sd / sqrt((double)count);

	return (struct interval){ exp(mean - half), exp(mean + half) };
}

void compare_paired(
	const double *a, const double *b, size_t blocks, uint64_t seed, struct comparison *ret)
{
	auto_free double *d = blocks == 0 ? NULL : malloc(2 * blocks * sizeof *d);
	double *gap = d == NULL ? NULL : d + blocks;
	bool is_finite = d != NULL;

	*ret = (struct comparison){ .blocks = blocks,
		.p = 1,
		.p_holm = 1,
		.ratio = (double)NAN,
		.ratio_ci = INTERVAL_NONE,
		.ratio_ci90 = INTERVAL_NONE,
		.difference = (double)NAN,
		.superiority = (double)NAN,
		.log_sd = (double)NAN,
		.verdict = VERDICT_NOT_MEASURED };
	for (size_t i = 0; i < blocks && is_finite; i++) {
		d[i] = log(a[i] / b[i]);
		gap[i] = a[i] - b[i];
		is_finite = isfinite(d[i]);
	}
	if (!is_finite)
		return;
	double mean = stats_mean(d, blocks);
	ret->log_sd = stats_sd(d, blocks);
	ret->ratio = exp(mean);
	ret->ratio_ci = ratio_interval(mean, ret->log_sd, blocks, 0.95);
	ret->ratio_ci90 = ratio_interval(mean, ret->log_sd, blocks, 0.90);
	ret->difference = stats_hodges_lehmann(gap, blocks);
	ret->superiority = stats_superiority(a, blocks, b, blocks);
	ret->p = ret->p_holm = stats_sign_flip_p(d, blocks, seed);
	ret->verdict = VERDICT_INCONCLUSIVE;
}

size_t compare_blocks_min(size_t family)
{
	size_t blocks = 1;

	while (blocks < 60 && 2 / exp2((double)blocks) >= 0.05 / (double)(family > 0 ? family : 1))
		blocks++;
	return blocks;
}

/* Blocks after which the interval would lie on one side of the band's nearer edge, with power 80 %. */
static size_t blocks_needed(const struct comparison *c, double band, size_t family)
{
	double margin = fabs(fabs(log(c->ratio)) - band);
	size_t least = compare_blocks_min(family);

	if (!(c->log_sd >= 0) || margin < 1e-6)
		return c->log_sd >= 0 ? 0 : least;
	double blocks = ceil(pow((1.96 + 0.84) * c->log_sd / margin, 2)) + 1;
	if (blocks > 100000)
		return 0;
	return blocks > (double)least ? (size_t)blocks : least;
}

void compare_judge(struct comparison *c, double sesoi, size_t family)
{
	double low = 1 / (1 + sesoi), high = 1 + sesoi;
	bool is_different = c->p_holm < 0.05 && (c->ratio_ci.low > 1 || c->ratio_ci.high < 1);

	if (c->verdict == VERDICT_NOT_MEASURED)
		return;
	bool is_inside = c->ratio_ci90.low > low && c->ratio_ci90.high < high;
	if (is_different && c->ratio_ci.high < low)
		c->verdict = VERDICT_BETTER;
	else if (is_different && c->ratio_ci.low > high)
		c->verdict = VERDICT_WORSE;
	else if (is_inside)
		c->verdict = is_different ? VERDICT_SMALL : VERDICT_EQUIVALENT;
	else
		c->verdict = VERDICT_INCONCLUSIVE;
	c->blocks_needed =
		c->verdict == VERDICT_INCONCLUSIVE ? blocks_needed(c, log(1 + sesoi), family) : 0;
}

const char *verdict_name(enum verdict v)
{
	static const char *const names[VERDICT_COUNT] = { "better", "worse", "different but small",
		"equivalent", "inconclusive", "not measured" };

	return v < VERDICT_COUNT ? names[v] : "unknown";
}
