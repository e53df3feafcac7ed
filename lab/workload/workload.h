/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * workload - sender and receiver in one process on one clock: sends mails, sees them come, checks them.
 *
 * The plain way (load_is_plain) is the study's, without its clocks: one thread, closed loop, one mail at a
 * time, a new SMTP connection for each, POP3 looks on a fixed grid. Every other model has threads (load.c).
 * Sizes come shuffled mail by mail. Every mail carries run, sequence, due time, size and hash; lost, doubled,
 * altered and strange mails are counted, nothing is dropped.
 * A mail that does not come before its deadline is recorded as lost, and has no latency (it counts as
 * infinitely slow). workload_run() fails only when the server cannot be worked with at all.
 * Ownership: ret->samples belongs to the caller: workload_result_done.
 * Limits: WORKLOAD_FAILURES_IN_A_ROW unfinished mails end a trial; WORKLOAD_MAILS_MAX a trial.
 */
#include "lab/samples/samples.h"
#include "lab/server/log.h"
#include "lab/workload/letter.h"
#include "lab/workload/model.h"
#include "lab/workload/way.h"
#include "lab/workload/wire_tls.h"

enum {
	WORKLOAD_SIZES_MAX = 16,
	WORKLOAD_MAILS_MAX = 1000000,
	WORKLOAD_FAILURES_IN_A_ROW = 5, /* a dead server costs 5 deadlines, not hours */
};

struct workload_plan {
	const char *host;
	uint16_t smtp_port, pop3_port, imap_port; /* 0: none */
	struct mail_way way;                      /* the ports are those of this way */
	struct wire_tls *send_tls, *read_tls;     /* set by workload_run */
	const char *from, *to;                    /* envelope and header addresses */
	const char *user,
		*password; /* the receiver's; the sender logs in, if the way asks for it, as `from` */
	const char *run;   /* id of this trial, in every mail */
	uint64_t seed;     /* bodies and the order of sizes */
	uint32_t sizes[WORKLOAD_SIZES_MAX];
	unsigned size_count;
	unsigned per_size;     /* measured mails of each size */
	unsigned warmup_count; /* mails before, of shuffled sizes */
	uint64_t poll_interval_ns;
	uint64_t message_deadline_ns;
	struct load_model load;
	/* receive = log: the file that grows, and what its lines mean */
	const char *log_path;
	const struct server_log *log;
	/* when half of the idle connections are open, and all, with their number */
	void (*on_idle)(void *context, unsigned count);
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
	unsigned idle_open;     /* idle connections that the server took */
	uint64_t cpu_ns;        /* of the instrument itself, while it worked */
};

MUST_CHECK bool workload_run(
	const struct workload_plan *plan, struct workload_result *ret, struct error *e);
/* Processor time of this process so far, user and system. */
uint64_t workload_cpu_ns(void);
void workload_result_done(struct workload_result *r);
/* The sizes of `total` mails in sending order: warm-up first, then as many of each, shuffled. */
void workload_order(const struct workload_plan *plan, size_t total, uint32_t *ret_sizes);
