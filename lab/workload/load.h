/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * load - mails by several senders at once and one receiver; every model but the plain one.
 *
 * A sender is a thread: it claims the next session of the list (arrivals.h), makes its mail, sleeps until it is due,
 * and sends. A late start keeps the time when the mail was due, so a server that stalls is not
 * spared the mails that would have come meanwhile (no coordinated omission). The receiver is a thread too (receiver.h).
 * Both note times of one clock; what they found is joined when both are done.
 * Threads: load_run() is called by one thread and returns when its threads have ended.
 */
#include "lab/workload/workload.h"

MUST_CHECK bool load_run(
	const struct workload_plan *plan, struct workload_result *ret, struct error *e);
