/* SPDX-License-Identifier: MIT */
#pragma once
/* pairs - the part of summary_make that compares cells: all pairs, controls, ranks, where the spread comes from. */
#include "lab/report/summary.h"

/* room: two values for each trial. */
MUST_CHECK bool pairs_fill(struct summary *s, double *room, struct error *e);
/* After pairs_fill: compares controls with their twins, and marks pairs that are within the noise. */
void pairs_noise_fill(struct summary *s, double *room);
MUST_CHECK bool pairs_ranks_fill(struct summary *s, struct error *e);
void pairs_spread_fill(struct summary *s, double *room);
