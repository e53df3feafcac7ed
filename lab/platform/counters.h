/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * counters - how often a deployment flushed its disk and left its virtual processor, as far as somebody counts.
 *
 * QEMU's block layer counts the guest's flushes and KVM its exits (QMP: query-blockstats, query-stats since QEMU
 * 7.1); in a process or a container our server counts its own syncs (GET /metrics of its control socket). Others
 * count nothing that can be read: UINT64_MAX.
 * Limits: COUNTERS_WAIT_MS a look.
 */
#include "lab/platform/platform.h"

#include <jansson.h>

enum { COUNTERS_WAIT_MS = 500 };

/* Fills ret->flushes and ret->exits. */
void counters_read(const struct deployment *d, struct platform_usage *ret);
/* The value of a line "NAME 12" or "NAME{…} 12" in the text that Prometheus reads; UINT64_MAX: none. */
uint64_t counters_metric(struct slice text, struct slice name);
/* The sum of "flush_operations" in the answer to query-blockstats; of "exits" in that to query-stats. */
uint64_t counters_flushes(const json_t *answer);
uint64_t counters_exits(const json_t *answer);
