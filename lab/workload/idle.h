/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * idle - readers that only wait: IMAP connections of one account, each in IDLE, for a trial's duration.
 *
 * They cost the server memory and nothing else; plan->on_idle() is called when half of them are open and when all are,
 * so that the run can see how much. The server's refusal is an answer: `count` is how many it took, `why_not` its words.
 * Ownership: idle_close. Limits: the descriptors of the process, which are raised as far as they may be.
 */
#include "lab/workload/push.h"
#include "lab/workload/workload.h"

struct idle {
	struct push_parked *parked;
	unsigned count;
	struct error why_not; /* of the first that was refused */
};

MUST_CHECK bool idle_open(struct idle *i, const struct workload_plan *plan, struct error *e);
void idle_close(struct idle *i);
