/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * canary - a tenth of a second of known work before each trial: if it takes longer than usual, so
 * would a mail, and the machine is to blame.
 *
 * A spin of fixed arithmetic, small synced writes into the folder where the trial's disk will be, and octets there and back
 * over a TCP connection of this machine, to a thread that echoes them: processor, disk and scheduler.
 * Steal is the share of time that a hypervisor under this machine took away since `before`.
 */
#include "base/error.h"

enum { CANARY_FLUSHES = 15, CANARY_TRIPS = 200 };

struct canary {
	double spin_ms;  /* of a fixed number of steps */
	double flush_us; /* median of a 4 KiB write and fdatasync */
	double trip_us;  /* median of a round trip over loopback */
};
/* NAN where something could not be measured. */
void canary_measure(const char *folder, struct canary *ret);

struct cpu_times {
	unsigned long long total, idle, steal; /* ticks of all processors since boot; 0: unknown */
};
void cpu_times_now(struct cpu_times *ret);
double cpu_steal_percent(const struct cpu_times *before, const struct cpu_times *after);
