/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * effects - what each part does on its own, when an experiment's cells are a plan of several parts with two levels.
 *
 * Cells of one platform that differ in at least two parts, each at exactly two levels, every pair of parts with all four
 * combinations equally often: then the mean over all cells with the one level, less that with the other, is the
 * part's own effect (Box, Hunter and Hunter, "Statistics for Experimenters", fractional factorial designs at two levels).
 * Of the logs of the trials' medians, block by block; a block that lacks a cell is left out. Tests as in compare.h,
 * Holm's family is all parts at all sizes.
 * Pure. Limits: EFFECT_*.
 */
#include "lab/report/summary.h"

enum { EFFECT_PARTS_MAX = 10, EFFECT_WORD_BYTES = 24 };

struct effect_part {
	char name[EFFECT_WORD_BYTES], low[EFFECT_WORD_BYTES], high[EFFECT_WORD_BYTES];
	bool is_high[EXPERIMENT_CELLS_MAX];
	struct comparison
		by_size[WORKLOAD_SIZES_MAX]; /* time with `high` against time with `low` */
};

struct effects {
	struct effect_part parts[EFFECT_PARTS_MAX];
	unsigned count; /* 0: the cells are no such plan */
};

void effects_find(const struct experiment *x, struct effects *ret);
/* "cpus = 2 instead of 1: 12.0 % less time (95 % CI 8.1..15.8 %), 8 blocks, p_Holm 0.047: better". */
MUST_CHECK bool effect_text(const struct effect_part *part, unsigned size, struct buf *to);
MUST_CHECK bool effects_make(const struct summary *s, struct effects *ret, struct error *e);
