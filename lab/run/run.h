/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * run - carries out an experiment: probe, plan, trials in order, each on disk before the next.
 *
 * A folder that holds a plan of the same experiment is resumed: finished trials stay, partial ones are
 * removed whole and run again. Another experiment's folder is refused.
 * A cell whose trials fail RUN_FAILURES_IN_A_ROW times is given up; the report says why.
 */
#include "lab/run/trial.h"

enum { RUN_FAILURES_IN_A_ROW = 2 };

struct run_options {
	struct experiment x;
	struct trial_options trial; /* on_step and context are set by run_experiment */
};

MUST_CHECK bool run_experiment(struct run_options *options, struct error *e);
/* Asks every cell's platform whether it can run here; fills plan->cells. */
MUST_CHECK bool run_probe(const struct run_options *options, struct plan *plan, struct error *e);
