/* SPDX-License-Identifier: MIT */
#pragma once
/* cells - the part of summary_make that fills one cell: its sizes, its intervals, its costs. */
#include "lab/report/summary.h"

/* room: as many values as there are samples, and two for each trial. Trials' medians are there already. */
MUST_CHECK bool cells_fill(struct summary *s, unsigned cell, double *room, struct error *e);
