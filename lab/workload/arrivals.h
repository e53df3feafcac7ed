/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * arrivals - the list of all mails of a trial before it begins: when each is due, how large, in which session.
 *
 * Pure: the same model, sizes and seed give the same list everywhere, so every platform of a block gets
 * the same arrivals (common random numbers) and can be compared pair by pair. The first `warmup_count` mails are
 * warm-up. Times are nanoseconds since the trial's start.
 * Limits: WORKLOAD_MAILS_MAX.
 */
#include "lab/workload/workload.h"

/* Due when its sender is free: closed, and the mails of a session behind the first. */
#define ARRIVAL_WHEN_FREE UINT64_MAX

struct arrival {
	uint64_t due_ns;
	uint32_t size_bytes;
	uint32_t session; /* mails of one session stand together */
	uint16_t step;    /* of a sweep; overload: 0 while above the capacity, 1 below; else 0 */
};

/* How many mails a trial of this plan has. */
size_t arrivals_count(const struct workload_plan *plan);
/* Fills arrivals_count() rows; false: no memory. */
MUST_CHECK bool arrivals_make(const struct workload_plan *plan, struct arrival *ret);
/* What a step offers, in mails a second; 0 for closed. */
double arrivals_rate(const struct load_model *m, unsigned step);
unsigned arrivals_steps(const struct load_model *m);
