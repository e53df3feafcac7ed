/* SPDX-License-Identifier: MIT */
#include "lab/report/cells.h"

#include "base/clock.h"
#include "lab/files/json_file.h"
#include "lab/stats/bootstrap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const summary_stage_names[STAGE_COUNT] = { "connect", "tls", "hello", "login",
	"envelope", "data", "accept", "look", "fetch" };

/* Between which points each stage lies. */
static const struct {
	enum sample_point from, to;
} stages[STAGE_COUNT] = { { POINT_START, POINT_BANNER }, { POINT_DUE, POINT_DUE },
	{ POINT_BANNER, POINT_HELLO }, { POINT_DUE, POINT_DUE }, { POINT_HELLO, POINT_RCPT },
	{ POINT_RCPT, POINT_SENT }, { POINT_SENT, POINT_ACCEPTED }, { POINT_ACCEPTED, POINT_SEEN },
	{ POINT_SEEN, POINT_FETCHED } };
enum { STAGE_TLS = 1, STAGE_LOGIN = 3 }; /* these have no points, the sample says them */

static double span_ms(const struct sample *s, enum sample_point from, enum sample_point to)
{
	return (double)(s->at_ns[to] - s->at_ns[from]) / (double)NS_PER_MS;
}

static double stage_ms(const struct sample *m, size_t stage)
{
	if (stage == STAGE_TLS || stage == STAGE_LOGIN)
		return (double)(stage == STAGE_TLS ? m->tls_us : m->login_us) / 1000;
	return (double)sample_span_ns(m, stages[stage].from, stages[stage].to) / (double)NS_PER_MS;
}

bool summary_has_stage(const struct summary *s, unsigned stage)
{
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		for (unsigned k = 0; k < s->plan.x.size_count; k++) {
			if (summary_is_compared(&s->cells[i]) &&
				s->cells[i].sizes[k].stages[stage] > 0)
				return true;
		}
	}
	return stage != STAGE_TLS && stage != STAGE_LOGIN;
}

double sample_latency_ms(const struct sample *m)
{
	return m->outcome == OUTCOME_DELIVERED ? (double)sample_latency_ns(m) / (double)NS_PER_MS
					       : (double)INFINITY;
}

bool sample_is_counted(const struct sample *m, uint32_t size)
{
	return (m->flags & SAMPLE_IS_WARMUP) == 0 && (size == 0 || m->size_bytes == size);
}

/* Values of one cell at one size: each trial's lie together. */
struct pool {
	double *values;
	size_t count;
	struct stats_group groups[STATS_GROUPS_MAX];
	size_t group_count;
};

/* A value of a sample, or NAN to leave it out. */
typedef double value_fn(const struct sample *m);

static double delivered_ms(const struct sample *m)
{
	return m->outcome == OUTCOME_DELIVERED ? sample_latency_ms(m) : (double)NAN;
}

static double accept_ms(const struct sample *m)
{
	return m->outcome == OUTCOME_DELIVERED ? span_ms(m, POINT_SENT, POINT_ACCEPTED)
					       : (double)NAN;
}

static double retrieve_ms(const struct sample *m)
{
	return m->outcome == OUTCOME_DELIVERED ? span_ms(m, POINT_ACCEPTED, POINT_FETCHED)
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
			const struct sample *m = &t->samples.samples[k];
			double v = sample_is_counted(m, s->plan.x.sizes[size]) ? value(m)
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

			if (!sample_is_counted(m, s->plan.x.sizes[size]) ||
				m->outcome != OUTCOME_DELIVERED)
				continue;
			count++;
			for (size_t j = 0; j < STAGE_COUNT; j++)
				sums[j] += stage_ms(m, j);
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
			if (sample_is_counted(m, s->plan.x.sizes[size]))
				ret->literal[ret->literal_count++] = sample_latency_ms(m);
		}
	}
	for (unsigned i = 0; i < ret->literal_count; i++)
		sum += ret->literal[i];
	ret->literal_mean = ret->literal_count > 0 ? sum / ret->literal_count : (double)NAN;
}

static void percentiles_fill(const struct pool *pool, struct summary_size *ret)
{
	const double *x = pool->values;
	size_t n = pool->count;

	for (size_t i = 0; i < n; i++)
		ret->unfinished += isfinite(x[i]) ? 0 : 1;
	ret->median = stats_cell(pool->groups, pool->group_count, STATS_MEDIAN);
	ret->mad = stats_mad(x, n);
	ret->p50 = stats_percentile(x, n, 0.50);
	ret->p90 = stats_percentile(x, n, 0.90);
	ret->p95 = stats_percentile(x, n, 0.95);
	ret->p99 = stats_percentile(x, n, 0.99);
	ret->p999 = stats_percentile(x, n, 0.999);
	ret->min = stats_quantile(x, n, 0);
	ret->max = stats_quantile(x, n, 1);
}

