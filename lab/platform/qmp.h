/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * qmp - talks to QEMU's monitor: one command, one answer (docs/interop/qmp-spec.txt of QEMU).
 *
 * Over a descriptor that both already have (a socket pair), so there is no path and no race. Of its
 * events only STOP and RESUME are noted; who wants to know whether the guest ended looks at the process.
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
	/* Of its events: how often the guest stood still, and QEMU's own times of the last one. */
	uint64_t stop_count, stopped_us, resumed_us;
};

/* Reads the greeting and enters command mode. Takes fd, also when it fails. */
MUST_CHECK bool qmp_open(int fd, uint64_t until_ns, struct qmp *ret, struct error *e);
/* Takes the arguments (may be NULL); *ret (may be NULL) is what "return" holds, for json_decref. */
MUST_CHECK bool qmp_call(struct qmp *q, const char *command, json_t *arguments, uint64_t until_ns,
	json_t **ret, struct error *e);
/* Gives QEMU a copy of the descriptor under that name; commands then take "fd:NAME". */
MUST_CHECK bool qmp_give_fd(
	struct qmp *q, const char *name, int fd, uint64_t until_ns, struct error *e);
/* How often the guest has asked its first disk for a flush; UINT64_MAX: QEMU does not say. */
uint64_t qmp_flushes(struct qmp *q);
void qmp_close(struct qmp *q);
