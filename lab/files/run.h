/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * run - runs one short program of the system (ip, mke2fs, runc) and waits for it.
 *
 * Its standard error and output come back together, cut at the buffer's maximum.
 * Limits: RUN_WAIT_MS; a program that takes longer is ended, and that is a failure.
 */
#include "base/buf.h"
#include "base/error.h"

enum {
	RUN_WAIT_MS = 30000,     /* mke2fs of a disk takes 10 ms, `runc delete` 100 ms */
	RUN_OUTPUT_BYTES = 4096, /* enough for what such a program complains about */
};

/* words end with NULL; words[0] is looked up in PATH. Failure: not started, or not ended with 0. */
MUST_CHECK bool run(
	const char *const *words, struct slice input, struct buf *output, struct error *e);
/* The same for a program that may take longer. */
MUST_CHECK bool run_within(const char *const *words, struct slice input, unsigned wait_ms,
	struct buf *output, struct error *e);
/* The first line that "words" print, into room; "" when it cannot be run. */
void run_line(const char *const *words, char *room, size_t size);
/* Is there such a program in PATH or in the sbin directories? */
bool run_is_there(const char *name);
/* Adds the sbin directories to PATH: ordinary users have them not, and mke2fs lives there. */
void run_widen_path(void);
