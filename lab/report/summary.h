/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * summary - every number of a report, computed once from plan, records and samples.
 *
 * Latency here is t10 - t1: from the sender's connect to the receiver's checked mail, in milliseconds.
 * Cells are in the experiment's order. A mail that never came is +infinity in medians and percentiles
 * and is left out of means, whose rows say how many are missing.
 * Ownership: summary_done frees all. Limits: those of the experiment.
 */
#include "lab/run/record.h"
#include "lab/samples/samples.h"
#include "lab/stats/compare.h"

enum {
	STAGE_COUNT = 7, /* of a mail: connect, hello, envelope, data, accept, wait, fetch */
	PAIRS_MAX = EXPERIMENT_CELLS_MAX * (EXPERIMENT_CELLS_MAX - 1) / 2,
};

/* One trial that gave samples. */
struct summary_trial {
	struct trial_record record;
	struct sample_file samples;
	unsigned cell;
	double medians[WORKLOAD_SIZES_MAX], means[WORKLOAD_SIZES_MAX]; /* of measured mails */
};

struct summary_size {
	size_t trials, mails, unfinished;
	double mean, median, sd, p90, p95, p99, min, max; /* over all mails, percentiles pooled */
	struct interval mean_ci, median_ci, order_ci;
	double accept, retrieve;                  /* medians of t8 - t7 and t10 - t8 */
	double literal[EXPERIMENT_CELLS_MAX * 4]; /* the study's few mails, in sending order */
	unsigned literal_count;
	double literal_mean;
	double stages[STAGE_COUNT]; /* mean of each, over delivered mails */
};

struct summary_cell {
	const struct experiment_cell *cell;
	const char *title;
	bool is_measured;
	char reason[PLAN_REASON_BYTES]; /* why not */
	unsigned trials, failed_trials;
	struct summary_size sizes[WORKLOAD_SIZES_MAX];
	double deploy_ms,
		cold_ms; /* medians over trials: spawn to 220; the first mail after that */
	struct interval deploy_ci;
	double cpu_ms, memory_mib;
	double resolution_ms; /* largest gap between two looks into a mailbox, p95 */
	uint64_t sent, delivered, refused, broken, lost, corrupt, duplicated, late, strange;
};

/* A row: is cell a faster than cell b at this size? */
struct summary_pair {
	unsigned a, b, size;
	struct comparison comparison;
};

struct summary {
	struct plan plan;
	struct summary_trial *trials;
	size_t trial_count, planned_count;
	struct summary_cell cells[EXPERIMENT_CELLS_MAX];
	struct summary_pair *pairs; /* the declared family: all pairs of platforms at all sizes */
	size_t pair_count;
	struct summary_pair noise[EXPERIMENT_CELLS_MAX * WORKLOAD_SIZES_MAX]; /* controls */
	size_t noise_count;
	double steal_max, flush_us, spin_spread; /* spread: p95/median of the canary's spin */
	double instrument_ms;                    /* p99 of t1 - t0 */
};

MUST_CHECK bool summary_make(const char *folder, struct summary *ret, struct error *e);
void summary_done(struct summary *s);
extern const char *const summary_stage_names[STAGE_COUNT];
/* Milliseconds of a sample, or infinity when it was not delivered. */
double sample_latency_ms(const struct sample *s);
/* The pair with the given cells at a size, in this direction, or NULL. */
const struct summary_pair *summary_pair_find(
	const struct summary *s, unsigned a, unsigned b, unsigned size);
