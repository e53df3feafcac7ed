/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * quiet - waits until this machine has little else to do: what was written before is on disk, and the processors rest.
 *
 * Quiet is a window in which at least QUIET_IDLE_PERCENT of the processors' time was idle and none was stolen.
 * A machine that does not become quiet in time is measured all the same; the trial says so.
 */
#include <stdbool.h>

enum {
	QUIET_WINDOW_MS = 50,
	QUIET_IDLE_PERCENT = 85, /* of all processors: an editor and a log may go on */
};

struct quiet {
	double waited_ms;
	bool is_quiet;
};

/* folder: on the file system that trials use. limit_ms 0: does nothing, and knows nothing. */
void quiet_wait(const char *folder, unsigned limit_ms, const volatile bool *is_cancelled,
	struct quiet *ret);
