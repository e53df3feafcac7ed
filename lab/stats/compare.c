/* SPDX-License-Identifier: MIT */
#include "lab/stats/compare.h"

#include "lab/stats/tests.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

/* On the logarithm: mean, standard error and degrees of freedom of the difference. */
struct log_ratio {
	double mean, error, freedom;
};

static struct interval ratio_interval(struct log_ratio r, double confidence)
{
	if (!isfinite(r.error) || !(r.freedom >= COMPARE_BLOCKS_MIN - 1))
		return INTERVAL_NONE;
	double half = gsl_cdf_tdist_Pinv(0.5 + confidence / 2, r.freedom) * r.error;

	return (struct interval){ exp(r.mean - half), exp(r.mean + half) };
}

static struct comparison nothing(size_t blocks)
{
	return (struct comparison){ .blocks = blocks,
		.p = 1,
		.p_holm = 1,
		.p_rank = 1,
		.p_tost = 1,
		.ratio = (double)NAN,
		.ratio_ci = INTERVAL_NONE,
		.ratio_ci90 = INTERVAL_NONE,
		.difference = (double)NAN,
		.difference_ci = INTERVAL_NONE,
		.superiority = (double)NAN,
		.log_sd = (double)NAN,
		.log_error = (double)NAN,
		.freedom = (double)NAN,
		.verdict = VERDICT_NOT_MEASURED };
}

static void ratio_fill(struct comparison *ret, struct log_ratio r)
{
	ret->ratio = exp(r.mean);
	ret->log_error = r.error;
	ret->freedom = r.freedom;
	ret->ratio_ci = ratio_interval(r, 0.95);
	ret->ratio_ci90 = ratio_interval(r, 0.90);
	ret->verdict = VERDICT_INCONCLUSIVE;
}

void compare_paired(
	const double *a, const double *b, size_t blocks, uint64_t seed, struct comparison *ret)
{
	auto_free double *d = blocks == 0 ? NULL : malloc(2 * blocks * sizeof *d);
	double *gap = d == NULL ? NULL : d + blocks;
	bool is_finite = d != NULL;

	*ret = nothing(blocks);
	for (size_t i = 0; i < blocks && is_finite; i++) {
		d[i] = log(a[i] / b[i]);
		gap[i] = a[i] - b[i];
		is_finite = isfinite(d[i]);
	}
	if (!is_finite)
		return;
	double n = (double)blocks;
	ret->log_sd = stats_sd(d, blocks);
	ratio_fill(ret, (struct log_ratio){ stats_mean(d, blocks), ret->log_sd / sqrt(n), n - 1 });
	ret->difference = stats_hodges_lehmann(gap, blocks);
	ret->difference_ci = stats_hodges_lehmann_interval(gap, blocks);
	ret->superiority = stats_superiority(a, blocks, b, blocks);
	ret->p = ret->p_holm = stats_sign_flip_p(d, blocks, seed);
	ret->p_rank = stats_signed_rank_p(d, blocks);
}

/* Welch's approximate degrees of freedom. */
static double welch_freedom(double a, double a_count, double b, double b_count)
{
	return pow(a + b, 2) / (a * a / (a_count - 1) + b * b / (b_count - 1));
}

static bool logs_take(const double *x, size_t count, double *ret)
{
	for (size_t i = 0; i < count; i++) {
		ret[i] = log(x[i]);
		if (!isfinite(ret[i]))
			return false;
	}
	return count > 0;
}

void compare_unpaired(
	const double *a, size_t a_count, const double *b, size_t b_count, struct comparison *ret)
{
	size_t pairs = a_count * b_count;
	auto_free double *logs = malloc((a_count + b_count + pairs + 1) * sizeof *logs);
	double *gaps = logs == NULL ? NULL : logs + a_count + b_count, *log_b = NULL;

	*ret = nothing(a_count < b_count ? a_count : b_count);
	if (logs == NULL || !logs_take(a, a_count, logs))
		return;
	log_b = logs + a_count;
	if (!logs_take(b, b_count, log_b))
		return;
	double n = (double)a_count, m = (double)b_count;
	double a_part = pow(stats_sd(logs, a_count), 2) / n,
	       b_part = pow(stats_sd(log_b, b_count), 2) / m;
	ret->log_sd = sqrt((a_part * n + b_part * m));
	ratio_fill(ret, (struct log_ratio){ stats_mean(logs, a_count) - stats_mean(log_b, b_count),
				sqrt(a_part + b_part), welch_freedom(a_part, n, b_part, m) });
	for (size_t i = 0; i < pairs; i++)
		gaps[i] = a[i / b_count] - b[i % b_count];
	ret->difference = stats_median(gaps, pairs);
	ret->superiority = stats_superiority(a, a_count, b, b_count);
	ret->p = ret->p_holm = ret->p_rank = stats_mann_whitney_p(a, a_count, b, b_count);
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

/* Two one-sided tests: the larger p of "below the band" and "above it" (Schuirmann 1987). */
static double tost_p(const struct comparison *c, double band)
{
	double mean = log(c->ratio);

	if (!isfinite(c->ratio_ci.low))
		return 1;
	if (!(c->log_error > 0))
		return fabs(mean) < band ? 0 : 1;
	return fmax(gsl_cdf_tdist_Q((mean + band) / c->log_error, c->freedom),
		gsl_cdf_tdist_P((mean - band) / c->log_error, c->freedom));
}

void compare_judge(struct comparison *c, double sesoi, size_t family)
{
	double low = 1 / (1 + sesoi), high = 1 + sesoi;
	bool is_different = c->p_holm < 0.05 && (c->ratio_ci.low > 1 || c->ratio_ci.high < 1);

	if (c->verdict == VERDICT_NOT_MEASURED)
		return;
	c->p_tost = tost_p(c, log(high));
	bool is_inside = c->p_tost < 0.05;
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

static struct interval turned(struct interval i)
{
	return (struct interval){ 1 / i.high, 1 / i.low };
}

void compare_turn(struct comparison *c)
{
	c->ratio = 1 / c->ratio;
	c->ratio_ci = turned(c->ratio_ci);
	c->ratio_ci90 = turned(c->ratio_ci90);
	c->difference = -c->difference;
	c->difference_ci = (struct interval){ -c->difference_ci.high, -c->difference_ci.low };
	c->superiority = 1 - c->superiority;
	if (c->verdict == VERDICT_BETTER || c->verdict == VERDICT_WORSE)
		c->verdict = c->verdict == VERDICT_BETTER ? VERDICT_WORSE : VERDICT_BETTER;
}

void compare_noise(struct comparison *c, struct interval same)
{
	double widest = fmax(fabs(log(same.low)), fabs(log(same.high)));

	c->is_noise = isfinite(widest) && isfinite(c->ratio) && fabs(log(c->ratio)) <= widest;
}

const char *verdict_name(enum verdict v)
{
	static const char *const names[VERDICT_COUNT] = { "better", "worse", "different but small",
		"equivalent", "inconclusive", "not measured" };

	return v < VERDICT_COUNT ? names[v] : "unknown";
}
