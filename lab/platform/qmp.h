/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * qmp - talks to QEMU's monitor: one command, one answer (docs/interop/qmp-spec.txt of QEMU).
 *
 * Over a descriptor that both already have (a socket pair), so there is no path and no race. Events are
 * read and forgotten; who wants to know whether the guest ended looks at the process.
 * Owns: the descriptor and a buffer. Threads: one.
 * Limits: QMP_LINE_BYTES for one answer, the deadline of each call.
 */
#include "base/buf.h"
#include "base/error.h"

#include <jansson.h>

enum {
	QMP_LINE_BYTES = 1 << 20
}; /* query-blockstats has 4 KiB; a schema, which we never ask for, 1 MiB */

struct qmp {
	int fd;
	struct buf in;
};

/* Reads the greeting and enters command mode. Takes fd, also when it fails. */
MUST_CHECK bool qmp_open(int fd, uint64_t until_ns, struct qmp *ret, struct error *e);
/* Takes the arguments (may be NULL); *ret (may be NULL) is what "return" holds, for json_decref. */
MUST_CHECK bool qmp_call(struct qmp *q, const char *command, json_t *arguments, uint64_t until_ns,
	json_t **ret, struct error *e);
void qmp_close(struct qmp *q);
