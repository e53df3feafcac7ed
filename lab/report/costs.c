/* SPDX-License-Identifier: MIT */
#include "lab/report/costs.h"

#include "base/own.h"
#include "lab/stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static void item_add(struct cost_list *list, const char *name, double value, double n)
{
	if (list->count == COST_COUNT_MAX || name == NULL || isnan(value))
		return;
	struct cost_item *item = &list->items[list->count++];
	*item = (struct cost_item){ .value = value, .n = isnan(n) ? 0 : n };
	(void)snprintf(item->name, sizeof item->name, "%s", name);
}

/* What lab/run/record.c calls them, and what people do. */
static const struct {
	const char *key, *name;
} mail_costs[] = {
	{ "cpu_ms_per_mail", "CPU, ms" },
	{ "exits_per_mail", "VM exits" },
	{ "flushes_per_mail", "flushes" },
	{ "write_kib_per_mail", "KiB written" },
	{ "memory_mib", "memory of all, MiB" },
	{ "idle_connection_kib", COST_IDLE },
};

/* As with every percentile: none from too few mails. */
static double p99_of(const json_t *step)
{
	return number_of(step, "sent") >= (double)stats_quantile_count_min(0.99)
		       ? number_of(step, "p99_ms")
		       : (double)NAN;
}

static void steps_read(const json_t *load, struct costs *ret)
{
	const json_t *steps = json_object_get(load, "steps");

	ret->knee = number_of(load, "knee");
	for (size_t i = 0; i < json_array_size(steps) && i < COST_STEPS_MAX; i++) {
		const json_t *one = json_array_get(steps, i);

		/* The study's way has one step without a rate. */
		if (isnan(number_of(one, "rate")))
			continue;
		ret->steps[ret->step_count++] = (struct cost_step){ .rate = number_of(one, "rate"),
			.achieved = number_of(one, "achieved"),
			.p50 = number_of(one, "p50_ms"),
			.p99 = p99_of(one),
			.backlog = number_of(one, "backlog_per_s"),
			.sent = number_of(one, "sent"),
			.delivered = number_of(one, "delivered"),
			.meets = json_is_true(json_object_get(one, "meets_slo")),
			.met = json_is_true(json_object_get(one, "meets_slo")),
			.tried = 1 };
	}
}

void costs_read(const json_t *trial, struct costs *ret)
{
	const json_t *stages = json_object_get(trial, "stages");

	*ret = (struct costs){ .step_count = 0 };
	for (size_t i = 0; i < json_array_size(stages); i++) {
		const json_t *one = json_array_get(stages, i);
		const char *by = json_string_value(json_object_get(one, "by"));

		/* The client's are computed from the samples. */
		if (by != NULL && strcmp(by, "server") == 0)
			item_add(&ret->stages, json_string_value(json_object_get(one, "name")),
				number_of(one, "ms"), number_of(one, "n"));
	}
	for (size_t i = 0; i < COUNT(mail_costs); i++)
		item_add(&ret->mail, mail_costs[i].name, number_of(trial, mail_costs[i].key), 1);
	item_add(&ret->mail, COST_CATCH_UP, number_of(json_object_get(trial, "load"), "drain_ms"),
		1);
	steps_read(json_object_get(trial, "load"), ret);
}

const struct cost_item *cost_find(const struct cost_list *list, const char *name)
{
	for (unsigned i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].name, name) == 0)
			return &list->items[i];
	}
	return NULL;
}

/* One list of every trial, by its place in the record. */
static const struct cost_list *list_of(const struct costs *r, size_t at)
{
	return (const void *)((const char *)r + at);
}

static void medians_make(const struct costs *const *trials, size_t count, size_t at, double *room,
	struct cost_list *ret)
{
	ret->count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct cost_list *list = list_of(trials[i], at);

		for (unsigned k = 0; k < list->count; k++) {
			const char *name = list->items[k].name;
			size_t found = 0;
			double n = 0;

			if (cost_find(ret, name) != NULL)
				continue;
			for (size_t j = i; j < count; j++) {
				const struct cost_item *item =
					cost_find(list_of(trials[j], at), name);

				if (item == NULL)
					continue;
				room[found++] = item->value;
				n += item->n;
			}
			item_add(ret, name, stats_median(room, found), n);
		}
	}
}

/* The step of a trial at a rate; NULL when it did not come so far. */
static const struct cost_step *step_find(const struct costs *trial, double rate)
{
	for (unsigned i = 0; i < trial->step_count; i++) {
		if (fabs(trial->steps[i].rate - rate) < 1e-6)
			return &trial->steps[i];
	}
	return NULL;
}

/* Of one number of a step, by its place; NAN stays out. */
static double step_median(
	const struct costs *const *trials, size_t count, double rate, size_t at, double *room)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		const struct cost_step *step = step_find(trials[i], rate);
		double value = step == NULL
				       ? (double)NAN
				       : *(const double *)(const void *)((const char *)step + at);

		if (!isnan(value))
			room[found++] = value;
	}
	return stats_median(room, found);
}

/* In more than half of the trials: so the knee, which is the lower median of theirs, is met, and so is all below it. */
static bool most_meet(const struct costs *const *trials, size_t count, double rate)
{
	size_t met = 0;

	for (size_t i = 0; i < count; i++) {
		const struct cost_step *one = step_find(trials[i], rate);

		met += one != NULL && one->meets;
	}
	return 2 * met > count;
}

static void steps_join(
	const struct costs *const *trials, size_t count, double *room, struct costs *ret)
{
	static const size_t fields[] = { offsetof(struct cost_step, achieved),
		offsetof(struct cost_step, p50), offsetof(struct cost_step, p99),
		offsetof(struct cost_step, backlog), offsetof(struct cost_step, sent),
		offsetof(struct cost_step, delivered) };

	for (size_t i = 0; i < count; i++) {
		for (unsigned k = 0; k < trials[i]->step_count; k++) {
			double rate = trials[i]->steps[k].rate;

			if (step_find(ret, rate) != NULL || ret->step_count == COST_STEPS_MAX)
				continue;
			struct cost_step *to = &ret->steps[ret->step_count++];
			*to = (struct cost_step){ .rate = rate };
			for (size_t f = 0; f < COUNT(fields); f++)
				*(double *)(void *)((char *)to + fields[f]) =
					step_median(trials, count, rate, fields[f], room);
			to->meets = most_meet(trials, count, rate);
			for (size_t j = 0; j < count; j++) {
				const struct cost_step *one = step_find(trials[j], rate);

				to->met += one == NULL ? 0 : one->met;
				to->tried += one == NULL ? 0 : one->tried;
			}
		}
	}
}

void costs_join(const struct costs *const *trials, size_t count, struct costs *ret)
{
	auto_free double *room = malloc((count + 1) * sizeof *room);
	size_t found = 0;

	*ret = (struct costs){ .step_count = 0, .knee = (double)NAN };
	if (room == NULL)
		return;
	medians_make(trials, count, offsetof(struct costs, stages), room, &ret->stages);
	medians_make(trials, count, offsetof(struct costs, mail), room, &ret->mail);
	steps_join(trials, count, room, ret);
	for (size_t i = 0; i < count; i++) {
		if (trials[i]->step_count > 0)
			room[found++] = isnan(trials[i]->knee) ? 0 : trials[i]->knee;
	}
	stats_sort(room, found);
	/* A rate that was tried: of two in the middle the lower. */
	if (found > 0 && room[(found - 1) / 2] > 0)
		ret->knee = room[(found - 1) / 2];
}
