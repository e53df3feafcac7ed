/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * probe - does a machine of this kind start here? Asked of a guest: the appliance, until PID 1 speaks.
 *
 * Without disk and network, in a directory of its own that is gone afterwards. Threads: one.
 * Limits: PROBE_WAIT_MS; cancelled with the plan.
 */
#include "lab/platform/keeper.h"
#include "lab/platform/platform.h"

enum {
	PROBE_WAIT_MS =
		30000, /* a real one says its first line in a second or two; nested ones are slow */
	PROBE_MEMORY_BYTES = 256 << 20,
};

struct probe {
	char directory[PLATFORM_PATH_BYTES];
	char console[PLATFORM_PATH_BYTES]; /* where the guest's console goes; may be the log */
	char log[PLATFORM_PATH_BYTES];     /* standard output and error of the program */
	struct keeper keeper;
};

/* False, with the reason, when it got no directory. */
bool probe_open(struct probe *ret, char ret_reason[PLATFORM_REASON_BYTES]);
/* Starts the program and waits for PID 1's first line. The reason begins with `who`. */
bool probe_run(struct probe *p, const char *const *words, const char *who,
	const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES]);
/* Ends the program and removes the directory. */
void probe_close(struct probe *p);
