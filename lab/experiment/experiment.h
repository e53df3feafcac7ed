/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * experiment - what is asked, declared before anything runs: platforms, sizes, blocks, seed.
 *
 * Built in: `paper`, the evaluation of the study with sound numbers; `servers`, other mail servers beside ours on
 * one platform; `load`, a sweep of rates on every platform; and the others of builtin.c, with their --quick
 * forms. Any other is
 * a text file (docs/lab.md). The text that experiment_print() writes is the canonical one: it is
 * stored with the results, hashed, and reads back as the same experiment.
 * Not here: in which order trials run (lab/run/plan.h).
 * Ownership: a plain value. Limits: EXPERIMENT_* below; a bad file names its line.
 */
#include "base/buf.h"
#include "base/error.h"
#include "lab/experiment/claim.h"
#include "lab/experiment/load.h"
#include "lab/hardware/hardware.h"
#include "lab/server/server.h"
#include "lab/workload/workload.h"

enum {
	EXPERIMENT_CELLS_MAX = 16,
	EXPERIMENT_BLOCKS_MAX = 1000,
	EXPERIMENT_NAME_BYTES = 32,
	EXPERIMENT_TEXT_BYTES = 200,
	EXPERIMENT_FILE_BYTES_MAX = 64 << 10,
	EXPERIMENT_HASH_TEXT_BYTES = 64,
	EXPERIMENT_PATH_BYTES = 160, /* of a log file */
	LABEL_BYTES = 32,
	CELL_SET_COUNT = 4, /* settings of our server that a cell may change */
	CELL_SET_BYTES = 64,
	DRIVER_BYTES = 96, /* "external:[2001:db8::1]:2525:1110" fits */
};

/* A column of the report: a platform under a label. */
struct experiment_cell {
	char label[LABEL_BYTES];         /* "process", "process-again" */
	char platform[DRIVER_BYTES];     /* "process" */
	char server[SERVER_NAME_BYTES];  /* "mailvisor", "exim"; external: whose log it writes */
	char log[EXPERIMENT_PATH_BYTES]; /* external: its log file, as seen from here; "": none */
	bool is_control;   /* the same platform again: measures the noise, takes part in no test */
	unsigned per_size; /* measured mails of each size in a trial; 0: the experiment's */
	/* Factors; 0: the experiment's. */
	unsigned cpu_count, memory_mib;
	struct hardware hardware;
	struct mail_way way;                       /* by which doors its clients come */
	char sets[CELL_SET_COUNT][CELL_SET_BYTES]; /* "trace.keep=0h": of our server */
	unsigned set_count;
};

struct experiment {
	char name[EXPERIMENT_NAME_BYTES];
	char question[EXPERIMENT_TEXT_BYTES];
	struct experiment_cell cells[EXPERIMENT_CELLS_MAX];
	unsigned cell_count;
	uint32_t sizes[WORKLOAD_SIZES_MAX];
	unsigned size_count;
	unsigned blocks;
	unsigned per_size, warmup;
	unsigned literal_count; /* the study's number of mails per cell, shown beside ours */
	unsigned poll_interval_us;
	unsigned message_deadline_ms, deploy_deadline_ms;
	unsigned cpu_count, memory_mib, disk_mib;
	unsigned sesoi_percent; /* smallest effect of interest */
	uint64_t seed;
	char from[EXPERIMENT_TEXT_BYTES], to[EXPERIMENT_TEXT_BYTES];
	struct claim claims[CLAIMS_MAX]; /* statements to test; none is fine */
	unsigned claim_count;
	struct load_model load;
	struct run_rules rules;
};

/* name: one of builtin.c. An unknown name is a failure that lists what there is. */
MUST_CHECK bool experiment_builtin(
	struct slice name, bool is_quick, struct experiment *ret, struct error *e);
MUST_CHECK bool experiment_read(const char *path, struct experiment *ret, struct error *e);
MUST_CHECK bool experiment_parse(const char *text, struct experiment *ret, struct error *e);
/* Everything in range and consistent; the failure says which key. */
MUST_CHECK bool experiment_check(const struct experiment *x, struct error *e);
/* Keeps only the platforms named in "process,tcg"; an unknown one is a failure. */
MUST_CHECK bool experiment_choose(struct experiment *x, struct slice platforms, struct error *e);
/* The same server on the same platform: what a control repeats. */
bool experiment_is_same(const struct experiment_cell *a, const struct experiment_cell *b);
/* Each platform with each of "mailvisor,exim"; an unknown server is a failure. */
MUST_CHECK bool experiment_serve(struct experiment *x, struct slice names, struct error *e);
MUST_CHECK bool experiment_print(const struct experiment *x, struct buf *to);
/* SHA-256 of the canonical text, in hex. */
MUST_CHECK bool experiment_hash(
	const struct experiment *x, char ret[EXPERIMENT_HASH_TEXT_BYTES + 1], struct error *e);
unsigned experiment_per_size(const struct experiment *x, unsigned cell);
unsigned experiment_cpus(const struct experiment *x, const struct experiment_cell *cell);
unsigned experiment_memory_mib(const struct experiment *x, const struct experiment_cell *cell);
