/* SPDX-License-Identifier: MIT */
#include "lab/platform/keeper.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	STATUS_NOT_STARTED = 127,
	SIGNAL_STATUS = 128, /* and the signal, as the shell does */
	/* fork, namespace, exec: milliseconds; a loaded machine may take a second */
	START_WAIT_MS = 20000,
	FILES_BELOW = 1024, /* what we pass on has a small number; above it all is closed at once */
	END_LOOK_MS = 5,
	KILLED_WAIT_MS = 3000,  /* for what was killed to be gone */
	ORPHAN_GRACE_MS = 1500, /* User-mode Linux removes its directory, if it is asked to end */
};

/* Two pipes between lab and program while it starts. */
struct gate {
	int up[2];   /* program -> lab: its pid, then nothing (exec closed it) or why not */
	int down[2]; /* lab -> program: one byte, its network is there */
};

static void pair_done(int ends[2])
{
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

static void gate_done(struct gate *g)
{
	pair_done(g->up);
	pair_done(g->down);
}

/* "/mnt" is on every system, empty, and in this namespace nobody else's. */
static bool bind_mount(const char *from, struct error *e)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", "/mnt", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k") < 0 ||
		mkdir(KEEPER_BIND, 0755) < 0 || mount(from, KEEPER_BIND, NULL, MS_BIND, NULL) < 0)
		return fail(e, FAULT_NEVER, "show '%s' as '" KEEPER_BIND "': %m", from);
	return true;
}

static bool program_prepare(
	const struct keeper_plan *plan, const struct gate *gate, struct error *e)
{
	pid_t me = getpid();
	char go;

	(void)prctl(
		PR_SET_PDEATHSIG, SIGKILL); /* as the keeper with the lab, so it with the keeper */
	if (plan->joins_group && !cgroup_join(&plan->group))
		return fail(e, FAULT_NEVER, "join the cgroup '%s': %m", plan->group.name);
	if (plan->seat != NULL && unshare(CLONE_NEWNET) < 0)
		return fail(e, FAULT_NEVER, "make a network namespace: %m");
	if (write(gate->up[1], &me, sizeof me) != (ssize_t)sizeof me ||
		read(gate->down[0], &go, 1) != 1)
		return fail(e, FAULT_GONE, "start: the lab is gone");
	if (plan->seat != NULL && !lan_sit(plan->seat, e))
		return false;
	return plan->bind_from == NULL || bind_mount(plan->bind_from, e);
}

/* In the program's process; never returns. */
_Noreturn static void program_run(const struct keeper_plan *plan, const struct gate *gate)
{
	union {
		const char *const *words;
		char *const *argv;
	} view = { .words = plan->words };
	struct error e = { 0 };
	sigset_t none;

	if (program_prepare(plan, gate, &e)) {
		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		for (size_t i = 0; i < KEEPER_PASS_COUNT; i++) {
			if (plan->pass_fds[i] > 0)
				(void)fcntl(plan->pass_fds[i], F_SETFD, 0);
		}
		(void)execvp(plan->words[0], view.argv);
		(void)fail(&e, FAULT_NEVER, "run '%s': %m", plan->words[0]);
	}
	(void)!write(gate->up[1], e.text, strlen(e.text));
	_exit(STATUS_NOT_STARTED);
}

static bool wait_ended(pid_t pid, int *ret_status, unsigned wait_ms)
{
	for (unsigned waited_ms = 0;; waited_ms += END_LOOK_MS) {
		pid_t ended = waitpid(pid, ret_status, WNOHANG);

		if (ended == pid || (ended < 0 && errno == ECHILD))
			return true;
		if (waited_ms >= wait_ms)
			return false;
		(void)poll(NULL, 0, END_LOOK_MS);
	}
}

/* The keeper's life after the fork; `set` is what it waits for. */
_Noreturn static void keeper_watch(
	const struct keeper_plan *plan, pid_t program, const sigset_t *set, pid_t lab)
{
	struct cgroup group = plan->group;
	int status = 0;

	while (waitpid(program, &status, WNOHANG) != program) {
		if (sigwaitinfo(set, NULL) != SIGTERM)
			continue;
		/* Nobody wants what a dead lab's server would still write. */
		unsigned grace_ms = getppid() == lab ? plan->grace_ms : ORPHAN_GRACE_MS;

		(void)kill(program, SIGTERM);
		if (!wait_ended(program, &status, grace_ms)) {
			(void)kill(program, SIGKILL);
			(void)wait_ended(program, &status, KILLED_WAIT_MS);
		}
		break;
	}
	cgroup_close(&group);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : SIGNAL_STATUS + WTERMSIG(status));
}

static bool is_kept(const struct keeper_plan *plan, const struct gate *gate, int fd)
{
	bool is_passed = fd == gate->up[1] || fd == gate->down[0];

	for (size_t i = 0; i < KEEPER_PASS_COUNT; i++)
		is_passed = is_passed || fd == plan->pass_fds[i];
	return is_passed;
}

