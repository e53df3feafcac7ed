/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * ready - what a deployment waits for, stage after stage, until every account can log in.
 *
 * From the trials' records (deployment_ms: time since the start at which a stage was reached). Names are those of the platform
 * with most stages, in the order of that record; others have some of them. Pure. Limits: READY_*.
 */
#include "lab/report/summary.h"

enum { READY_STAGES_MAX = 12, READY_NAME_BYTES = 24 };

struct ready {
	char names[READY_STAGES_MAX][READY_NAME_BYTES];
	unsigned count;
};

void ready_names(const struct summary *s, struct ready *ret);
/* Seconds from the start until the stage was reached, median over trials; NAN: the platform has no such stage. */
double ready_seconds(const struct summary *s, unsigned cell, const char *name);
