/* SPDX-License-Identifier: MIT */
#include "lab/files/run.h"

#include "base/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REAP_LOOK_MS = 2, PATH_BYTES = 4096 };

void run_widen_path(void)
{
	const char *path = secure_getenv("PATH");
	char wide[PATH_BYTES];

	if (path != NULL && strstr(path, "/usr/sbin") != NULL)
		return;
	(void)snprintf(wide, sizeof wide, "%s:/usr/local/sbin:/usr/sbin:/sbin",
		path == NULL ? "/usr/local/bin:/usr/bin:/bin" : path);
	(void)setenv("PATH", wide, 1);
}

bool run_is_there(const char *name)
{
	char path[PATH_BYTES], whole[PATH_BYTES];

	run_widen_path();
	(void)snprintf(path, sizeof path, "%s", secure_getenv("PATH"));
	for (char *at = path, *end; at != NULL; at = end) {
		end = strchr(at, ':');
		if (end != NULL)
			*end++ = '\0';
		if (snprintf(whole, sizeof whole, "%s/%s", at, name) < (int)sizeof whole &&
			access(whole, X_OK) == 0)
			return true;
	}
	return false;
}

/* What the program is to read, as a file that needs no writer. */
static int input_open(struct slice input)
{
	auto_fd fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0 || write(fd, input.at, input.len) != (ssize_t)input.len ||
		lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return fd_give(&fd);
}

static bool program_start(
	const char *const *words, int input_fd, int output_fd, pid_t *ret_pid, struct error *e)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t manner;
	sigset_t none;
	int failure;

	(void)sigemptyset(&none);
	(void)posix_spawnattr_init(&manner);
	(void)posix_spawnattr_setsigmask(&manner, &none);
	/* Its own group: Ctrl-C is the lab's to handle. */
	(void)posix_spawnattr_setflags(&manner, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, input_fd, STDIN_FILENO);
	(void)posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO);
	(void)posix_spawn_file_actions_adddup2(&actions, output_fd, STDERR_FILENO);
	union {
		const char *const *words;
		char *const *argv;
	} view = { .words = words };

	run_widen_path();
	failure = posix_spawnp(ret_pid, words[0], &actions, &manner, view.argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&manner);
	return failure == 0 ||
	       fail(e, FAULT_NEVER, "run '%s': %s", words[0], strerrordesc_np(failure));
}

/* Reads until the program closes its output or the time is up; more than fits is thrown away. */
static void output_read(int fd, uint64_t until_ns, struct buf *output)
{
	char room[1024];

	for (uint64_t now = clock_mono_ns(&clock_real); now < until_ns;
		now = clock_mono_ns(&clock_real)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, (int)((until_ns - now) / NS_PER_MS) + 1) <= 0)
			continue;
		ssize_t got = read(fd, room, sizeof room);

		if (got <= 0)
			return;
		if ((size_t)got > output->max - output->len)
			got = (ssize_t)(output->max - output->len);
		(void)!buf_add(output, (struct slice){ room, (size_t)got });
	}
}

static bool program_wait(pid_t pid, uint64_t until_ns, int *ret_status)
{
	while (waitpid(pid, ret_status, WNOHANG) == 0) {
		if (clock_mono_ns(&clock_real) < until_ns) {
			(void)poll(NULL, 0, REAP_LOOK_MS);
			continue;
		}
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, ret_status, 0);
		return false;
	}
	return true;
}

bool run(const char *const *words, struct slice input, struct buf *output, struct error *e)
{
	return run_within(words, input, RUN_WAIT_MS, output, e);
}

bool run_within(const char *const *words, struct slice input, unsigned wait_ms, struct buf *output,
	struct error *e)
{
	uint64_t until_ns = clock_mono_ns(&clock_real) + wait_ms * NS_PER_MS;
	auto_fd input_fd = input_open(input);
	int ends[2] = { -1, -1 }, status = 0;
	pid_t pid = 0;

	if (input_fd < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return fail(e, FAULT_LATER, "run '%s': %m", words[0]);
	auto_fd from = ends[0];
	bool is_started = program_start(words, input_fd, ends[1], &pid, e);

	(void)close(ends[1]);
	if (!is_started)
		return false;
	output_read(from, until_ns, output);
	if (!program_wait(pid, until_ns, &status))
		return fail(e, FAULT_LATER, "run '%s': not done in %u s", words[0], wait_ms / 1000);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		struct slice said = slice_trim(buf_slice(output));

		return fail(e, FAULT_NEVER, "run '%s': %.*s", words[0],
			said.len > 0 ? (int)(said.len > 180 ? 180 : said.len) : 6,
			said.len > 0 ? said.at : "failed");
	}
	return true;
}

void run_line(const char *const *words, char *room, size_t size)
{
	auto_buf output = { .max = RUN_OUTPUT_BYTES };
	struct error e = { 0 };

	room[0] = '\0';
	if (!run(words, S(""), &output, &e))
		return;
	struct slice line = slice_first(buf_slice(&output), slice_find(buf_slice(&output), '\n'));

	(void)!slice_text(slice_first(line, size - 1), room, size);
}
