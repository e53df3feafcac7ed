/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * crowd - mail for several domains at a given rate each, over a pool of senders, timed from when it was due.
 *
 * Open load: due times are a Poisson process per domain, made from the seed before anything is sent, so two
 * arrangements of servers get the very same mails at the very same times. A mail's latency is from its due time to its 250: a
 * server that stalls makes those behind it late too.
 * Threads: CROWD_SENDERS of its own while crowd_run() runs. Limits: CROWD_*.
 */
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CROWD_SENDERS =
		16, /* mails under way at once; more wait, and that counts as their latency */
	CROWD_MAILS_MAX = 100000,
	CROWD_P95_MAILS = 59, /* fewer do not carry a percentile: ceil(ln 0.05 / ln 0.95) */
};

struct crowd_target {
	char host[64];
	uint16_t port;
	char to[64]; /* an account of the domain */
};

struct crowd_plan {
	const struct crowd_target *targets; /* one a domain */
	unsigned count;
	double rate_per_s; /* of each domain */
	double seconds;
	uint32_t size_bytes;
	uint64_t seed;
	const volatile bool *is_cancelled;
};

struct crowd_result {
	size_t mails, failed;
	double median_ms, worst_ms; /* a failed mail is infinitely late */
	double p95_ms;              /* NAN: too few mails for it */
};

/* One mail that is to come. */
struct crowd_mail {
	uint64_t due_ns; /* from the start */
	unsigned target;
};
/* The arrivals, in order of time; returns how many (at most room). A pure function of the plan. */
size_t crowd_arrivals(const struct crowd_plan *plan, struct crowd_mail *ret, size_t room);
MUST_CHECK bool crowd_run(const struct crowd_plan *plan, struct crowd_result *ret, struct error *e);