/* Everything that the lab had open and the program must not have. */
static void files_leave(const struct keeper_plan *plan, const struct gate *gate, int log_fd)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)dup2(null, STDIN_FILENO);
	(void)dup2(log_fd, STDOUT_FILENO);
	(void)dup2(log_fd, STDERR_FILENO);
	for (int fd = STDERR_FILENO + 1; fd < FILES_BELOW; fd++) {
		if (!is_kept(plan, gate, fd))
			(void)close(fd);
	}
	(void)close_range(FILES_BELOW, ~0u, 0);
}

_Noreturn static void keeper_run(
	const struct keeper_plan *plan, struct gate *gate, int log_fd, pid_t lab)
{
	sigset_t set;
	pid_t program;

	(void)setsid();
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != lab)
		_exit(STATUS_NOT_STARTED);
	files_leave(plan, gate, log_fd);
	program = fork();
	if (program == 0)
		program_run(plan, gate);
	fd_close(&gate->up[1]);
	fd_close(&gate->down[0]);
	if (program < 0)
		_exit(STATUS_NOT_STARTED);
	keeper_watch(plan, program, &set, lab);
}

/* Reads until the other side closes, or the time is up; false: it is up. */
static bool gate_read(int fd, void *room, size_t size, size_t *ret_count)
{
	uint64_t until_ns = clock_mono_ns(&clock_real) + START_WAIT_MS * NS_PER_MS;
	size_t count = 0;

	for (uint64_t now = 0; now < until_ns && count < size; now = clock_mono_ns(&clock_real)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, START_WAIT_MS) <= 0)
			continue;
		ssize_t got = read(fd, (char *)room + count, size - count);

		if (got <= 0) {
			*ret_count = count;
			return true;
		}
		count += (size_t)got;
	}
	*ret_count = count;
	return count == size;
}

/* The lab's side of the start. */
static bool program_follow(
	const struct keeper_plan *plan, struct gate *gate, struct keeper *k, struct error *e)
{
	char reason[sizeof e->text] = "";
	size_t got = 0;

	fd_close(&gate->up[1]);
	fd_close(&gate->down[0]);
	if (!gate_read(gate->up[0], &k->program_pid, sizeof k->program_pid, &got) ||
		got != sizeof k->program_pid)
		return fail(e, FAULT_LATER, "start '%s': it did not get as far as its network",
			plan->words[0]);
	if (plan->seat != NULL && !lan_attach(plan->seat, k->program_pid, e))
		return false;
	if (write(gate->down[1], "g", 1) != 1)
		return fail(e, FAULT_LATER, "start '%s': %m", plan->words[0]);
	if (!gate_read(gate->up[0], reason, sizeof reason - 1, &got) && got == 0)
		return fail(e, FAULT_LATER, "start '%s': not in %d s", plan->words[0],
			START_WAIT_MS / 1000);
	return got == 0 || fail(e, FAULT_NEVER, "%s", reason);
}

bool keeper_start(const struct keeper_plan *plan, struct keeper *ret, struct error *e)
{
	ON_EXIT(gate_done) struct gate gate = { { -1, -1 }, { -1, -1 } };
	auto_fd log_fd = open(plan->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	struct keeper k = { .grace_ms = plan->grace_ms };
	pid_t lab = getpid();

	if (log_fd < 0)
		return fail(e, FAULT_NEVER, "open '%s': %m", plan->log_path);
	if (pipe2(gate.up, O_CLOEXEC) < 0 || pipe2(gate.down, O_CLOEXEC) < 0)
		return fail(e, FAULT_LATER, "make a pipe: %m");
	if (plan->joins_group && !cgroup_open(&plan->group, e))
		return false;
	k.pid = fork();
	if (k.pid < 0)
		return fail(e, FAULT_LATER, "start a process: %m");
	if (k.pid == 0)
		keeper_run(plan, &gate, log_fd, lab);
	if (!program_follow(plan, &gate, &k, e)) {
		keeper_stop(&k);
		return false;
	}
	*ret = k;
	return true;
}

bool keeper_is_alive(struct keeper *k, char *ret_reason, size_t size)
{
	if (k->pid != 0 && waitpid(k->pid, &k->status, WNOHANG) == 0)
		return true;
	int status = WIFEXITED(k->status) ? WEXITSTATUS(k->status) : STATUS_NOT_STARTED;

	k->pid = 0;
	if (status > SIGNAL_STATUS)
		(void)snprintf(ret_reason, size, "ended by signal %d (%s)", status - SIGNAL_STATUS,
			sigdescr_np(status - SIGNAL_STATUS));
	else
		(void)snprintf(ret_reason, size, "ended with status %d", status);
	return false;
}

void keeper_stop(struct keeper *k)
{
	if (k->pid == 0)
		return;
	(void)kill(k->pid, SIGTERM);
	if (!wait_ended(k->pid, &k->status, k->grace_ms + 2 * KILLED_WAIT_MS)) {
		(void)kill(k->pid, SIGKILL);
		(void)wait_ended(k->pid, &k->status, KILLED_WAIT_MS);
	}
	k->pid = 0;
}

void keeper_kill(struct keeper *k)
{
	if (k->pid == 0)
		return;
	(void)kill(k->program_pid, SIGKILL);
	if (!wait_ended(k->pid, &k->status, 2 * KILLED_WAIT_MS))
		keeper_stop(k);
	k->pid = 0;
}
