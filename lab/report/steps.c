/* SPDX-License-Identifier: MIT */
#include "lab/report/steps.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>

static const enum sample_point points[STEP_POINT_COUNT] = { POINT_BANNER, POINT_ACCEPTED,
	POINT_FETCHED };

static bool is_of(const struct sample *m, unsigned step)
{
	return sample_is_counted(m, 0) && m->step == step && m->at_ns[POINT_DUE] != SAMPLE_NEVER;
}

static void in_time_add(
	const struct summary_trial *t, unsigned step, uint64_t limit_ns, struct load_step *to)
{
	for (size_t i = 0; i < t->samples.count; i++) {
		const struct sample *m = &t->samples.samples[i];

		if (!is_of(m, step))
			continue;
		to->mails++;
		for (size_t p = 0; p < STEP_POINT_COUNT; p++)
			to->in_time[p] += m->at_ns[points[p]] <= limit_ns &&
					  (p != STEP_DELIVERED || m->outcome == OUTCOME_DELIVERED);
	}
}

/* Mails a second that passed a point while the step's mails were due; NAN when that is no time. */
static double rate_of(const struct summary_trial *t, unsigned step, enum sample_point point)
{
	uint64_t first = UINT64_MAX, last = 0;
	double count = 0;

	for (size_t i = 0; i < t->samples.count; i++) {
		const struct sample *m = &t->samples.samples[i];

		if (!is_of(m, step))
			continue;
		first = m->at_ns[POINT_DUE] < first ? m->at_ns[POINT_DUE] : first;
		last = m->at_ns[POINT_DUE] > last ? m->at_ns[POINT_DUE] : last;
	}
	if (first == UINT64_MAX || last <= first)
		return (double)NAN;
	for (size_t i = 0; i < t->samples.count; i++) {
		const struct sample *m = &t->samples.samples[i];
		uint64_t at = m->at_ns[point] == SAMPLE_NEVER || m->at_ns[POINT_DUE] == SAMPLE_NEVER
				      ? SAMPLE_NEVER
				      : m->at_ns[POINT_DUE] + m->at_ns[point];

		count += at >= first && at <= last;
	}
	return count * (double)NS_PER_S / (double)(last - first);
}

static double rate_median(const struct summary *s, unsigned cell, unsigned step,
	enum sample_point point, double *room)
{
	size_t count = 0;

	for (size_t i = 0; i < s->trial_count; i++) {
		const struct summary_trial *t = &s->trials[i];
		double rate = t->cell == cell && t->record.is_measured ? rate_of(t, step, point)
								       : (double)NAN;

		if (isfinite(rate))
			room[count++] = rate;
	}
	return stats_median(room, count);
}

unsigned load_steps(const struct summary *s, unsigned cell, struct load_step ret[LOAD_STEPS_MAX])
{
	const struct load_model *load = &s->plan.x.load;
	auto_free double *room = calloc(s->trial_count + 1, sizeof *room);

	if (load->kind != LOAD_SWEEP || room == NULL)
		return 0;
	for (unsigned k = 0; k < load->rate_count; k++) {
		ret[k] = (struct load_step){ .rate = load->rates[k],
			.accepted_rate = rate_median(s, cell, k, POINT_ACCEPTED, room),
			.delivered_rate = rate_median(s, cell, k, POINT_FETCHED, room) };
		for (size_t i = 0; i < s->trial_count; i++) {
			if (s->trials[i].cell == cell && s->trials[i].record.is_measured)
				in_time_add(&s->trials[i], k, load->slo_ms * NS_PER_MS, &ret[k]);
		}
	}
	return load->rate_count;
}
