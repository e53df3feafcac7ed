/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * sweep - removes what labs left that were killed: machines, processes, cgroups, folders.
 *
 * A lab that dies takes its servers with it (keeper.h); what may stay are its folders, machines that other
 * programs keep (VirtualBox, VMware, libvirt), and all of it when the keeper was killed too. Whose
 * something is stands in its name (lab/files/owner.h): only what belongs to a process that is gone is touched,
 * and only this user's.
 * Threads: the lab's main thread. Blocks for as long as machines need to end.
 */
#include "base/buf.h"

enum { SWEEP_SAID_BYTES = 32 << 10 };

#define SWEEP_WORK "mvlab"            /* folders of trials and questions, below the work folder */
#define SWEEP_PROBE "mailvisor-probe" /* folders of probes, below SWEEP_PROBE_ROOT */
#define SWEEP_PROBE_ROOT "/tmp"

/* Adds a line to `said` for each thing that was there. */
void sweep(const char *work_root, struct buf *said);
