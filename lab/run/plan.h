/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * plan - an experiment bound to this machine: which platforms there are, and the order of all trials.
 *
 * Written to DIR/experiment.conf and DIR/plan.json before the first trial; a resumed run reads it and
 * asks nothing again. Ownership: plan_done frees the order.
 */
#include "lab/experiment/experiment.h"
#include "lab/files/file.h"

#include <limits.h>

enum { PLAN_REASON_BYTES = 256 };

struct plan {
	struct experiment x;
	char hash[EXPERIMENT_HASH_TEXT_BYTES + 1];
	char created[32]; /* RFC 3339 */
	char tool[32];    /* version of the lab */
	struct {
		bool is_available;
		char reason[PLAN_REASON_BYTES]; /* why not */
	} cells[EXPERIMENT_CELLS_MAX];
	unsigned measured[EXPERIMENT_CELLS_MAX]; /* indices of the available cells */
	unsigned measured_count;
	uint8_t *order; /* x.blocks rows of measured_count indices into `measured` */
};

/* A trial's place. */
struct plan_trial {
	unsigned block, position, cell;
};

/* cells[].is_available and .reason are filled; makes the rest. */
MUST_CHECK bool plan_make(struct plan *plan, uint64_t wall_ns, struct error *e);
MUST_CHECK bool plan_save(const struct plan *plan, const char *folder, struct error *e);
MUST_CHECK bool plan_load(const char *folder, struct plan *ret, struct error *e);
void plan_done(struct plan *plan);
unsigned plan_trial_count(const struct plan *plan);
struct plan_trial plan_trial_at(const struct plan *plan, unsigned index);
/* "DIR/blocks/07/03-tcg"; false when it does not fit. */
MUST_CHECK bool plan_trial_folder(const struct plan *plan, const char *folder,
	struct plan_trial trial, char ret[PATH_MAX], struct error *e);
