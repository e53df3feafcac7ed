/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * sandbox - gives up what a mail server never needs, for good and for all threads to come.
 *
 * no_new_privs; Landlock (the file system: only the paths given); seccomp (no programs, no other
 * processes, no kernel modules, mounts, namespaces, tracing). What the kernel lacks is left out, or a
 * failure when is_needed. Call it while the process has one thread.
 */
#include "base/buf.h"
#include "base/error.h"

struct sandbox_path {
	const char *path;
	bool may_write;
};
/* ret_text: what is on, like "no_new_privs landlock:7 seccomp". */
MUST_CHECK bool sandbox_enter(const struct sandbox_path *paths, size_t count, bool is_needed,
	struct buf *ret_text, struct error *e);
