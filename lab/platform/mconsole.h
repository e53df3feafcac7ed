/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * mconsole - asks a User-mode Linux through its management console: one command, one answer.
 *
 * The console is a datagram socket that the guest's kernel opens itself
 * (arch/um/drivers/mconsole.h and Documentation/virt/uml of Linux). Used: "cad", which is
 * Ctrl-Alt-Del for PID 1, and "proc FILE", which reads a file of the guest's /proc.
 * Threads: any. Limits: MCONSOLE_COMMAND_BYTES, and the answer's buffer.
 */
#include "base/buf.h"
#include "base/error.h"

enum { MCONSOLE_COMMAND_BYTES = 512 }; /* MCONSOLE_MAX_DATA */

/* Appends the answer, or its beginning when it does not fit. Failure: none, or one that says no. */
MUST_CHECK bool mconsole_call(const char *path, const char *command, uint64_t until_ns,
	struct buf *answer, struct error *e);
