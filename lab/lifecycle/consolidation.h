/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * consolidation - many domains in one server, or a server for each domain: what it costs, how many fit.
 *
 * For 1, 2, 4, ... domains both arrangements are deployed on the platform and get the same mails
 * (crowd.h). Memory is the proportional set size of all processes of all servers at the end of the load. An
 * arrangement *fits* when 95 of 100 mails were acknowledged within the objective, none failed, and the memory stayed within its
 * budget; it is not tried further when it does not fit.
 * Threads: the lab's main thread.
 */
#include "lab/lifecycle/ledger.h"
#include "lab/lifecycle/place.h"

enum { CONSOLIDATION_DOMAINS_MAX = 64 }; /* accounts of a deployment */

struct consolidation_plan {
	unsigned domains_max;   /* at most CONSOLIDATION_DOMAINS_MAX */
	double rate_per_s;      /* of each domain */
	double seconds;         /* of load */
	double p95_most_ms;     /* the objective */
	double memory_most_mib; /* of all servers together */
	uint64_t seed;
};

/* A busy small domain; half a second is what people do not notice. */
#define CONSOLIDATION_DEFAULT                                                                      \
	{                                                                                          \
		.domains_max = 16, .rate_per_s = 2, .seconds = 20, .p95_most_ms = 500,             \
		.memory_most_mib = 4096, .seed = 1,                                                \
	}

MUST_CHECK bool consolidation_run(const struct life_options *o, const struct platform *platform,
	const struct consolidation_plan *plan, struct ledger *l, struct error *e);
