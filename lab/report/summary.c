/* SPDX-License-Identifier: MIT */
#include "lab/report/summary.h"

#include "base/clock.h"
#include "lab/files/json_file.h"
#include "lab/report/cells.h"
#include "lab/report/claims.h"
#include "lab/report/load.h"
#include "lab/report/pairs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t sample_total(const struct summary *s)
{
	size_t total = 1;

	for (size_t i = 0; i < s->trial_count; i++)
		total += s->trials[i].samples.count;
	return total;
}

bool summary_is_compared(const struct summary_cell *c)
{
	return c->is_measured && !c->cell->is_control;
}

bool summary_cell_find(const struct summary *s, const char *label, unsigned *ret)
{
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (strcmp(s->plan.x.cells[i].label, label) == 0 && s->cells[i].is_measured) {
			*ret = i;
			return true;
		}
	}
	return false;
}

bool summary_base(const struct summary *s, unsigned *ret)
{
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (summary_is_compared(&s->cells[i])) {
			*ret = i;
			return true;
		}
	}
	return false;
}

bool summary_compare(
	const struct summary *s, unsigned a, unsigned b, unsigned size, struct comparison *ret)
{
	for (size_t i = 0; i < s->pair_count; i++) {
		const struct summary_pair *p = &s->pairs[i];

		if (p->size != size || !((p->a == a && p->b == b) || (p->a == b && p->b == a)))
			continue;
		*ret = p->comparison;
		if (p->a != a)
			compare_turn(ret);
		return true;
	}
	return false;
}

/* Median and mean of one trial at each size: what comparisons pair by block. */
static void trial_fill(const struct summary *s, struct summary_trial *t, double *room)
{
	for (unsigned size = 0; size < s->plan.x.size_count; size++) {
		size_t count = 0, delivered = 0;
		double sum = 0;

		for (size_t k = 0; k < t->samples.count; k++) {
			const struct sample *m = &t->samples.samples[k];

			if (!sample_is_counted(m, s->plan.x.sizes[size]))
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

static void trials_fill(struct summary *s, double *room)
{
	for (size_t i = 0; i < s->trial_count; i++) {
		s->has_load = s->has_load || s->trials[i].costs.step_count > 0;
		trial_fill(s, &s->trials[i], room);
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
				room[count++] = (double)(f->samples[k].at_ns[POINT_START] -
							 f->samples[k].wait_ns) /
						(double)NS_PER_MS;
		}
	}
	s->instrument_ms = stats_quantile(room, count, 0.99);
}

/* Do the measured platforms treat a flush alike? */
static void flushes_fill(struct summary *s)
{
	const char *first = NULL;

	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (!summary_is_compared(&s->cells[i]))
			continue;
		s->has_flushes =
			s->has_flushes || (first != NULL && strcmp(first, s->cells[i].flush) != 0);
		first = first == NULL ? s->cells[i].flush : first;
	}
}

/* env/generator.json, by the way in which the receiver learns of mails. */
static double floor_load(const struct summary *s, const char *folder)
{
	struct error ignored = { .fault = FAULT_NONE };
	char path[PATH_MAX];

	if (!path_join(folder, "env/generator.json", path, &ignored))
		return (double)NAN;
	auto_json *floor = json_file_load(path, &ignored);
	const json_t *median = json_object_get(
		json_object_get(floor, receive_kind_name(s->plan.x.load.receive)), "median_ms");

	return json_is_number(median) ? json_number_value(median) : (double)NAN;
}

bool summary_make(const char *folder, struct summary *ret, struct error *e)
{
	memset(ret, 0, sizeof *ret);
	if (!summary_load(folder, ret, e))
		return false;
	auto_free double *room =
		calloc(sample_total(ret) + 2 * ret->planned_count + 2, sizeof *room);
	if (room == NULL)
		return fail(e, FAULT_LATER, "summarise: no memory");
	trials_fill(ret, room);
	for (unsigned cell = 0; cell < ret->plan.x.cell_count; cell++) {
		if (!cells_fill(ret, cell, room, e))
			return false;
	}
	if (!pairs_fill(ret, room, e))
		return false;
	pairs_noise_fill(ret, room);
	if (!pairs_ranks_fill(ret, e))
		return false;
	pairs_spread_fill(ret, room);
	if (!factors_fill(ret, &ret->factors, e))
		return false;
	flushes_fill(ret);
	diagnostics_fill(ret, room);
	ret->floor_ms = floor_load(ret, folder);
	claims_judge(ret);
	return true;
}
