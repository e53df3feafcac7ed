/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * rules - which trials are run again, by rules that were declared before anything ran (experiment, "rules").
 *
 * A disturbed trial keeps its folder under another name ("03-tcg.excluded-1") and its place in the block is run
 * again at the block's end, at most `reruns` times; the last one stays, marked. Nothing is thrown away, and the
 * report counts them.
 */
#include "lab/run/record.h"

enum { RULES_SPINS_MIN = 5 }; /* trials before the canary has a usual time */

/* The canary's times of the trials so far. */
struct rules_history {
	double *spins;
	size_t count, room;
};

/* Judges a finished trial: fills record->excluded with the reason, or "". */
void rules_judge(const struct run_rules *rules, const struct rules_history *history,
	const char *generator_why, struct trial_record *record);
MUST_CHECK bool rules_remember(
	struct rules_history *history, const struct trial_record *record, struct error *e);
void rules_history_done(struct rules_history *history);
/* How many excluded trials lie beside the folder. */
unsigned rules_excluded_count(const char *folder);
/* Renames the folder of a disturbed trial. */
MUST_CHECK bool rules_set_aside(const char *folder, struct error *e);
