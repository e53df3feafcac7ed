/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * qemu_state - what snapshots, saved states and migration of a running guest share.
 *
 * All over QMP (docs/interop of QEMU: jobs, migration). For qemu_snapshot.c, qemu_saved.c and
 * qemu_migrate.c. Threads: the lab's main thread.
 */
#include "lab/platform/qemu.h"
#include "lab/platform/qmp.h"

enum { QEMU_LOOK_MS = 2 };

struct qemu_migration {
	char status[32];
	uint64_t downtime_ms, bytes;
	char why[120];
};

/* A command without an answer that matters. Takes the arguments. */
MUST_CHECK bool qemu_command(struct qmp *q, const char *verb, json_t *arguments, struct error *e);
/* A machine that was cut or saved has no monitor any more: a failure that begins with `what`. */
MUST_CHECK bool qemu_is_running(struct deployment *d, const char *what, struct error *e);
/* Sends the guest's state to the descriptor; returns when all of it went. */
MUST_CHECK bool qemu_state_send(struct qmp *q, int fd, struct qemu_migration *ret, struct error *e);
/* Returns when the guest whose state this QEMU was sent runs here. */
MUST_CHECK bool qemu_arrival_wait(struct qmp *q, struct error *e);
/* Kills QEMU and closes its monitor. */
void qemu_end(struct site *s);
void qemu_monitor_close(struct qmp **q);