/* For the curves: what the pool holds, ascending. */
static bool sorted_take(const struct pool *pool, struct summary_size *ret)
{
	ret->sorted = malloc((pool->count + 1) * sizeof *ret->sorted);
	if (ret->sorted == NULL)
		return false;
	memcpy(ret->sorted, pool->values, pool->count * sizeof *ret->sorted);
	stats_sort(ret->sorted, pool->count);
	return true;
}

/* The trials' medians, for the interval of ranks. */
static struct interval order_interval(const struct pool *pool)
{
	double medians[STATS_GROUPS_MAX];

	for (size_t i = 0; i < pool->group_count; i++)
		medians[i] = stats_median(pool->groups[i].values, pool->groups[i].count);
	return stats_median_order_interval(medians, pool->group_count);
}

static bool size_fill(const struct summary *s, unsigned cell, unsigned size, struct pool *pool,
	struct summary_size *ret)
{
	uint64_t seed = s->plan.x.seed + cell * 1009 + size * 31;

	pool_fill(s, cell, size, sample_latency_ms, pool);
	*ret = (struct summary_size){ .trials = pool->group_count, .mails = pool->count };
	percentiles_fill(pool, ret);
	ret->order_ci = order_interval(pool);
	bool is_good = sorted_take(pool, ret) &&
		       stats_bootstrap(pool->groups, pool->group_count, STATS_MEDIAN,
			       BOOTSTRAP_RESAMPLES, seed, &ret->median_ci);
	pool_fill(s, cell, size, delivered_ms, pool);
	ret->mean = stats_cell(pool->groups, pool->group_count, STATS_MEAN);
	ret->sd = stats_sd(pool->values, pool->count);
	is_good = is_good && stats_bootstrap(pool->groups, pool->group_count, STATS_MEAN,
				     BOOTSTRAP_RESAMPLES, seed + 1, &ret->mean_ci);
	pool_fill(s, cell, size, accept_ms, pool);
	ret->accept = stats_cell(pool->groups, pool->group_count, STATS_MEDIAN);
	pool_fill(s, cell, size, retrieve_ms, pool);
	ret->retrieve = stats_cell(pool->groups, pool->group_count, STATS_MEDIAN);
	stage_means(s, cell, size, ret);
	literal_take(s, cell, size, ret);
	return is_good;
}

static void cell_counts(const struct summary *s, unsigned cell, struct summary_cell *ret)
{
	double work_s = 0;

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
		work_s += r->is_measured && r->work_seconds > 0 ? r->work_seconds : 0;
	}
	ret->throughput = work_s > 0 ? (double)ret->delivered / work_s : (double)NAN;
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

static void medians_fill(struct summary *s, unsigned cell, double *room)
{
	struct summary_cell *ret = &s->cells[cell];
	size_t count = 0;

	ret->cpu_ms = record_median(
		s, cell, offsetof(struct trial_record, cpu_ms_per_mail), room, &count);
	ret->memory_mib =
		record_median(s, cell, offsetof(struct trial_record, memory_mib), room, &count);
	ret->deploy_ms =
		record_median(s, cell, offsetof(struct trial_record, deploy_ms), room, &count);
	ret->deploy_ci = stats_median_order_interval(room, count);
	ret->deploy_least_ms = stats_quantile(room, count, 0);
	ret->deploy_most_ms = stats_quantile(room, count, 1);
	ret->ready_ms =
		record_median(s, cell, offsetof(struct trial_record, ready_ms), room, &count);
	ret->cold_ms = cold_median(s, cell, room);
	ret->resolution_ms = resolution(s, cell, room);
}

/* Each trial's line through its mean times, and what the cell's trials say together. */
static void line_fill(struct summary *s, unsigned cell, double *room)
{
	struct summary_cell *ret = &s->cells[cell];
	double *a = room, *b = room + s->trial_count, x[WORKLOAD_SIZES_MAX], y[WORKLOAD_SIZES_MAX];
	struct model_line line;
	size_t count = 0;

	for (unsigned i = 0; i < s->plan.x.size_count; i++) {
		x[i] = s->plan.x.sizes[i] / 1024.0;
		y[i] = ret->sizes[i].mean;
	}
	for (size_t i = 0; i < s->trial_count; i++) {
		if (s->trials[i].cell != cell || !s->trials[i].record.is_measured ||
			!model_line_fit(x, s->trials[i].means, s->plan.x.size_count, &line))
			continue;
		a[count] = line.intercept;
		b[count++] = line.slope;
	}
	ret->a_ms = stats_mean(a, count);
	ret->b_ms = stats_mean(b, count);
	ret->a_ci = model_mean_interval(a, count);
	ret->b_ci = model_mean_interval(b, count);
	ret->line_fits = model_line_fit(x, y, s->plan.x.size_count, &line)
				 ? model_line_fits(x, y, s->plan.x.size_count, line)
				 : (double)NAN;
}

