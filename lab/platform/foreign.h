/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * foreign - a server that is not ours (lab/server) on the platforms that can run it: process and container.
 *
 * Needs root: its users, /etc and /run come from mounts in a namespace of its own.
 */
#include "lab/platform/platform.h"
#include "lab/server/server.h"

/* Its mail goes with the trial: no need to let it end in peace. */
enum { FOREIGN_GRACE_MS = 300 };

/* Does the plan want one? */
bool foreign_is(const struct deploy_plan *plan);
/*
 * Its adapter's files in the folder `data`, seen by the server as `inside`; notes facts and the log.
 * mounts_itself: the start script does the mounts, else the caller must.
 */
MUST_CHECK bool foreign_prepare(struct deployment *d, const char *data, const char *inside,
	bool mounts_itself, struct server_start *ret, struct error *e);
