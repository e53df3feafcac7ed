/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * service - a program of the appliance: started, started again when it dies, ended in time. Ours, or one of a list's.
 *
 * When to start again is a pure function of how it went (service_wait_ms), so that a server that
 * cannot start does not burn the machine, and one that dies once a day is back at once.
 * Threads: none; PID 1 calls everything.
 */
#include "lab/guest/args.h"
#include "lab/guest/list.h"

#include <sys/types.h>

enum {
	SERVICE_WAIT_FIRST_MS = 100,
	SERVICE_WAIT_MAX_MS = 10000,
	SERVICE_GOOD_RUN_MS = 30000,      /* who ran this long starts with the first wait again */
	SERVICE_DESCRIPTOR_COUNT = 65536, /* for those of a list; Dovecot wants 6000 */
	SERVICE_STOP_MS = 10000,          /* to drain; QEMU's and the lab's patience is longer */
};

struct service {
	const struct guest_args *args;
	const struct list_service *other; /* NULL: our server */
	int log_fd;                       /* the server's standard output and error */
	pid_t pid;                        /* 0: not running */
	uint64_t started_ms;              /* since boot */
	uint64_t start_at_ms;
	unsigned wait_ms;
	unsigned start_count;
};

/* The wait before the next start, after a run of ran_ms that followed a wait of before_ms. */
unsigned service_wait_ms(unsigned before_ms, uint64_t ran_ms);
/* The server's words; the array ends with NULL and borrows from args. */
enum { SERVICE_WORD_COUNT = 8 + 2 * GUEST_SET_COUNT };
void service_words(
	const struct guest_args *args, bool has_setup, const char *ret_words[SERVICE_WORD_COUNT]);
MUST_CHECK bool service_start(struct service *s, uint64_t now_ms, struct error *e);
/* The server has ended: plans the next start. */
void service_ended(struct service *s, uint64_t now_ms);
/* Asks all to stop and waits, at most SERVICE_STOP_MS; reaps everything on the way. */
void services_stop(struct service *services, unsigned count);
