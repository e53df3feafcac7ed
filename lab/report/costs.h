/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * costs - what a trial's record says beside its samples: the server's own stages, what a mail cost, the load's steps.
 *
 * Read from trial.json as lab/run writes it (stages.h, curve.h, record.h); what a platform cannot count is not there, and
 * the report leaves it out. A cell has the median of each over its trials.
 * Ownership: plain values. Limits: COST_*; what is more is left out.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define COST_IDLE "an idle connection, KiB"
#define COST_CATCH_UP "to catch up, ms"

enum { COST_COUNT_MAX = 24, COST_STEPS_MAX = 16, COST_WORD_BYTES = 32 };

struct cost_item {
	char name[COST_WORD_BYTES];
	double value;
	double n; /* values behind it; 0 when it does not say */
};

struct cost_list {
	struct cost_item items[COST_COUNT_MAX];
	unsigned count;
};

/* One rate of a load; times in ms from when a mail was due, rates in mails a second. */
struct cost_step {
	double rate, achieved, p50, p99,
		backlog; /* p99: NAN when a step had too few mails for one */
	double sent, delivered;
	bool meets;
	double met, tried; /* trials: of one, 0 or 1 and 1 */
};

/* Of one trial, or the medians of a cell. */
struct costs {
	struct cost_list stages; /* of the server, by its log: ms */
	struct cost_list mail;   /* a delivered mail's: "CPU, ms", "flushes", ... */
	struct cost_step steps[COST_STEPS_MAX];
	unsigned step_count;
	double knee; /* highest rate that meets the objective with all below; NAN: none, or no sweep */
};

/* Everything that is missing or of another type is left out. */
void costs_read(const json_t *trial, struct costs *ret);
/* NULL when there is no such name. */
const struct cost_item *cost_find(const struct cost_list *list, const char *name);
/* Medians over the trials that have a thing, in the order in which things first come; a step is met when most met it. */
void costs_join(const struct costs *const *trials, size_t count, struct costs *ret);
