/* SPDX-License-Identifier: MIT */
#include "lab/run/curve.h"

#include "base/clock.h"
#include "lab/stats/stats.h"
#include "lab/workload/arrivals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* What the instrument may cost (see curve.h). */
static const double late_share_max = 0.05, late_ms_least = 1, rate_share_least = 0.99,
		    cpu_percent_max = 70;
/* A backlog that grows by less than this share of the rate is noise. */
static const double growth_share_max = 0.05;

enum { GROWTH_POINTS = 40, GROWTH_MAILS_MIN = 20 };

/* The measured mails of one step. */
struct step {
	size_t count, delivered;
	uint64_t first_ns, last_ns; /* of their due times */
	double *latencies;          /* ms; infinity: never */
};

static bool is_of(const struct sample *s, unsigned step)
{
	return (s->flags & SAMPLE_IS_WARMUP) == 0 && s->step == step &&
	       s->at_ns[POINT_DUE] != SAMPLE_NEVER;
}

static void step_fill(struct step *t, const struct workload_result *r, unsigned step)
{
	t->first_ns = UINT64_MAX;
	for (size_t i = 0; i < r->count; i++) {
		const struct sample *s = &r->samples[i];
		uint64_t due_ns = s->at_ns[POINT_DUE];

		if (!is_of(s, step))
			continue;
		t->latencies[t->count++] =
			s->outcome == OUTCOME_DELIVERED
				? (double)sample_latency_ns(s) / (double)NS_PER_MS
				: (double)INFINITY;
		t->delivered += s->outcome == OUTCOME_DELIVERED;
		t->first_ns = due_ns < t->first_ns ? due_ns : t->first_ns;
		t->last_ns = due_ns > t->last_ns ? due_ns : t->last_ns;
	}
}

/* Mails that were due before `at_ns` and not there yet. */
static double backlog(const struct workload_result *r, uint64_t at_ns)
{
	double count = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct sample *s = &r->samples[i];
		uint64_t due_ns = s->at_ns[POINT_DUE], end = s->at_ns[POINT_FETCHED];

		count += due_ns <= at_ns && (end == SAMPLE_NEVER || due_ns + end > at_ns);
	}
	return count;
}

/* Mails a second: the slope of the line through the backlog at some points behind the step's beginning. */
static double backlog_growth(const struct workload_result *r, const struct step *t)
{
	double span_s = (double)(t->last_ns - t->first_ns) / (double)NS_PER_S;
	double sum_t = 0, sum_b = 0, sum_tt = 0, sum_tb = 0, n = 0;

	if (t->count < GROWTH_MAILS_MIN || span_s <= 0)
		return 0;
	for (int i = GROWTH_POINTS / 4; i <= GROWTH_POINTS; i++, n++) {
		double at_s = span_s * i / GROWTH_POINTS;
		double waiting = backlog(r, t->first_ns + (uint64_t)(at_s * (double)NS_PER_S));

		sum_t += at_s;
		sum_b += waiting;
		sum_tt += at_s * at_s;
		sum_tb += at_s * waiting;
	}
	return (n * sum_tb - sum_t * sum_b) / (n * sum_tt - sum_t * sum_t);
}

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* Appends the step's row; true: it meets the objective. */
static bool step_add(json_t *list, const struct workload_plan *plan,
	const struct workload_result *r, const struct step *t, double rate)
{
	double span_s = (double)(t->last_ns - t->first_ns) / (double)NS_PER_S;
	double p99 = stats_quantile(t->latencies, t->count, 0.99);
	double growth = backlog_growth(r, t);
	bool is_met = t->delivered == t->count && p99 <= plan->load.slo_ms &&
		      (rate <= 0 || growth <= growth_share_max * rate);

	(void)json_array_append_new(list,
		json_pack("{s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:b}", "rate",
			rate > 0 ? json_real(rate) : json_null(), "sent", (json_int_t)t->count,
			"delivered", (json_int_t)t->delivered, "achieved",
			number(span_s > 0 ? (double)t->delivered / span_s : (double)NAN), "p50_ms",
			number(stats_median(t->latencies, t->count)), "p99_ms", number(p99),
			"backlog_per_s", number(growth), "meets_slo", (int)is_met));
	return is_met;
}

/* Of the instrument: milliseconds between due (and a free sender) and start that 99 of 100 mails did not exceed. */
static double lateness(const struct workload_result *r, double *room)
{
	size_t count = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct sample *s = &r->samples[i];

		if ((s->flags & SAMPLE_IS_SCHEDULED) != 0 && s->at_ns[POINT_START] != SAMPLE_NEVER)
			room[count++] =
				(double)(s->at_ns[POINT_START] - s->wait_ns) / (double)NS_PER_MS;
	}
	return count > 0 ? stats_quantile(room, count, 0.99) : 0;
}

