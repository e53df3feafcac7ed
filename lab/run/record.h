/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * record - what is known of one trial besides its samples: DIR/blocks/BB/PP-label/trial.json.
 *
 * The file is written last, after samples.bin is on disk: a trial without it did not happen, and is
 * removed and run again.
 */
#include "lab/platform/platform.h"
#include "lab/run/plan.h"

#include <jansson.h>

struct trial_record {
	char label[LABEL_BYTES];
	unsigned block, position;
	bool is_measured; /* false: it failed, and `reason` says why */
	char reason[PLAN_REASON_BYTES];
	char started[32];
	char excluded
		[PLAN_REASON_BYTES]; /* rules.h: why it is to be run again, "" when it is not */
	uint64_t reruns;             /* excluded trials before this one, in its place */
	double quiet_wait_ms;        /* NAN: not waited */
	bool is_quiet;               /* the machine was, or was not asked to be */
	/* steady.h, over mails in sending order, each against its size's median; NAN: too few */
	double steady_from, steady_p;
	bool is_steady;
	json_t *load;     /* curve.h; owned; may be NULL */
	double median_ms; /* of all measured mails: the ratio that is shown while it runs */
	double deploy_ms; /* spawn to the first 220 */
	double ready_ms;  /* spawn until every account could log in */
	uint64_t sent, delivered, refused, broken, lost, corrupt, duplicated, late, strange;
	uint64_t look_failures;
	double seconds;         /* of the whole trial, with deployment */
	double work_seconds;    /* of the workload */
	double cpu_ms_per_mail; /* NAN: unknown */
	double idle_kib;        /* memory of one idle connection; NAN: there were none */
	double write_kib_per_mail, flushes_per_mail, exits_per_mail;  /* NAN: nobody counts them */
	double memory_mib, steal_percent, spin_ms, flush_us, trip_us; /* NAN: unknown */
	json_t *facts, *stages; /* owned; may be NULL. stages: of the deployment */
	json_t *mail_stages;    /* stages.h: array of {name, by, in, ms, n}; owned; may be NULL */
};

MUST_CHECK bool record_save(const struct trial_record *record, const char *folder, struct error *e);
MUST_CHECK bool record_load(const char *folder, struct trial_record *ret, struct error *e);
bool record_is_there(const char *folder);
void record_done(struct trial_record *record);
