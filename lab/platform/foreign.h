/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * foreign - a server that is not ours (lab/server) on the platforms that can run it: process, container, and the virtual
 * machines of QEMU when there is an image of it.
 *
 * Process and container need root: its users, /etc and /run come from mounts in a namespace of its own.
 */
#include "lab/platform/platform.h"
#include "lab/server/server.h"

/* Its mail goes with the trial: no need to let it end in peace. */
enum { FOREIGN_GRACE_MS = 300 };

/* In a machine of its own: the folder that becomes its data disk, in the work folder; NULL in ours' case. */
#define FOREIGN_SEED "seed"
#define FOREIGN_MACHINE "/data"
/* Does the plan want one? */
bool foreign_is(const struct deploy_plan *plan);
/*
 * Its adapter's files in the folder `data`, seen by the server as `inside`; notes facts and the log.
 * mounts_itself: the start script does the mounts, else the caller must; neither in a machine of its own, where `inside`
 * is FOREIGN_MACHINE.
 */
MUST_CHECK bool foreign_prepare(struct deployment *d, const char *data, const char *inside,
	bool mounts_itself, struct server_start *ret, struct error *e);
