/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * ledger - what was measured, row by row: platform, reading, unit, all values; and what was promised.
 *
 * A row begins with its first value; print and save put the rows of a group together. Rows without values say
 * why. The ledger goes to a file that the report shows (lab/files/readings.h) and to a table on standard output.
 * Ownership: ledger_done() frees. Threads: one. Limits: LEDGER_*.
 */
#include "base/error.h"
#include "lab/files/readings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
	LEDGER_ROWS_MAX = 400,
	LEDGER_VALUES_MAX = 200, /* repeats */
	LEDGER_TEXT_BYTES = 96,
	LEDGER_REMARK_BYTES = 240,
};

struct ledger_row {
	char group[32], name[LEDGER_TEXT_BYTES], unit[16];
	double *values;
	size_t count;
	char verdict[32];
	char remark[LEDGER_REMARK_BYTES];
};

struct ledger {
	struct ledger_row rows[LEDGER_ROWS_MAX];
	size_t count;
	struct reading_span *spans; /* owned; NULL: none */
	size_t span_count;
};

void ledger_add(
	struct ledger *l, const char *group, const char *name, const char *unit, double value);
/* A row without a value (or one more remark to a row that has some). */
void ledger_remark(struct ledger *l, const char *group, const char *name, const char *format, ...)
	PRINTF_LIKE(4, 5);
/* Copied; its texts are borrowed for the ledger's life. More than READINGS_SPANS_MAX are left out. */
void ledger_span(struct ledger *l, const struct reading_span *span);
void ledger_verdict(struct ledger *l, const char *group, const char *name, const char *verdict);
/* NULL: there is none. */
const struct ledger_row *ledger_find(const struct ledger *l, const char *group, const char *name);
/* NAN for no values. */
double ledger_most(const struct ledger_row *row);
double ledger_middle(const struct ledger_row *row);
void ledger_print(struct ledger *l, FILE *to);
/* FOLDER/sections/ID.json for the report, and FOLDER/ID.csv with every value. */
MUST_CHECK bool ledger_save(struct ledger *l, const char *folder, const char *id, const char *title,
	const char *intro, struct error *e);
void ledger_done(struct ledger *l);
