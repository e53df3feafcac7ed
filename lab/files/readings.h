/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * readings - a table of named readings as a file, for parts of the lab that measure something else than
 * the delivery of mails (a life cycle, a move, a consolidation) and want a section in the report.
 *
 * readings_save() writes FOLDER/sections/ID.json; the report shows every such file as one table, in the
 * order of the ids: group, name, count, median with its 95 % interval, verdict, remark. It computes the
 * median and the interval itself from `values`, so raw values go in, never a number already digested.
 * Operations may stand beside them as spans, which the report draws as timelines.
 * Not here: the numbers (lab/stats), the table (lab/report/sections.c).
 * Ownership: everything is borrowed for the call. Limits: READINGS_*.
 */
#include "base/error.h"

#include <stddef.h>

enum {
	READINGS_COUNT_MAX = 1000,   /* of a section: its table is read by people */
	READINGS_VALUES_MAX = 10000, /* of a reading */
	READINGS_SPANS_MAX = 400,
	READING_GAPS_MAX = 32, /* of a span; more are not told */
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

/* One operation in time: how long it took, and when nobody was served around it. Milliseconds since its beginning. */
struct reading_span {
	const char *group; /* "tcg" */
	const char *name;  /* "live migration" */
	double length_ms;
	double gaps[READING_GAPS_MAX][2]; /* from, to */
	size_t gap_count;
};

/* Spans of the same section; they stand beside its readings. */
struct reading_spans {
	const struct reading_span *all;
	size_t count;
};

/* id: "20-lifecycle" (letters, digits, - and _). title and intro are plain text. */
MUST_CHECK bool readings_save(const char *folder, const char *id, const char *title,
	const char *intro, const struct reading *readings, size_t count, struct reading_spans spans,
	struct error *e);
