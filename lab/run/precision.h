/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * precision - may the run end before its last block, by a rule that was declared before it began (rules, precision_permille)?
 *
 * After PRECISION_BLOCKS_MIN blocks it may, when half the width of the 95 % interval of every ratio of platforms at every size
 * (trials' medians, paired by block: compare.h) is at most that many tenths of a percent. Never by a p value: stopping at the
 * first good one makes good ones of noise; a width says nothing about which platform is ahead.
 * Reads the samples of the finished trials. Controls take no part. A ratio that has no interval is not precise.
 */
#include "lab/run/plan.h"

enum { PRECISION_BLOCKS_MIN = 10 };

/* Are the first `blocks` blocks of the folder enough? */
MUST_CHECK bool precision_is_reached(
	const struct plan *plan, const char *folder, unsigned blocks, bool *ret, struct error *e);
/* The blocks that count: DIR/stopped.json says so when the run ended early; else all. */
unsigned precision_blocks(const struct plan *plan, const char *folder);
MUST_CHECK bool precision_stop(const char *folder, unsigned blocks, struct error *e);
