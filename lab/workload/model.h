/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * model - how mails arrive and how the receiver learns of them.
 *
 *     closed       `concurrency` senders, each sends its next mail when its last one was fetched (and think_us later)
 *     open         Poisson arrivals of `rate` a second; a mail that starts late keeps the time when it was due
 *     partly-open  Poisson arrivals of sessions; each sends a geometric number of mails over one connection
 *     bursty       bursts: a geometric number of mails at ten times the rate, silences with a heavy tail between them
 *     overload     first half at 120 % of `rate` (the capacity), second half at 50 %: how long until it has caught up
 *     sweep        open, step by step at each of `rates`: where is the knee
 * One sender, closed and POP3 is the study's way and has its own code (workload.c); all else is load.c.
 * A plain value. Limits: LOAD_* below.
 */
#include "base/slice.h"

enum {
	LOAD_STEPS_MAX = 12,
	LOAD_CONCURRENCY_MAX = 256, /* a thread each */
	LOAD_RATE_MAX = 20000,      /* mails a second; one machine's loopback gives less */
	LOAD_IDLE_MAX = 20000,      /* connections; a descriptor each */
};

enum load_kind {
	LOAD_CLOSED,
	LOAD_OPEN,
	LOAD_PARTLY_OPEN,
	LOAD_BURSTY,
	LOAD_OVERLOAD,
	LOAD_SWEEP,
	LOAD_KIND_COUNT
};
enum receive_kind {
	RECEIVE_POP3, /* looks on a grid */
	RECEIVE_IDLE, /* IMAP IDLE: pushed */
	RECEIVE_LOG,  /* the server's log says so: bodies are not checked */
	RECEIVE_KIND_COUNT
};

struct load_model {
	enum load_kind kind;
	enum receive_kind receive;
	unsigned concurrency, think_us;
	unsigned rate;
	unsigned rates[LOAD_STEPS_MAX], rate_count, step_s;
	unsigned in_flight;        /* most mails being sent at once; more wait, and are late */
	unsigned session_mails;    /* partly-open: mean number */
	unsigned burst_mails;      /* bursty: mean number */
	unsigned idle_connections; /* IMAP connections that only wait, opened before */
	unsigned slo_ms;           /* what p99 must not exceed */
};

extern const struct load_model load_default;
const char *load_kind_name(enum load_kind kind);
const char *receive_kind_name(enum receive_kind kind);
/* False: there is no such name. */
bool load_kind_find(struct slice name, enum load_kind *ret);
bool receive_kind_find(struct slice name, enum receive_kind *ret);
/* The study's way: workload.c runs it. */
bool load_is_plain(const struct load_model *m);
