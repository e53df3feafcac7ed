/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * load - the sections "load" (how mails arrive) and "rules" (when a trial waits and is run again) of an experiment.
 *
 *     load  { model = open  receive = idle  rate = 50 }
 *     rules { quiet_ms = 1000  steal_percent = 2  canary_mad = 3  reruns = 1 }
 * An experiment without them is the study's way; what is at its default is not printed, so its hash is the
 * same with and without it.
 */
#include "base/buf.h"
#include "base/error.h"
#include "lab/workload/model.h"

#include <confuse.h>

/* Declared before anything runs; the report counts what they did. */
struct run_rules {
	unsigned quiet_ms; /* longest wait for a quiet machine before a trial; 0: none */
	unsigned
		steal_percent; /* more of the processors' time stolen: the trial is run again; 0: never */
	unsigned canary_mad; /* the canary this many median deviations off: the same; 0: never */
	unsigned reruns;     /* how often at most; the last one stays, marked */
	/* half the width of every ratio's interval, in tenths of a percent, that ends the run early; 0: never */
	unsigned precision_permille;
};
extern const struct run_rules run_rules_default;

/* The tables of libconfuse for the two sections: copy into an array, they end with CFG_END. */
enum { LOAD_OPTION_COUNT = 13, RULES_OPTION_COUNT = 6 };
void load_options(char *no_rates, cfg_opt_t ret[LOAD_OPTION_COUNT]);
void rules_options(cfg_opt_t ret[RULES_OPTION_COUNT]);
/* From the sections of the file, or the defaults when it has none. */
MUST_CHECK bool load_take(cfg_t *cfg, struct load_model *ret, struct error *e);
MUST_CHECK bool rules_take(cfg_t *cfg, struct run_rules *ret, struct error *e);
MUST_CHECK bool load_check(const struct load_model *m, struct error *e);
MUST_CHECK bool rules_check(const struct run_rules *r, struct error *e);
MUST_CHECK bool load_print(const struct load_model *m, struct buf *to);
MUST_CHECK bool rules_print(const struct run_rules *r, struct buf *to);
