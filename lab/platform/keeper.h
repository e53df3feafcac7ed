/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * keeper - a process between the lab and a server: the server ends with the lab, however that ends.
 *
 * keeper_start() forks the keeper, and the keeper forks the program. When the program ends, or the lab
 * asks (keeper_stop), or the lab dies (the kernel tells: PR_SET_PDEATHSIG), the keeper ends the
 * program (soon when the lab is dead), then everything else in its cgroup, and the cgroup. A program
 * whose keeper is killed is killed too. It holds no file of the lab's.
 * Threads: call from the main thread; the keeper dies with the thread that made it.
 */
#include "base/error.h"
#include "lab/platform/cgroup.h"
#include "lab/platform/lan.h"

#include <sys/types.h>

enum { KEEPER_PASS_COUNT = 3 }; /* QEMU's tap, monitor and saved state */

struct keeper_plan {
	const char *const *words; /* the program; ends with NULL */
	const char *log_path;     /* its standard output and error */
	struct cgroup group;      /* cleaned up at the end */
	bool joins_group;         /* else: somebody else (runc) puts processes there */
	/* a network namespace of its own, with this address; NULL: ours */
	const struct lan_seat *seat;
	const char *bind_from; /* seen as KEEPER_BIND in a mount namespace of its own; NULL: none */
	int pass_fds[KEEPER_PASS_COUNT]; /* kept open for the program, same numbers; 0: none */
	unsigned grace_ms;               /* between the request to end and the kill */
};
#define KEEPER_BIND "/mnt/mailvisor"

struct keeper {
	pid_t pid;         /* 0: none */
	pid_t program_pid; /* its child */
	unsigned grace_ms;
	int status; /* as waitpid says, once it has ended */
};

/* Returns when the program runs (its exec succeeded). */
MUST_CHECK bool keeper_start(const struct keeper_plan *plan, struct keeper *ret, struct error *e);
/* False when the program has ended; ret_reason (PLATFORM_REASON_BYTES) says how. */
bool keeper_is_alive(struct keeper *k, char *ret_reason, size_t size);
/* Ends the program, waits for all of it. */
void keeper_stop(struct keeper *k);
/* The same at once and without asking: SIGKILL, as when the power fails. */
void keeper_kill(struct keeper *k);
