/* SPDX-License-Identifier: MIT */
#include "lab/report/series.h"

#include <math.h>
#include <stdlib.h>

enum { FIRST_MAILS = 10 };

/* Index of the size that a mail has; WORKLOAD_SIZES_MAX: none of the experiment's. */
static unsigned size_of(const struct summary *s, const struct sample *m)
{
	for (unsigned k = 0; k < s->plan.x.size_count; k++) {
		if (s->plan.x.sizes[k] == m->size_bytes)
			return k;
	}
	return WORKLOAD_SIZES_MAX;
}

/* NAN for a mail that never came. */
static double level_of(
	const struct summary *s, const struct summary_trial *t, const struct sample *m)
{
	unsigned size = size_of(s, m);

	if (m->outcome != OUTCOME_DELIVERED || size == WORKLOAD_SIZES_MAX)
		return (double)NAN;
	double level = sample_latency_ms(m) / t->medians[size];
	return isfinite(level) && level > 0 ? level : (double)NAN;
}

static bool is_of(const struct summary_trial *t, unsigned cell)
{
	return t->cell == cell && t->record.is_measured && t->samples.count > 0;
}

/* Median over trials of each trial's median in a window of mails. */
static double window_level(const struct summary *s, unsigned cell, size_t from, double *trials)
{
	size_t count = 0;

	for (size_t i = 0; i < s->trial_count; i++) {
		const struct summary_trial *t = &s->trials[i];
		double levels[SERIES_WINDOW];
		size_t found = 0;

		for (size_t k = from; is_of(t, cell) && k < from + SERIES_WINDOW; k++) {
			double level = k < t->samples.count ? level_of(s, t, &t->samples.samples[k])
							    : (double)NAN;

			if (!isnan(level))
				levels[found++] = level;
		}
		if (found == SERIES_WINDOW)
			trials[count++] = stats_median(levels, found);
	}
	return stats_median(trials, count);
}

/* Median over trials of the median of a trial's first mails. */
static double first_ms(const struct summary *s, unsigned cell, size_t mails, double *trials)
{
	size_t count = 0;

	for (size_t i = 0; i < s->trial_count; i++) {
		const struct summary_trial *t = &s->trials[i];
		double ms[FIRST_MAILS];

		for (size_t k = 0; is_of(t, cell) && k < mails && k < t->samples.count; k++)
			ms[k] = sample_latency_ms(&t->samples.samples[k]);
		if (is_of(t, cell) && t->samples.count >= mails)
			trials[count++] = stats_median(ms, mails);
	}
	return stats_median(trials, count);
}

bool series_warmup(const struct summary *s, unsigned cell, struct series_warmup *ret)
{
	auto_free double *trials = calloc(s->trial_count + 1, sizeof *trials);
	size_t longest = 0, settled = 0;

	*ret = (struct series_warmup){ .count = 0 };
	if (trials == NULL)
		return false;
	for (size_t i = 0; i < s->trial_count; i++) {
		if (is_of(&s->trials[i], cell) && s->trials[i].samples.count > longest)
			longest = s->trials[i].samples.count;
	}
	for (size_t at = 0; at + SERIES_WINDOW <= longest && ret->count < SERIES_POINTS_MAX;
		at += SERIES_WINDOW)
		ret->levels[ret->count++] = window_level(s, cell, at, trials);
	ret->first_ms = first_ms(s, cell, 1, trials);
	ret->ten_ms = first_ms(s, cell, FIRST_MAILS, trials);
	for (size_t i = 0; i < s->trial_count; i++) {
		const struct trial_record *r = &s->trials[i].record;

		if (!is_of(&s->trials[i], cell) || !isfinite(r->steady_from))
			continue;
		trials[settled++] = r->steady_from;
		ret->trials++;
		ret->unsettled += !r->is_steady;
	}
	ret->settled_from = stats_median(trials, settled);
	return true;
}

/* Logarithms of the measured mails' levels, in the order in which they were sent. */
static size_t logs_take(const struct summary *s, const struct summary_trial *t, double *ret)
{
	size_t count = 0;

	for (size_t k = 0; k < t->samples.count; k++) {
		double level = sample_is_counted(&t->samples.samples[k], 0)
				       ? level_of(s, t, &t->samples.samples[k])
				       : (double)NAN;

		if (!isnan(level))
			ret[count++] = log(level);
	}
	return count;
}

bool series_lags(const struct summary *s, unsigned cell, struct series_lags *ret)
{
	size_t longest = 1, trials = 0;

	for (size_t i = 0; i < s->trial_count; i++) {
		if (s->trials[i].samples.count > longest)
			longest = s->trials[i].samples.count;
	}
	auto_free double *series = calloc(longest, sizeof *series);
	auto_free double *found = calloc((s->trial_count + 1) * (SERIES_LAGS + 1), sizeof *found);
	if (series == NULL || found == NULL)
		return false;
	for (size_t i = 0; i < s->trial_count; i++) {
		if (!is_of(&s->trials[i], cell))
			continue;
		size_t count = logs_take(s, &s->trials[i], series);

		for (size_t lag = 1; lag <= SERIES_LAGS; lag++)
			found[lag * s->trial_count + trials] =
				stats_autocorrelation(series, count, lag);
		found[trials++] = (double)count;
	}
	ret->mails = stats_median(found, trials);
	for (size_t lag = 1; lag <= SERIES_LAGS; lag++) {
		double *row = found + lag * s->trial_count;
		size_t finite = 0;

		for (size_t i = 0; i < trials; i++) {
			if (isfinite(row[i]))
				row[finite++] = row[i];
		}
		ret->at[lag - 1] = stats_median(row, finite);
	}
	return true;
}

/* Log-ratios of one size, block by block; returns how many blocks have both. */
static size_t size_ratios(const struct summary *s, unsigned cell, unsigned base, unsigned size,
	double *ret, size_t room)
{
	size_t count = 0;

	for (size_t i = 0; i < s->trial_count; i++) {
		for (size_t k = 0; k < s->trial_count && s->trials[i].cell == cell; k++) {
			const struct summary_trial *a = &s->trials[i], *b = &s->trials[k];
			double ratio = log(a->medians[size] / b->medians[size]);

			if (b->cell == base && a->record.block == b->record.block &&
				a->record.is_measured && b->record.is_measured && isfinite(ratio) &&
				count < room)
				ret[count++] = ratio;
		}
	}
	return count;
}

void series_ratios(const struct summary *s, unsigned cell, unsigned base, struct series_ratios *ret)
{
	double scores[SERIES_RATIOS_MAX];

	*ret = (struct series_ratios){ .straightness = (double)NAN };
	for (unsigned size = 0; size < s->plan.x.size_count; size++) {
		double *from = ret->values + ret->count;
		size_t count =
			size_ratios(s, cell, base, size, from, SERIES_RATIOS_MAX - ret->count);
		double mean = stats_mean(from, count), sd = stats_sd(from, count);

		if (count < COMPARE_BLOCKS_MIN || !(sd > 0))
			continue;
		for (size_t i = 0; i < count; i++)
			from[i] = (from[i] - mean) / sd;
		ret->count += count;
	}
	if (ret->count == 0)
		return;
	stats_sort(ret->values, ret->count);
	for (size_t i = 0; i < ret->count; i++)
		scores[i] = stats_normal_score(i, ret->count);
	ret->straightness = stats_correlation(ret->values, scores, ret->count);
}
