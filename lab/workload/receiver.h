/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * receiver - one thread that learns of new mail by POP3 looks, IMAP IDLE or the server's log.
 *
 * For every mail that it got, it calls on_mail (as pop3.h); in log mode with an empty text, when the log says that
 * a mail was delivered. A lost connection is counted, made again and never costs a mail.
 * Ownership: the caller's memory; receiver_stop() ends the thread. Threads: on_mail is called on the receiver's.
 */
#include "lab/workload/push.h"
#include "lab/workload/workload.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

struct receiver {
	const struct workload_plan *plan;
	struct pop3_mailbox box; /* with the port of the receiver's protocol */
	struct buf room;
	struct push imap;
	FILE *log;
	pthread_t thread;
	atomic_bool is_over;
	atomic_uint_fast64_t failures; /* looks and connections that failed and were made again */
	atomic_uint_fast64_t look_gap_ns; /* between the last two looks; 0: pushed */
	char last_failure[240];           /* read it after receiver_stop() */
};

/* Empties the mailbox, or goes to the end of the log. */
MUST_CHECK bool receiver_open(struct receiver *r, const struct workload_plan *plan,
	pop3_mail_fn *on_mail, void *context, struct error *e);
MUST_CHECK bool receiver_start(struct receiver *r, struct error *e);
void receiver_stop(struct receiver *r);
/* Leaves an empty mailbox behind. */
void receiver_close(struct receiver *r);
