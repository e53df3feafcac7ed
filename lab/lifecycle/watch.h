/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * watch - hands in mail and knocks at the door while something is done to a server, and keeps book.
 *
 * Two threads: one sends a letter after the other and notes which were acknowledged; the other
 * connects every WATCH_KNOCK_MS and waits for the 220. So the lab's main thread is free to snapshot,
 * move or kill the server. The *gap* is the longest time between two successes: so long nobody could
 * hand in a mail, or reach the server at all.
 * A letter without an answer may or may not have been taken; only an acknowledged one must be there.
 * Threads: all calls from the thread that started it. What the threads note is read after watch_stop().
 * Limits: WATCH_MAILS_MAX and WATCH_KNOCKS_MAX, after which a thread ends.
 */
#include "base/error.h"
#include "lab/platform/platform.h"
#include "lab/workload/letter.h"

enum {
	WATCH_KNOCK_MS = 10,
	WATCH_KNOCK_PATIENCE_MS = 200, /* a knock that takes longer counts as no success */
	WATCH_MAIL_PATIENCE_MS = 1000, /* so much a gap may be overstated; after it, nobody knows */
	WATCH_MAILS_MAX = 200000,
	WATCH_KNOCKS_MAX = 200000, /* more than half an hour */
};

struct watch_plan {
	const struct deployment *deployment;
	const char *from, *to;
	const char *run;     /* name of its letters */
	uint32_t size_bytes; /* of each */
	unsigned pause_ms;   /* between two letters */
	const volatile bool *is_cancelled;
};

struct watch;
MUST_CHECK bool watch_start(const struct watch_plan *plan, struct watch **ret, struct error *e);
/* From now on the server is there. */
void watch_aim(struct watch *w, const struct deployment *d);
/* How many were acknowledged by now. */
unsigned watch_acknowledged(struct watch *w);
/* Waits until `count` more are acknowledged; false: not in wait_ms. */
bool watch_wait(struct watch *w, unsigned count, uint64_t wait_ms);
void watch_stop(struct watch *w);
void watch_free(struct watch *w); /* NULL is fine; stops */

/* After watch_stop(): one letter. */
struct watch_mail {
	uint64_t start_ns, end_ns; /* end: answered, or given up */
	bool is_acknowledged;
	bool is_refused;     /* the server said no: 4xx or 5xx */
	uint32_t reply_code; /* of the refusal */
};
const struct watch_mail *watch_mails(const struct watch *w, size_t *ret_count);
const char *watch_run(const struct watch *w);
/* The longest time without success that touches the window. UINT64_MAX: no success behind it. */
uint64_t watch_mail_gap_ns(const struct watch *w, uint64_t from_ns, uint64_t to_ns);
uint64_t watch_knock_gap_ns(const struct watch *w, uint64_t from_ns, uint64_t to_ns);
/*
 * The times between two successes that are longer than least_ns and touch the window; at most max of them, in order, as
 * {from, to}. Returns how many. One that nobody ended lasts until to_ns.
 */
size_t watch_gaps(const uint64_t *successes, size_t count, uint64_t from_ns, uint64_t to_ns,
	uint64_t least_ns, uint64_t (*ret)[2], size_t max);
/* When somebody got through: ends of successful connections, ascending. */
const uint64_t *watch_knocks(const struct watch *w, size_t *ret_count);
/* The same as a pure function: successes in ascending order. */
uint64_t watch_gap_ns(const uint64_t *successes, size_t count, uint64_t from_ns, uint64_t to_ns);
