/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * readings - a table of named readings as a file, for parts of the lab that measure something else than
 * the delivery of mails (a life cycle, a move, a consolidation) and want a section in the report.
 *
 * readings_save() writes FOLDER/sections/ID.json; the report shows every such file as one table, in the
 * order of the ids: group, name, count, median with its 95 % interval, verdict, remark. It computes the
 * median and the interval itself from `values`, so raw values go in, never a number already digested.
 * Not here: the numbers (lab/stats), the table (lab/report/sections.c).
 * Ownership: everything is borrowed for the call. Limits: READINGS_*.
 */
#include "base/error.h"

#include <stddef.h>

enum {
	READINGS_COUNT_MAX = 1000,   /* of a section: its table is read by people */
	READINGS_VALUES_MAX = 10000, /* of a reading */
};

struct reading {
	const char *group; /* "tcg": rows of one group stand together; "" for none */
	const char *name;  /* "power-on to the first 220" */
	const char *unit;  /* "ms", "s", "bytes", "mails", "" */
	const double *values;
	size_t count;        /* 0: not measured; the remark says why */
	const char *verdict; /* "holds", "supported", "not measured", "" */
	const char *remark;  /* a sentence, or "" */
};

/* id: "20-lifecycle" (letters, digits, - and _). title and intro are plain text. */
MUST_CHECK bool readings_save(const char *folder, const char *id, const char *title,
	const char *intro, const struct reading *readings, size_t count, struct error *e);
