/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * lifecycle - the study's unmeasured promises, measured: redeployment, snapshots, backups, recovery, migration.
 *
 * Runs each trial (trials.h) the given number of times on each platform, in rounds over all of them,
 * moves a server through all platforms once, and judges the promises in the table of promises.c: a promise
 * holds on a platform when every repeat kept it. A trial that fails is noted and the rest goes on.
 */
#include "lab/lifecycle/ledger.h"
#include "lab/lifecycle/place.h"

struct life_plan {
	const struct platform *const *platforms;
	unsigned count;
	const char *trials; /* names, separated by commas; NULL: all, and the move */
};

/* Fills the ledger. False: stopped on request, or no disk; the ledger has what was measured. */
MUST_CHECK bool lifecycle_run(const struct life_options *o, const struct life_plan *plan,
	struct ledger *l, struct error *e);
/* The promises as rows of their own, first those that were measured. */
void promises_judge(const struct life_plan *plan, const struct ledger *measured, struct ledger *l);
/* Is there a trial, or "move", of each name? */
MUST_CHECK bool lifecycle_trials_check(const char *names, struct error *e);
