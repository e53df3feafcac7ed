/* SPDX-License-Identifier: MIT */
#include "lab/report/gnuplot.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The script as a file without a name: gnuplot reads it as standard input, and nothing can block. */
static bool script_open(struct slice script, int *ret_fd, struct error *e)
{
	auto_fd fd = memfd_create("gnuplot", MFD_CLOEXEC);

	if (fd < 0 || write(fd, script.at, script.len) != (ssize_t)script.len ||
		lseek(fd, 0, SEEK_SET) != 0)
		return fail(e, FAULT_LATER, "hand a script to gnuplot: %m");
	*ret_fd = fd_give(&fd);
	return true;
}

static int start(int script_fd, int out_fd, pid_t *ret_pid)
{
	static char name[] = "gnuplot", plain[] = "--default-settings";
	static char locale[] = "LC_ALL=C", path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	char *words[] = { name, plain, NULL };
	char *environment[] = { locale, path, NULL };
	posix_spawn_file_actions_t files;

	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_adddup2(&files, script_fd, STDIN_FILENO);
	(void)posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
	(void)posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int status = posix_spawnp(ret_pid, name, &files, NULL, words, environment);
	(void)posix_spawn_file_actions_destroy(&files);
	return status;
}

static bool collect(int fd, struct buf *ret, struct error *e)
{
	uint64_t until_ns = clock_mono_ns(&clock_real) + GNUPLOT_SECONDS * NS_PER_S;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint64_t now = clock_mono_ns(&clock_real);
		char piece[1 << 14];

		if (now >= until_ns || poll(&p, 1, (int)((until_ns - now) / NS_PER_MS) + 1) == 0)
			return fail(
				e, FAULT_LATER, "gnuplot took longer than %d s", GNUPLOT_SECONDS);
		ssize_t count = read(fd, piece, sizeof piece);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return fail(e, FAULT_LATER, "read from gnuplot: %m");
		if (count == 0)
			return true;
		if (!buf_add(ret, (struct slice){ piece, (size_t)count }))
			return fail(e, FAULT_NEVER, "gnuplot's picture is larger than %zu bytes",
				ret->max);
	}
}

bool gnuplot_run(struct slice script, struct buf *ret_svg, struct error *e)
{
	int ends[2], how = 0;
	auto_fd script_fd = -1;
	pid_t pid = -1;

	if (!script_open(script, &script_fd, e))
		return false;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return fail(e, FAULT_LATER, "make a pipe: %m");
	int status = start(script_fd, ends[1], &pid);
	(void)close(ends[1]);
	auto_fd from = ends[0];
	errno = status;
	if (status != 0)
		return fail(e, FAULT_NEVER, "start gnuplot: %m");
	bool is_good = collect(from, ret_svg, e);
	if (!is_good)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &how, 0) < 0 && errno == EINTR) {}
	if (is_good && (!WIFEXITED(how) || WEXITSTATUS(how) != 0))
		return fail(e, FAULT_NEVER, "gnuplot refused its script");
	return is_good;
}
