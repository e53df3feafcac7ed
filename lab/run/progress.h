/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * progress - tells a waiting human how far it is: one line that rewrites itself on a terminal, one
 * line a trial in a log.
 *
 * Time left is the mean duration of each cell's trials so far, times its trials to come; before a cell
 * has run, it is guessed from the others. After each block: every platform's time so far as a multiple of the first
 * one's, paired by block (geometric mean). It has no interval and no verdict; those come with the report.
 */
#include "lab/run/record.h"

struct progress {
	bool is_terminal;
	unsigned total, done;
	uint64_t shown_ns;
	double seconds[EXPERIMENT_CELLS_MAX];
	unsigned finished[EXPERIMENT_CELLS_MAX], left[EXPERIMENT_CELLS_MAX];
	double medians[EXPERIMENT_CELLS_MAX]; /* of this block; 0: not yet */
	double log_ratios[EXPERIMENT_CELLS_MAX];
	unsigned ratios[EXPERIMENT_CELLS_MAX];
	struct plan_trial now;
	const struct plan *plan;
};

/* Also says where the results go and what will not be measured. */
void progress_begin(struct progress *p, const struct plan *plan, const char *folder);
void progress_trial(struct progress *p, struct plan_trial at);
/* on_step of struct trial_options; context is the progress. */
void progress_step(void *context, const char *what, unsigned done, unsigned of);
void progress_trial_done(struct progress *p, const struct trial_record *record, bool is_new);
/* A trial that will be run once more, for it was disturbed. */
void progress_again(struct progress *p, struct plan_trial at);
void progress_end(struct progress *p);
