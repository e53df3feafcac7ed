/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * trial - one fresh deployment of one cell: canary, deploy, warm up, measure, stop, write down.
 *
 * trial_run() returns true when a record was written, also for a trial that failed (its record says
 * so). It fails on the lab's own troubles: no disk, or a request to stop.
 */
#include "lab/run/record.h"
#include "lab/run/rules.h"

struct trial_options {
	const char *folder;    /* the results */
	const char *work_root; /* where deployments keep their disks */
	const char *server_path, *image_path;
	const char *packages_path;           /* unpacked packages of other servers; NULL: none */
	const char *password;                /* of every account */
	const struct rules_history *history; /* of this run's trials so far */
	const volatile bool *is_cancelled;
	void (*on_step)(void *context, const char *what, unsigned done, unsigned of);
	void *context;
};

MUST_CHECK bool trial_run(const struct plan *plan, struct plan_trial at,
	const struct trial_options *options, struct trial_record *ret, struct error *e);
/* The deployment every trial wants; pointers into plan, options and *accounts. */
struct trial_wish {
	char domains_text[2][EXPERIMENT_TEXT_BYTES];
	const char *domains[2];
	struct deploy_account accounts[2];
	const char *sets[CELL_SET_COUNT];
	struct deploy_plan plan;
};
void trial_wish_fill(const struct experiment *x, const struct experiment_cell *cell,
	const struct trial_options *options, const char *work_path, struct trial_wish *ret);
