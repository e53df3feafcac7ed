/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * steps - what a sweep's steps came to, from the samples: how many mails were in time, and how many a second went in and out.
 *
 * In time is within the objective (load.slo_ms) after a mail was due: greeted (220), accepted (250), delivered (fetched, hash
 * right). Counts are over all trials; rates are medians over trials of what was accepted, or delivered, between the
 * step's first and last due time, whenever it had been due.
 * Pure. Limits: LOAD_STEPS_MAX steps.
 */
#include "lab/report/summary.h"

enum step_point { STEP_GREETED, STEP_ACCEPTED, STEP_DELIVERED, STEP_POINT_COUNT };

struct load_step {
	double rate; /* offered */
	uint64_t mails, in_time[STEP_POINT_COUNT];
	double accepted_rate, delivered_rate; /* mails a second; NAN: no trial had two mails */
};

/* Of one cell; returns the number of steps, 0 for a load that is no sweep. */
unsigned load_steps(const struct summary *s, unsigned cell, struct load_step ret[LOAD_STEPS_MAX]);
