/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * summary - every number of a report, computed once from plan, records and samples.
 *
 * Latency is sample_latency_ns: from the sender's connect to the receiver's checked mail, or from when the mail was due
 * when that was planned; in milliseconds. Cells are in the experiment's order. A mail that never came is
 * +infinity in medians and percentiles and is left out of means, whose rows say how many are missing.
 * In files: load.c (reading), summary.c (the order of it all), cells.c (a cell at a size), pairs.c (comparisons, noise, ranks),
 * factors.c (platform, size and devices together), costs.c (stages, load and cost of a mail, from the records), claims.c
 * (what was declared before).
 * Ownership: summary_done frees all. Limits: those of the experiment, and SUMMARY_*.
 */
#include "lab/report/costs.h"
#include "lab/report/factors.h"
#include "lab/run/record.h"
#include "lab/samples/samples.h"
#include "lab/stats/compare.h"
#include "lab/stats/model.h"

enum {
	SUMMARY_FLUSH_BYTES = 192, /* a class and a sentence */
	STAGE_COUNT =
		9, /* of a mail: connect, tls, hello, login, envelope, data, accept, look, fetch */
	PAIRS_MAX = EXPERIMENT_CELLS_MAX * (EXPERIMENT_CELLS_MAX - 1) / 2,
	SUMMARY_LITERAL_MAX = 64, /* mails of the study's way that are shown */
};

/* One trial that gave samples. */
struct summary_trial {
	struct trial_record record;
	struct sample_file samples;
	struct costs costs; /* what else trial.json says */
	unsigned cell;
	double medians[WORKLOAD_SIZES_MAX], means[WORKLOAD_SIZES_MAX]; /* of measured mails */
};

struct summary_size {
	size_t trials, mails, unfinished;
	/* over all mails, percentiles pooled */
	double mean, median, sd, mad, p50, p90, p95, p99, p999, min, max;
	struct interval mean_ci, median_ci, order_ci;
	double accept, retrieve;             /* medians of t8 - t7 and t10 - t8 */
	double literal[SUMMARY_LITERAL_MAX]; /* the study's few mails, in sending order */
	unsigned literal_count;
	double literal_mean;
	double stages[STAGE_COUNT]; /* mean of each, over delivered mails */
	double best, second;        /* how often it is fastest, or one of the two fastest */
	double *sorted;             /* all mails' latencies, ascending; `mails` of them, owned */
};

struct summary_cell {
	const struct experiment_cell *cell;
	bool is_measured, is_nested;    /* nested: inside another virtual machine, no timing */
	char reason[PLAN_REASON_BYTES]; /* why not */
	/* "honest", "ignored: ..." when it was asked; what it says of itself; "" */
	char flush[SUMMARY_FLUSH_BYTES];
	unsigned trials, failed_trials, unsteady_trials;
	unsigned disturbed_trials, rerun_trials; /* still disturbed at last; run again */
	struct summary_size sizes[WORKLOAD_SIZES_MAX];
	double deploy_ms,
		cold_ms; /* medians over trials: spawn to 220; the first mail after that */
	struct interval deploy_ci;
	double deploy_least_ms, deploy_most_ms, ready_ms; /* ready: median */
	double cpu_ms, memory_mib;
	double throughput; /* delivered mails a second: all of them by all the time of their trials */
	double resolution_ms; /* largest gap between two looks into a mailbox, p95 */
	/* t = a + b * octets, of the trials' means: ms, and ms for 1024 octets */
	double a_ms, b_ms;
	struct interval a_ci, b_ci;
	double line_fits; /* share of the spread between sizes that the line explains */
	double autocorrelation;
	struct costs costs;
	uint64_t sent, delivered, refused, broken, lost, corrupt, duplicated, late, strange;
};

/* A row: is cell a faster than cell b at this size? */
struct summary_pair {
	unsigned a, b, size;
	struct comparison comparison;
};

enum claim_verdict { CLAIM_SUPPORTED, CLAIM_CONTRADICTED, CLAIM_INCONCLUSIVE, CLAIM_NOT_MEASURED };

struct summary_claim {
	enum claim_verdict verdict;
	double estimate;       /* percent, or ms for a rise; NAN when there is none */
	struct interval range; /* 95 % */
	char says[400];        /* our sentence */
};

struct summary {
	struct plan plan;
	struct summary_trial *trials;
	size_t trial_count, planned_count;
	unsigned
		blocks_declared; /* plan.x.blocks are those that ran: fewer when the declared precision was reached */
	struct summary_cell cells[EXPERIMENT_CELLS_MAX];
	struct summary_pair *pairs; /* the declared family: all pairs of platforms at all sizes */
	size_t pair_count;
	struct summary_pair noise[EXPERIMENT_CELLS_MAX * WORKLOAD_SIZES_MAX]; /* controls */
	size_t noise_count;
	double friedman[WORKLOAD_SIZES_MAX],
		friedman_p[WORKLOAD_SIZES_MAX]; /* NAN: two platforms */
	struct model_spread spread;
	struct factors factors;
	bool has_spread, has_load, has_flushes; /* flushes: the cells' labels differ */
	struct summary_claim claims[CLAIMS_MAX];
	double steal_max, flush_us, spin_spread; /* spread: p95/median of the canary's spin */
	double instrument_ms;                    /* p99 of t1 - t0 */
	double floor_ms; /* the whole instrument against a server that does nothing; NAN: not measured */
};

MUST_CHECK bool summary_make(const char *folder, struct summary *ret, struct error *e);
void summary_done(struct summary *s);
extern const char *const summary_stage_names[STAGE_COUNT];
/* Has any compared cell that stage? Only users' ways have a handshake and a login. */
bool summary_has_stage(const struct summary *s, unsigned stage);
/* Milliseconds of a sample, or infinity when it was not delivered. */
double sample_latency_ms(const struct sample *m);
/* Belongs to the results at this size (0: any): no warm-up. */
bool sample_is_counted(const struct sample *m, uint32_t size);
/* Measured, and no control: takes part in comparisons. */
bool summary_is_compared(const struct summary_cell *c);
/* By label; false when it was not measured. */
bool summary_cell_find(const struct summary *s, const char *label, unsigned *ret);
/* The comparison of a with b at a size, seen from a, whichever way it was made; false when there is none. */
bool summary_compare(
	const struct summary *s, unsigned a, unsigned b, unsigned size, struct comparison *ret);
/* What everything is compared with: the first compared cell. False when there is none. */
bool summary_base(const struct summary *s, unsigned *ret);
