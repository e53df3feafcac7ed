/* SPDX-License-Identifier: MIT */
#include "lab/report/pairs.h"

#include "lab/stats/bootstrap.h"
#include "lab/stats/tests.h"

#include <math.h>
#include <stdlib.h>

/* The trials' medians of two cells, block by block, where both have one. */
static size_t paired(const struct summary *s, unsigned a, unsigned b, unsigned size, double *ret_a,
	double *ret_b)
{
	size_t count = 0;

	for (size_t i = 0; i < s->trial_count; i++) {
		const struct summary_trial *x = &s->trials[i];

		for (size_t k = 0; k < s->trial_count && x->cell == a && x->record.is_measured;
			k++) {
			const struct summary_trial *y = &s->trials[k];

			if (y->cell != b || !y->record.is_measured ||
				y->record.block != x->record.block)
				continue;
			ret_a[count] = x->medians[size];
			ret_b[count++] = y->medians[size];
		}
	}
	return count;
}

static void pair_fill(const struct summary *s, struct summary_pair *pair, double *room)
{
	double *a = room, *b = room + s->trial_count;
	size_t blocks = paired(s, pair->a, pair->b, pair->size, a, b);

	compare_paired(a, b, blocks, s->plan.x.seed, &pair->comparison);
}

bool pairs_fill(struct summary *s, double *room, struct error *e)
{
	unsigned cells = s->plan.x.cell_count, sizes = s->plan.x.size_count;
	auto_free double *p = calloc((size_t)PAIRS_MAX * sizes + 1, sizeof *p);

	s->pairs = calloc((size_t)PAIRS_MAX * sizes + 1, sizeof *s->pairs);
	if (p == NULL || s->pairs == NULL)
		return fail(e, FAULT_LATER, "compare platforms: no memory");
	for (unsigned size = 0; size < sizes; size++) {
		for (unsigned i = 0; i < cells * cells; i++) {
			unsigned a = i / cells, b = i % cells;

			if (a >= b || !summary_is_compared(&s->cells[a]) ||
				!summary_is_compared(&s->cells[b]))
				continue;
			struct summary_pair *pair = &s->pairs[s->pair_count];
			*pair = (struct summary_pair){ .a = a, .b = b, .size = size };
			pair_fill(s, pair, room);
			p[s->pair_count++] = pair->comparison.p;
		}
	}
	stats_holm(p, s->pair_count);
	for (size_t i = 0; i < s->pair_count; i++) {
		s->pairs[i].comparison.p_holm = p[i];
		compare_judge(
			&s->pairs[i].comparison, s->plan.x.sesoi_percent / 100.0, s->pair_count);
	}
	return true;
}

