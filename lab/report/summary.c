/* SPDX-License-Identifier: MIT */
#include "lab/report/summary.h"

#include "base/clock.h"
#include "lab/report/load.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const summary_stage_names[STAGE_COUNT] = { "connect", "hello", "envelope", "data",
	"accept", "look", "fetch" };

/* Between which points each stage lies. */
static const struct {
	enum sample_point from, to;
} stages[STAGE_COUNT] = { { POINT_START, POINT_BANNER }, { POINT_BANNER, POINT_HELLO },
	{ POINT_HELLO, POINT_RCPT }, { POINT_RCPT, POINT_SENT }, { POINT_SENT, POINT_ACCEPTED },
	{ POINT_ACCEPTED, POINT_SEEN }, { POINT_SEEN, POINT_FETCHED } };

double sample_latency_ms(const struct sample *s)
{
	if (s->outcome != OUTCOME_DELIVERED)
		return (double)INFINITY;
	return (double)sample_latency_ns(s) / (double)NS_PER_MS;
}

static double span_ms(const struct sample *s, enum sample_point from, enum sample_point to)
{
	return (double)(s->at_ns[to] - s->at_ns[from]) / (double)NS_PER_MS;
}

static bool is_counted(const struct sample *s, uint32_t size)
{
	return (s->flags & SAMPLE_IS_WARMUP) == 0 && (size == 0 || s->size_bytes == size);
}

/* Values of one cell at one size: each trial's lie together. */
struct pool {
	double *values;
	size_t count;
	struct stats_group groups[STATS_GROUPS_MAX];
	size_t group_count;
};

static size_t sample_total(const struct summary *s)
{
	size_t total = 1;

	for (size_t i = 0; i < s->trial_count; i++)
		total += s->trials[i].samples.count;
	return total;
}

/* A value of a sample, or NAN to leave it out. */
typedef double value_fn(const struct sample *s);

static double delivered_ms(const struct sample *s)
{
	return s->outcome == OUTCOME_DELIVERED ? sample_latency_ms(s) : (double)NAN;
}

static double accept_ms(const struct sample *s)
{
	return s->outcome == OUTCOME_DELIVERED ? span_ms(s, POINT_SENT, POINT_ACCEPTED)
					       : (double)NAN;
}

static double retrieve_ms(const struct sample *s)
{
	return s->outcome == OUTCOME_DELIVERED ? span_ms(s, POINT_ACCEPTED, POINT_FETCHED)
					       : (double)NAN;
}

static void pool_fill(
	const struct summary *s, unsigned cell, unsigned size, value_fn *value, struct pool *pool)
{
	pool->count = pool->group_count = 0;
	for (size_t i = 0; i < s->trial_count; i++) {
		const struct summary_trial *t = &s->trials[i];
		size_t before = pool->count;

		if (t->cell != cell || !t->record.is_measured)
			continue;
		for (size_t k = 0; k < t->samples.count; k++) {
			const struct sample *sample = &t->samples.samples[k];
			double v = is_counted(sample, s->plan.x.sizes[size]) ? value(sample)
									     : (double)NAN;

			if (!isnan(v))
				pool->values[pool->count++] = v;
		}
		if (pool->count > before && pool->group_count < STATS_GROUPS_MAX)
			pool->groups[pool->group_count++] =
				(struct stats_group){ pool->values + before, pool->count - before };
	}
}

static void stage_means(
	const struct summary *s, unsigned cell, unsigned size, struct summary_size *ret)
{
	size_t count = 0;
	double sums[STAGE_COUNT] = { 0 };

	for (size_t i = 0; i < s->trial_count; i++) {
		const struct summary_trial *t = &s->trials[i];

		for (size_t k = 0; t->cell == cell && k < t->samples.count; k++) {
			const struct sample *m = &t->samples.samples[k];

			if (!is_counted(m, s->plan.x.sizes[size]) ||
				m->outcome != OUTCOME_DELIVERED)
				continue;
			count++;
			for (size_t j = 0; j < STAGE_COUNT; j++)
				sums[j] += span_ms(m, stages[j].from, stages[j].to);
		}
	}
	for (size_t j = 0; j < STAGE_COUNT; j++)
		ret->stages[j] = count > 0 ? sums[j] / (double)count : (double)NAN;
}

/* The study's way: the first few measured mails of the cell's first trial, and their mean. */
static void literal_take(
	const struct summary *s, unsigned cell, unsigned size, struct summary_size *ret)
{
	double sum = 0;

	ret->literal_count = 0;
	for (size_t i = 0; i < s->trial_count && ret->literal_count == 0; i++) {
		const struct summary_trial *t = &s->trials[i];

		for (size_t k = 0; t->cell == cell && k < t->samples.count; k++) {
			const struct sample *m = &t->samples.samples[k];

			if (ret->literal_count == s->plan.x.literal_count ||
				ret->literal_count == COUNT(ret->literal))
				break;
			if (is_counted(m, s->plan.x.sizes[size]))
				ret->literal[ret->literal_count++] = sample_latency_ms(m);
		}
	}
	for (unsigned i = 0; i < ret->literal_count; i++)
		sum += ret->literal[i];
	ret->literal_mean = ret->literal_count > 0 ? sum / ret->literal_count : (double)NAN;
}

