/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * compare_runs - two results folders side by side: what differs around them first, then what differs in them.
 *
 * Reads summary.json, experiment.conf and env/ of both; folders that were reduced to their summaries do. Prints every fact
 * of the environments that is not the same, then the experiments' differences, then for each platform and size that
 * both have the ratio of B to A with its 95 % interval, Mann and Whitney's p and the one after Benjamini and
 * Hochberg: the blocks of two runs are not pairs. Then the same of the ratios to the first platform, in which the speed
 * of the machine cancels out.
 * Verdicts stand there only when the machine and the work were the same; results of different machines are two
 * series, never one test.
 * A pure function of the two folders.
 */
#include "base/error.h"

#include <stdio.h>

MUST_CHECK bool compare_runs(const char *a, const char *b, FILE *to, struct error *e);
