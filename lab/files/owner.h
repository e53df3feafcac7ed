/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * owner - whose is it? A mark in the name of everything that a lab makes outside its own process.
 *
 *     mvlab-3f0c91ab-4711-98123456-aB3dE9        mailvisor-lab-3f0c91ab-4711-98123456-1
 *           place    process  when it started
 *
 * A lab that was killed leaves things behind; the next one reads the mark and knows that nobody will remove
 * them any more. Gone is a process of this place that is not there, or whose number now belongs to another
 * one: its start, in clock ticks since the boot (proc(5), stat, field 22), differs. The place is a hash of
 * the machine's id and name and of the PID namespace, outside of which a process number means nothing:
 * what another machine's lab has on a shared hypervisor, or a container's in a shared folder, is left alone.
 * Threads: any. Limits: OWNER_MARK_BYTES.
 */
#include "base/error.h"
#include "base/slice.h"

#include <limits.h>
#include <sys/types.h>

enum { OWNER_MARK_BYTES = 40 }; /* 8 of hash, 7 of process, 20 of time, dashes, NUL */

/* This process's. */
const char *owner_mark(void);
/* Another living process's; false: there is none. */
MUST_CHECK bool owner_mark_of(pid_t pid, char ret[OWNER_MARK_BYTES]);
/* Does the text begin with the mark of a process of this place that is gone? Anything else: no. */
bool owner_is_gone(struct slice mark);
/* Makes "ROOT/KIND-MARK-XXXXXX", for this user alone. */
MUST_CHECK bool owner_folder_make(
	const char *root, const char *kind, char ret[PATH_MAX], struct error *e);
/*
 * Looks for the next folder "ROOT/KIND-MARK-*" that is this user's alone and whose owner is gone; `after`
 * is the last one's name, "" at first. False: there is no further one.
 */
MUST_CHECK bool owner_folder_left(
	const char *root, const char *kind, char after[NAME_MAX + 1], char ret[PATH_MAX]);
