/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * workload - sender and receiver in one thread on one clock: sends a mail, waits until it is in the
 * mailbox, checks it, sends the next.
 *
 * Closed loop, one mail at a time, a new SMTP connection for each, POP3 looks on a fixed grid: the
 * study's way, without its clocks. Sizes come shuffled mail by mail. Every mail carries run, sequence,
 * due time, size and hash; lost, doubled, altered and strange mails are counted, nothing is dropped.
 * A mail that does not come before its deadline is recorded as lost, and has no latency (it counts as
 * infinitely slow). workload_run() fails only when the server cannot be worked with at all.
 * Ownership: ret->samples belongs to the caller: workload_result_done.
 * Limits: WORKLOAD_FAILURES_IN_A_ROW unfinished mails end a trial; WORKLOAD_MAILS_MAX a trial.
 */
#include "lab/samples/samples.h"
#include "lab/workload/letter.h"

enum {
	WORKLOAD_SIZES_MAX = 16,
	WORKLOAD_MAILS_MAX = 1000000,
	WORKLOAD_FAILURES_IN_A_ROW = 5, /* a dead server costs 5 deadlines, not hours */
};

struct workload_plan {
	const char *host;
	uint16_t smtp_port, pop3_port;
	const char *from, *to;       /* envelope and header addresses */
	const char *user, *password; /* POP3 login of the receiver */
	const char *run;             /* id of this trial, in every mail */
	uint64_t seed;               /* bodies and the order of sizes */
	uint32_t sizes[WORKLOAD_SIZES_MAX];
	unsigned size_count;
	unsigned per_size;     /* measured mails of each size */
	unsigned warmup_count; /* mails before, of shuffled sizes */
	uint64_t poll_interval_ns;
	uint64_t message_deadline_ns;
	const volatile bool *is_cancelled; /* NULL: never */
	void (*on_mail_done)(void *context, unsigned done, unsigned of);
	void *context;
};

struct workload_result {
	struct sample *samples;
	size_t count;
	uint64_t duplicated;    /* mails of this trial that came again */
	uint64_t late;          /* came after their deadline */
	uint64_t strange;       /* in the mailbox and not of this trial */
	uint64_t look_failures; /* POP3 looks that failed and were repeated */
	uint64_t first_ns, last_ns;
	char last_failure[240]; /* of the last unfinished mail, for the record */
};

MUST_CHECK bool workload_run(
	const struct workload_plan *plan, struct workload_result *ret, struct error *e);
void workload_result_done(struct workload_result *r);
/* The sizes of a trial in sending order: warm-up first, then per_size of each, shuffled. */
void workload_order(const struct workload_plan *plan, uint32_t *ret_sizes);
