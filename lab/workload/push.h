/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * push - a reader that is told of new mail: one connection, LOGIN, SELECT, IDLE (RFC 9051, RFC 2177).
 *
 * push_wait() stands in IDLE until the server says that there is more, or the time is up; push_take()
 * leaves IDLE, fetches what is new and hands it over. The mails stay in the mailbox until push_empty().
 * A mail counts as seen when the line with EXISTS was read.
 * Threads: one. Ownership: push_close. Limits: lines of WIRE_IN_BYTES, mails of room->max.
 */
#include "base/buf.h"
#include "lab/workload/pop3.h"
#include "lab/workload/wire.h"

#define PUSH_ANSWER_NS                                                                             \
	UINT64_C(30000000000) /* for a command that only asks; RFC 9051 5.4 allows 30 minutes */

struct push {
	struct wire wire;
	unsigned tag;
	uint64_t exists, taken; /* mails there; fetched so far */
	uint64_t seen_ns;       /* when `exists` last grew */
	uint64_t last_uid;      /* of the mails handed over; push_open() keeps it */
	bool is_idle;
};

/*
 * box->port is the IMAP port here. Selects the mailbox; mails with a UID above i->last_uid are new, so
 * that opening again after a loss hands nothing over twice.
 */
MUST_CHECK bool push_open(
	struct push *i, const struct pop3_mailbox *box, uint64_t until_ns, struct error *e);
/* *ret: there is new mail; false when the time is up. */
MUST_CHECK bool push_wait(struct push *i, uint64_t until_ns, bool *ret, struct error *e);
MUST_CHECK bool push_take(
	struct push *i, const struct pop3_mailbox *box, uint64_t until_ns, struct error *e);
/* Removes every mail of the mailbox. */
MUST_CHECK bool push_empty(struct push *i, uint64_t until_ns, struct error *e);
/* A connection that only waits; push_parked_close ends it. */
struct push_parked {
	int fd;
	struct wire_end *tls;
};
/* Enters IDLE and gives the connection away. */
MUST_CHECK bool push_park(
	struct push *i, uint64_t until_ns, struct push_parked *ret, struct error *e);
void push_parked_close(struct push_parked *p);
void push_close(struct push *i);