/* Does a mail resemble the one before? Median over trials, sizes taken out. */
static double autocorrelation(const struct summary *s, unsigned cell, double *room)
{
	double *series = room + s->trial_count;
	size_t found = 0;

	for (size_t i = 0; i < s->trial_count; i++) {
		const struct summary_trial *t = &s->trials[i];
		size_t count = 0;

		for (size_t k = 0; t->cell == cell && k < t->samples.count; k++) {
			const struct sample *m = &t->samples.samples[k];

			for (unsigned size = 0; size < s->plan.x.size_count; size++) {
				if (sample_is_counted(m, s->plan.x.sizes[size]) &&
					m->outcome == OUTCOME_DELIVERED)
					series[count++] =
						log(sample_latency_ms(m) / t->medians[size]);
			}
		}
		double r = stats_autocorrelation(series, count, 1);
		if (isfinite(r))
			room[found++] = r;
	}
	return stats_median(room, found);
}

static void costs_fill(struct summary *s, unsigned cell)
{
	struct summary_cell *ret = &s->cells[cell];
	auto_free const struct costs **all = calloc(s->trial_count + 1, sizeof *all);
	size_t count = 0;

	for (size_t i = 0; i < s->trial_count && all != NULL; i++) {
		const struct summary_trial *t = &s->trials[i];

		if (t->cell != cell || !t->record.is_measured)
			continue;
		all[count++] = &t->costs;
		ret->unsteady_trials += isfinite(t->record.steady_from) && !t->record.is_steady;
		ret->disturbed_trials += t->record.excluded[0] != '\0';
		ret->rerun_trials += (unsigned)t->record.reruns;
	}
	costs_join(all, count, &ret->costs);
}

/*
 * Drivers say in a sentence what a flush comes to; what makes platforms comparable is whether an acknowledged mail is
 * on the disk.
 */
static const char *flush_word(const char *says)
{
	static const struct {
		const char *begins, *word;
	} words[] = { { "honoured", "honoured" }, { "fdatasync", "honoured" },
		{ "kept", "honoured" }, { "NOT", "NOT honoured" }, { "asked for", "asked for" } };

	for (size_t i = 0; i < COUNT(words); i++) {
		if (strncmp(says, words[i].begins, strlen(words[i].begins)) == 0)
			return words[i].word;
	}
	return "unknown";
}

/* What was found when its first server was asked (lab/durability). */
static bool durability_text(const json_t *facts, char *room, size_t size)
{
	const json_t *found = json_object_get(facts, "durability");
	char class[16], reason[160];

	if (!json_text(found, "class", class, sizeof class) ||
		!json_text(found, "reason", reason, sizeof reason))
		return false;
	(void)snprintf(room, size, "%s%s%s", class, strcmp(class, "honest") == 0 ? "" : ": ",
		strcmp(class, "honest") == 0 ? "" : reason);
	return true;
}

/* Durability as it was found, or else as the platform says of itself; and whether it was nested. */
static void facts_take(const struct summary *s, unsigned cell, struct summary_cell *ret)
{
	bool is_found = false;

	for (size_t i = 0; i < s->trial_count; i++) {
		const json_t *facts = s->trials[i].record.facts;
		const char *says = json_string_value(json_object_get(facts, "flush"));

		if (s->trials[i].cell != cell)
			continue;
		is_found = is_found || durability_text(facts, ret->flush, sizeof ret->flush);
		if (!is_found && ret->flush[0] == '\0' && says != NULL)
			(void)snprintf(ret->flush, sizeof ret->flush, "%s", flush_word(says));
		ret->is_nested = ret->is_nested || json_is_true(json_object_get(facts, "nested"));
	}
}

bool cells_fill(struct summary *s, unsigned cell, double *room, struct error *e)
{
	struct summary_cell *ret = &s->cells[cell];
	auto_free struct pool *pool = calloc(1, sizeof *pool);

	if (pool == NULL)
		return fail(e, FAULT_LATER, "summarise a platform: no memory");
	pool->values = room;
	ret->cell = &s->plan.x.cells[cell];
	memcpy(ret->reason, s->plan.cells[cell].reason, sizeof ret->reason);
	cell_counts(s, cell, ret);
	facts_take(s, cell, ret);
	ret->is_measured = ret->trials > 0 && !ret->is_nested;
	if (ret->is_nested)
		(void)snprintf(ret->reason, sizeof ret->reason,
			"it ran inside another virtual machine: that proves that it works, and "
			"times "
			"nothing");
	if (!ret->is_measured && ret->reason[0] == '\0')
		(void)snprintf(ret->reason, sizeof ret->reason, "no trial was finished");
	for (unsigned size = 0; size < s->plan.x.size_count && ret->is_measured; size++) {
		if (!size_fill(s, cell, size, pool, &ret->sizes[size]))
			return fail(e, FAULT_LATER, "bootstrap: no memory");
	}
	medians_fill(s, cell, room);
	line_fill(s, cell, room);
	ret->autocorrelation = autocorrelation(s, cell, room);
	costs_fill(s, cell);
	return true;
}
