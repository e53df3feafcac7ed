/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * doctor - can this machine measure, and what would make its numbers worse?
 *
 * Each check says ok, warning (numbers may be noisy or mean something else) or failure (an experiment cannot
 * run). Reads only; starts at most the platforms' own probes.
 */
#include "lab/platform/platform.h"

#include <stdio.h>

enum doctor_level { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_FAILURE };

/* Prints a line for each check; folder: where trials would keep their disks. Returns the worst level. */
enum doctor_level doctor_run(FILE *to, const char *folder, const struct platform *const *list,
	const struct deploy_plan *plan);