/* The cell that a control repeats. */
static bool twin_find(const struct summary *s, unsigned control, unsigned *ret)
{
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (i != control && summary_is_compared(&s->cells[i]) &&
			experiment_is_same(s->cells[i].cell, s->cells[control].cell)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static void controls_fill(struct summary *s, double *room)
{
	for (unsigned cell = 0; cell < s->plan.x.cell_count; cell++) {
		unsigned twin = 0;

		if (!s->cells[cell].is_measured || !s->cells[cell].cell->is_control ||
			!twin_find(s, cell, &twin))
			continue;
		for (unsigned size = 0; size < s->plan.x.size_count; size++) {
			struct summary_pair *pair = &s->noise[s->noise_count++];

			*pair = (struct summary_pair){ .a = cell, .b = twin, .size = size };
			pair_fill(s, pair, room);
			compare_judge(&pair->comparison, s->plan.x.sesoi_percent / 100.0, 1);
		}
	}
}

/* What a platform showed against itself at a size: the widest interval of its controls. */
static struct interval noise_interval(const struct summary *s, unsigned size)
{
	struct interval widest = INTERVAL_NONE;

	for (size_t i = 0; i < s->noise_count; i++) {
		struct interval ci = s->noise[i].comparison.ratio_ci;

		if (s->noise[i].size != size || !isfinite(ci.low))
			continue;
		widest.low = isfinite(widest.low) ? fmin(widest.low, ci.low) : ci.low;
		widest.high = isfinite(widest.high) ? fmax(widest.high, ci.high) : ci.high;
	}
	return widest;
}

void pairs_noise_fill(struct summary *s, double *room)
{
	controls_fill(s, room);
	for (size_t i = 0; i < s->pair_count; i++)
		compare_noise(&s->pairs[i].comparison, noise_interval(s, s->pairs[i].size));
}

/* Trials' medians of the compared cells, in blocks that have them all: [block][cell]. Returns the blocks. */
static size_t table_fill(
	const struct summary *s, unsigned size, const unsigned *cells, size_t count, double *ret)
{
	size_t blocks = 0;

	for (unsigned block = 0; block < s->plan.x.blocks; block++) {
		double *row = ret + blocks * count;
		size_t found = 0;

		for (size_t c = 0; c < count; c++) {
			for (size_t i = 0; i < s->trial_count; i++) {
				const struct summary_trial *t = &s->trials[i];

				if (t->cell != cells[c] || t->record.block != block ||
					!t->record.is_measured || isnan(t->medians[size]))
					continue;
				row[c] = t->medians[size];
				found++;
			}
		}
		blocks += found == count;
	}
	return blocks;
}

static size_t compared(const struct summary *s, unsigned *ret)
{
	size_t count = 0;

	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (summary_is_compared(&s->cells[i]))
			ret[count++] = i;
	}
	return count;
}

bool pairs_ranks_fill(struct summary *s, struct error *e)
{
	unsigned cells[EXPERIMENT_CELLS_MAX];
	double best[EXPERIMENT_CELLS_MAX], second[EXPERIMENT_CELLS_MAX];
	size_t count = compared(s, cells);
	auto_free double *table = calloc((size_t)s->plan.x.blocks * count + 1, sizeof *table);

	if (table == NULL)
		return fail(e, FAULT_LATER, "rank platforms: no memory");
	for (unsigned size = 0; size < s->plan.x.size_count; size++) {
		size_t blocks = table_fill(s, size, cells, count, table);

		s->friedman[size] = s->friedman_p[size] = (double)NAN;
		if (count > 2 && !stats_friedman(table, blocks, count, s->plan.x.seed,
					 &s->friedman[size], &s->friedman_p[size]))
			s->friedman_p[size] = (double)NAN;
		if (!stats_ranking(table, blocks, count, BOOTSTRAP_RESAMPLES, s->plan.x.seed, best,
			    second))
			return fail(e, FAULT_LATER, "rank platforms: no memory");
		for (size_t i = 0; i < count; i++) {
			s->cells[cells[i]].sizes[size].best = blocks > 1 ? best[i] : (double)NAN;
			s->cells[cells[i]].sizes[size].second =
				blocks > 1 ? second[i] : (double)NAN;
		}
	}
	return true;
}

/* Mean logarithm of each trial, all sizes, the cell's size means taken out; and the spread inside trials. */
static bool logs_take(const struct summary_trial *t, const struct summary *s, double *ret_mean,
	double *ret_squares, double *ret_count)
{
	double sum = 0, squares = 0, n = 0;

	for (size_t k = 0; k < t->samples.count; k++) {
		const struct sample *m = &t->samples.samples[k];

		for (unsigned size = 0; size < s->plan.x.size_count; size++) {
			if (!sample_is_counted(m, s->plan.x.sizes[size]) ||
				m->outcome != OUTCOME_DELIVERED)
				continue;
			double x = log(sample_latency_ms(m) / s->cells[t->cell].sizes[size].median);

			sum += x;
			squares += x * x;
			n++;
		}
	}
	*ret_mean = sum / n;
	*ret_squares = squares - sum * sum / n;
	*ret_count = n;
	return n > 1 && isfinite(sum);
}

void pairs_spread_fill(struct summary *s, double *room)
{
	unsigned cells[EXPERIMENT_CELLS_MAX];
	size_t count = compared(s, cells), blocks = 0;
	double squares = 0, mails = 0, trials = 0;

	for (unsigned block = 0; block < s->plan.x.blocks; block++) {
		size_t found = 0;

		for (size_t c = 0; c < count; c++) {
			for (size_t i = 0; i < s->trial_count; i++) {
				const struct summary_trial *t = &s->trials[i];
				double mean, rest, n;

				if (t->cell != cells[c] || t->record.block != block ||
					!t->record.is_measured ||
					!logs_take(t, s, &mean, &rest, &n))
					continue;
				room[blocks * count + c] = mean;
				squares += rest;
				mails += n;
				trials++;
				found++;
			}
		}
		blocks += found == count;
	}
	s->has_spread = trials > 0 && mails > trials &&
			model_spread_of(room, blocks, count, squares / (mails - trials),
				mails / trials, &s->spread);
}
