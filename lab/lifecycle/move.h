/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * move - carries a running mail server with its data from one platform to another, and counts.
 *
 * Cold, so that it works between any two: the server is asked to end (its sessions get 421, then nobody
 * is let in), its data is copied into what the next platform can read (a folder, or a disk with a file
 * system), and the next one starts with it. What was acknowledged is on disk by then, so nothing can be lost; the price is
 * a gap, which is measured by knocking all the time.
 * What is verified: every mail of the still mailboxes by SHA-256, with its UID, UIDVALIDITY, flags and
 * date; every mail that was acknowledged on the way is there once and whole.
 * The origin's data stays until the copy was verified.
 */
#include "lab/lifecycle/place.h"

struct move_result {
	/* CLOCK_MONOTONIC: asked to end, ended, data there, ready. */
	uint64_t begin_ns, ended_ns, carried_ns, ready_ns;
	uint64_t knock_gap_ns, mail_gap_ns; /* UINT64_MAX: never reached again */
	size_t mails, mailboxes;            /* verified */
	uint64_t bytes;
	struct inventory_difference difference; /* of the still mailboxes */
	size_t acknowledged, acknowledged_lost; /* of those that were sent meanwhile */
	size_t refused, unanswered;             /* so the sender knows, and tries again */
	struct inventory_letters letters;
	bool is_good; /* nothing lost, nothing altered */
};

/*
 * *from runs and is filled; *to gets the server. On success *from is stopped and its data still there; on
 * failure it is stopped too, and *to may be: both want place_close().
 */
MUST_CHECK bool move_run(struct place *from, struct place *to, const struct inventory *before,
	struct move_result *ret, struct error *e);

/* Over several platforms in a row; prints what happens. False: *e, or a mail was lost (FAULT_NEVER). */
MUST_CHECK bool move_chain(const struct life_options *o, const struct platform *const *chain,
	unsigned count, struct move_result *ret_results, struct error *e);