static bool size_fill(const struct summary *s, unsigned cell, unsigned size, struct pool *pool,
	struct summary_size *ret, struct error *e)
{
	uint64_t seed = s->plan.x.seed + cell * 1009 + size * 31;

	pool_fill(s, cell, size, sample_latency_ms, pool);
	*ret = (struct summary_size){ .trials = pool->group_count, .mails = pool->count };
	for (size_t i = 0; i < pool->count; i++)
		ret->unfinished += isfinite(pool->values[i]) ? 0 : 1;
	ret->median = stats_cell(pool->groups, pool->group_count, STATS_MEDIAN);
	ret->p90 = stats_percentile(pool->values, pool->count, 0.90);
	ret->p95 = stats_percentile(pool->values, pool->count, 0.95);
	ret->p99 = stats_percentile(pool->values, pool->count, 0.99);
	ret->min = stats_quantile(pool->values, pool->count, 0);
	ret->max = stats_quantile(pool->values, pool->count, 1);
	bool is_good = stats_bootstrap(pool->groups, pool->group_count, STATS_MEDIAN,
		STATS_RESAMPLES, seed, &ret->median_ci);
	pool_fill(s, cell, size, delivered_ms, pool);
	ret->mean = stats_cell(pool->groups, pool->group_count, STATS_MEAN);
	ret->sd = stats_sd(pool->values, pool->count);
	is_good = is_good && stats_bootstrap(pool->groups, pool->group_count, STATS_MEAN,
				     STATS_RESAMPLES, seed + 1, &ret->mean_ci);
	pool_fill(s, cell, size, accept_ms, pool);
	ret->accept = stats_cell(pool->groups, pool->group_count, STATS_MEDIAN);
	pool_fill(s, cell, size, retrieve_ms, pool);
	ret->retrieve = stats_cell(pool->groups, pool->group_count, STATS_MEDIAN);
	stage_means(s, cell, size, ret);
	literal_take(s, cell, size, ret);
	return is_good || fail(e, FAULT_LATER, "bootstrap: no memory");
}

/* Median and mean of each trial at each size: what comparisons pair by block. */
static void trials_fill(struct summary *s, double *room)
{
	for (size_t i = 0; i < s->trial_count; i++) {
		struct summary_trial *t = &s->trials[i];

		for (unsigned size = 0; size < s->plan.x.size_count; size++) {
			size_t count = 0, delivered = 0;
			double sum = 0;

			for (size_t k = 0; k < t->samples.count; k++) {
				const struct sample *m = &t->samples.samples[k];

				if (!is_counted(m, s->plan.x.sizes[size]))
					continue;
				room[count] = sample_latency_ms(m);
				delivered += isfinite(room[count]) ? 1 : 0;
				sum += isfinite(room[count]) ? room[count] : 0;
				count++;
			}
			t->medians[size] = stats_median(room, count);
			t->means[size] = delivered > 0 ? sum / (double)delivered : (double)NAN;
		}
	}
}

static void cell_counts(const struct summary *s, unsigned cell, struct summary_cell *ret)
{
	for (size_t i = 0; i < s->trial_count; i++) {
		const struct trial_record *r = &s->trials[i].record;

		if (s->trials[i].cell != cell)
			continue;
		ret->trials += r->is_measured;
		ret->failed_trials += !r->is_measured;
		if (!r->is_measured)
			(void)snprintf(ret->reason, sizeof ret->reason, "%s", r->reason);
		ret->sent += r->sent;
		ret->delivered += r->delivered;
		ret->refused += r->refused;
		ret->broken += r->broken;
		ret->lost += r->lost;
		ret->corrupt += r->corrupt;
		ret->duplicated += r->duplicated;
		ret->late += r->late;
		ret->strange += r->strange;
	}
}

/* Median over the trials of a cell of one number of their records; NANs are left out. */
static double record_median(
	const struct summary *s, unsigned cell, size_t offset, double *room, size_t *ret_count)
{
	size_t count = 0;

	for (size_t i = 0; i < s->trial_count; i++) {
		const struct trial_record *r = &s->trials[i].record;
		double v = *(const double *)(const void *)((const char *)r + offset);

		if (s->trials[i].cell == cell && r->is_measured && isfinite(v))
			room[count++] = v;
	}
	*ret_count = count;
	return stats_median(room, count);
}

static double cold_median(const struct summary *s, unsigned cell, double *room)
{
	size_t count = 0;

	for (size_t i = 0; i < s->trial_count; i++) {
		const struct summary_trial *t = &s->trials[i];

		if (t->cell == cell && t->record.is_measured && t->samples.count > 0)
			room[count++] = sample_latency_ms(&t->samples.samples[0]);
	}
	return stats_median(room, count);
}

