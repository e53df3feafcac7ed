/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * cgroup - counts what a deployment uses, and finds every process of it.
 *
 * One group a deployment, "mailvisor-lab-MARK-N" with the lab's mark (lab/files/owner.h), so that a later
 * lab can tell whose lab is gone (cgroups_sweep). The same accounting for every platform: QEMU, runc and
 * a bare process are all just groups. Limits are set by runc alone (container.c).
 * Works with version 2 and with version 1 (cpuacct and memory). Needs root; without it there is none.
 */
#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

enum {
	CGROUP_NAME_BYTES = 80,
	CGROUP_PROCESS_COUNT = 256, /* of one deployment; QEMU is one, runc's container a handful */
};

struct cgroup {
	char name[CGROUP_NAME_BYTES]; /* "": none */
	bool is_unified;
};

/* A new name; makes nothing. False: this machine or this user has no cgroups for us. */
bool cgroup_name(struct cgroup *ret);
MUST_CHECK bool cgroup_open(const struct cgroup *g, struct error *e);
/* Moves the calling process into it; for the child between fork and exec. */
bool cgroup_join(const struct cgroup *g);
/* UINT64_MAX: not known. */
uint64_t cgroup_cpu_ns(const struct cgroup *g);
/* The processes in it; returns how many there are, at most CGROUP_PROCESS_COUNT. */
unsigned cgroup_pids(const struct cgroup *g, pid_t ret_pids[CGROUP_PROCESS_COUNT]);
/* Ends what is still in it, and removes it. */
void cgroup_close(struct cgroup *g);
/* Closes the groups of labs that are gone; adds a line for each to `said`, which may be NULL. */
void cgroups_sweep(struct buf *said);
