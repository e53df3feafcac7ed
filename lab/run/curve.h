/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * curve - what a load came to: the instrument's own check, latency at each offered rate, the knee.
 *
 * Latency counts from the time a mail was due (sample_latency_ns), so a server that falls behind is seen to.
 * In trial.json, "load": {"model", "receive", "slo_ms", "generator": {…}, "steps": [{"rate", "sent", "delivered",
 * "achieved", "p50_ms", "p99_ms", "backlog_per_s", "meets_slo"}, …], "knee": 200, "drain_ms"}.
 * A step meets the objective when p99 is within slo_ms, nothing was lost or refused, and the backlog does not grow.
 * The knee is the highest rate that meets it with all rates below; null: not even the lowest.
 * The instrument is good when it was on time (p99 of t1 - t0 below 5 % of the median latency, or 1 ms), sent at the
 * rate that was asked for (99 %), and had processor time to spare (70 %).
 * Pure. Ownership: the object goes to the caller.
 */
#include "lab/workload/workload.h"

#include <jansson.h>

enum { CURVE_WHY_BYTES = 128 };

/* NULL: no memory. ret_why: why the instrument is not good, "" when it is. */
json_t *curve_make(const struct workload_plan *plan, const struct workload_result *result,
	char ret_why[CURVE_WHY_BYTES]);