static double resolution(const struct summary *s, unsigned cell, double *room)
{
	size_t count = 0;

	for (size_t i = 0; i < s->trial_count; i++) {
		const struct summary_trial *t = &s->trials[i];

		for (size_t k = 0; t->cell == cell && k < t->samples.count; k++)
			room[count++] =
				(double)t->samples.samples[k].poll_gap_ns / (double)NS_PER_MS;
	}
	return stats_quantile(room, count, 0.95);
}

static bool cell_fill(struct summary *s, unsigned cell, struct pool *pool, struct error *e)
{
	struct summary_cell *ret = &s->cells[cell];
	double *room = pool->values;
	size_t count = 0;

	ret->cell = &s->plan.x.cells[cell];
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", s->plan.cells[cell].reason);
	cell_counts(s, cell, ret);
	ret->is_measured = ret->trials > 0;
	if (!ret->is_measured && ret->reason[0] == '\0')
		(void)snprintf(ret->reason, sizeof ret->reason, "no trial was finished");
	for (unsigned size = 0; size < s->plan.x.size_count && ret->is_measured; size++) {
		if (!size_fill(s, cell, size, pool, &ret->sizes[size], e))
			return false;
	}
	ret->cpu_ms = record_median(
		s, cell, offsetof(struct trial_record, cpu_ms_per_mail), room, &count);
	ret->memory_mib =
		record_median(s, cell, offsetof(struct trial_record, memory_mib), room, &count);
	ret->deploy_ms =
		record_median(s, cell, offsetof(struct trial_record, deploy_ms), room, &count);
	ret->deploy_ci = stats_median_order_interval(room, count);
	ret->cold_ms = cold_median(s, cell, room);
	ret->resolution_ms = resolution(s, cell, room);
	return true;
}

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

static bool is_compared(const struct summary_cell *c)
{
	return c->is_measured && !c->cell->is_control;
}

static bool pairs_fill(struct summary *s, double *room, struct error *e)
{
	unsigned cells = s->plan.x.cell_count, sizes = s->plan.x.size_count;
	auto_free double *p = calloc((size_t)PAIRS_MAX * sizes + 1, sizeof *p);

	s->pairs = calloc((size_t)PAIRS_MAX * sizes + 1, sizeof *s->pairs);
	if (p == NULL || s->pairs == NULL)
		return fail(e, FAULT_LATER, "compare platforms: no memory");
	for (unsigned size = 0; size < sizes; size++) {
		for (unsigned i = 0; i < cells * cells; i++) {
			unsigned a = i / cells, b = i % cells;

			if (a >= b || !is_compared(&s->cells[a]) || !is_compared(&s->cells[b]))
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
		if (i != control && is_compared(&s->cells[i]) &&
			strcmp(s->cells[i].cell->platform, s->cells[control].cell->platform) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static void noise_fill(struct summary *s, double *room)
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

static void diagnostics_fill(struct summary *s, double *room)
{
	size_t steals = 0, flushes = 0, count = 0;

	s->steal_max = (double)NAN;
	for (size_t i = 0; i < s->trial_count; i++) {
		double steal = s->trials[i].record.steal_percent;

		if (isfinite(steal) && (steals++ == 0 || steal > s->steal_max))
			s->steal_max = steal;
		if (isfinite(s->trials[i].record.flush_us))
			room[flushes++] = s->trials[i].record.flush_us;
	}
	s->flush_us = stats_median(room, flushes);
	for (size_t i = 0; i < s->trial_count; i++)
		room[i] = s->trials[i].record.spin_ms;
	s->spin_spread =
		stats_quantile(room, s->trial_count, 0.95) / stats_median(room, s->trial_count);
	for (size_t i = 0; i < s->trial_count; i++) {
		const struct sample_file *f = &s->trials[i].samples;

		for (size_t k = 0; k < f->count; k++) {
			if (f->samples[k].at_ns[POINT_START] != SAMPLE_NEVER)
				room[count++] = (double)f->samples[k].at_ns[POINT_START] /
						(double)NS_PER_MS;
		}
	}
	s->instrument_ms = stats_quantile(room, count, 0.99);
}

const struct summary_pair *summary_pair_find(
	const struct summary *s, unsigned a, unsigned b, unsigned size)
{
	for (size_t i = 0; i < s->pair_count; i++) {
		if (s->pairs[i].a == a && s->pairs[i].b == b && s->pairs[i].size == size)
			return &s->pairs[i];
	}
	return NULL;
}

bool summary_make(const char *folder, struct summary *ret, struct error *e)
{
	memset(ret, 0, sizeof *ret);
	if (!summary_load(folder, ret, e))
		return false;
	auto_free struct pool *pool = calloc(1, sizeof *pool);
	auto_free double *room =
		calloc(sample_total(ret) + 2 * ret->planned_count + 2, sizeof *room);
	if (pool == NULL || room == NULL)
		return fail(e, FAULT_LATER, "summarise: no memory");
	pool->values = room;
	trials_fill(ret, room);
	for (unsigned cell = 0; cell < ret->plan.x.cell_count; cell++) {
		if (!cell_fill(ret, cell, pool, e))
			return false;
	}
	if (!pairs_fill(ret, room, e))
		return false;
	noise_fill(ret, room);
	diagnostics_fill(ret, room);
	return true;
}