/* How much longer sending took than the list of arrivals is long. */
static double rate_share(const struct workload_result *r)
{
	uint64_t first_due = UINT64_MAX, last_due = 0, last_start = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct sample *s = &r->samples[i];

		if ((s->flags & SAMPLE_IS_SCHEDULED) == 0 || s->at_ns[POINT_START] == SAMPLE_NEVER)
			continue;
		uint64_t due = s->at_ns[POINT_DUE],
			 start = due + s->at_ns[POINT_START] - s->wait_ns;

		first_due = due < first_due ? due : first_due;
		last_due = due > last_due ? due : last_due;
		last_start = start > last_start ? start : last_start;
	}
	if (last_due <= first_due || last_start <= first_due)
		return 1;
	return (double)(last_due - first_due) / (double)(last_start - first_due);
}

/* Mails for which no sender was free when they were due: the server was slower than the arrivals. */
static json_int_t waited_count(const struct workload_result *r)
{
	json_int_t count = 0;

	for (size_t i = 0; i < r->count; i++)
		count += (r->samples[i].flags & SAMPLE_IS_SCHEDULED) != 0 &&
			 r->samples[i].wait_ns > 0;
	return count;
}

static double latency_median(const struct workload_result *r, double *room)
{
	size_t count = 0;

	for (size_t i = 0; i < r->count; i++) {
		if (r->samples[i].outcome == OUTCOME_DELIVERED)
			room[count++] =
				(double)sample_latency_ns(&r->samples[i]) / (double)NS_PER_MS;
	}
	return count > 0 ? stats_median(room, count) : (double)NAN;
}

static json_t *generator_check(
	const struct workload_result *r, double *room, char ret_why[CURVE_WHY_BYTES])
{
	double late_ms = lateness(r, room), median_ms = latency_median(r, room),
	       share = rate_share(r);
	double limit_ms = fmax(late_share_max * median_ms, late_ms_least);
	double cpu = r->last_ns > r->first_ns
			     ? 100 * (double)r->cpu_ns / (double)(r->last_ns - r->first_ns)
			     : (double)NAN;

	ret_why[0] = '\0';
	if (late_ms > limit_ms)
		(void)snprintf(ret_why, CURVE_WHY_BYTES,
			"the instrument was late: p99 of start after due is %.2f ms, %.2f is the "
			"limit",
			late_ms, limit_ms);
	else if (share < rate_share_least)
		(void)snprintf(ret_why, CURVE_WHY_BYTES,
			"the instrument sent at %.1f %% of the rate that was asked for",
			100 * share);
	else if (cpu > cpu_percent_max)
		(void)snprintf(ret_why, CURVE_WHY_BYTES,
			"the instrument used %.0f %% of a processor", cpu);
	return json_pack("{s:f, s:o, s:I, s:f, s:o, s:b, s:s}", "late_p99_ms", late_ms,
		"late_limit_ms", number(limit_ms), "waited_for_a_sender", waited_count(r),
		"rate_share", share, "cpu_percent", number(cpu), "is_good",
		(int)(ret_why[0] == '\0'), "why", ret_why);
}

/* Overload: from the end of the excess until its last mail was there. */
static double drain_ms(const struct workload_result *r)
{
	uint64_t last_due = 0, last_end = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct sample *s = &r->samples[i];

		if (!is_of(s, 0) || s->at_ns[POINT_FETCHED] == SAMPLE_NEVER)
			continue;
		uint64_t due = s->at_ns[POINT_DUE], end = due + s->at_ns[POINT_FETCHED];

		last_due = due > last_due ? due : last_due;
		last_end = end > last_end ? end : last_end;
	}
	return last_end > last_due ? (double)(last_end - last_due) / (double)NS_PER_MS
				   : (double)NAN;
}

static void steps_add(
	json_t *to, const struct workload_plan *plan, const struct workload_result *r, double *room)
{
	json_t *list = json_array();
	bool is_met = true;
	double knee = (double)NAN;

	for (unsigned i = 0; i < arrivals_steps(&plan->load); i++) {
		struct step t = { .latencies = room };
		double rate = arrivals_rate(&plan->load, i);

		step_fill(&t, r, i);
		if (t.count == 0)
			continue;
		is_met = step_add(list, plan, r, &t, rate) && is_met;
		if (is_met && rate > 0)
			knee = rate;
	}
	(void)json_object_set_new(to, "steps", list);
	(void)json_object_set_new(
		to, "knee", plan->load.kind == LOAD_SWEEP ? number(knee) : json_null());
	(void)json_object_set_new(to, "drain_ms",
		plan->load.kind == LOAD_OVERLOAD ? number(drain_ms(r)) : json_null());
}

json_t *curve_make(const struct workload_plan *plan, const struct workload_result *result,
	char ret_why[CURVE_WHY_BYTES])
{
	auto_free double *room = calloc(result->count + 1, sizeof *room);
	json_t *load = json_pack("{s:s, s:s, s:i, s:i}", "model", load_kind_name(plan->load.kind),
		"receive", receive_kind_name(plan->load.receive), "slo_ms", (int)plan->load.slo_ms,
		"idle_open", (int)result->idle_open);

	ret_why[0] = '\0';
	if (room == NULL || load == NULL) {
		json_decref(load);
		return NULL;
	}
	(void)json_object_set_new(load, "generator", generator_check(result, room, ret_why));
	steps_add(load, plan, result, room);
	return load;
}
