/* SPDX-License-Identifier: MIT */
#include "lab/platform/cgroup.h"

#include "base/slice.h"
#include "lab/files/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT "/sys/fs/cgroup"
#define PREFIX "mailvisor-lab-"

enum {
	PATH_BYTES = 320,
	VALUE_BYTES = 4096,   /* cpu.stat; a list of CGROUP_PROCESS_COUNT processes */
	END_LOOK_COUNT = 200, /* times END_LOOK_MS: two seconds for killed processes to go */
	END_LOOK_MS = 10,
};

/* What we make ourselves in version 1; runc uses all controllers. */
static const char *const controllers_v1[] = { "cpuacct", "memory" };
static const char *const controllers_v2[] = { "" };

struct controllers {
	const char *const *names;
	size_t count;
};

static struct controllers controllers_of(const struct cgroup *g)
{
	return g->is_unified ? (struct controllers){ controllers_v2, COUNT(controllers_v2) }
			     : (struct controllers){ controllers_v1, COUNT(controllers_v1) };
}

static void path_of(
	const struct cgroup *g, const char *controller, const char *file, char ret[PATH_BYTES])
{
	(void)snprintf(ret, PATH_BYTES, ROOT "/%s%s%s%s%s", controller,
		controller[0] == '\0' ? "" : "/", g->name, file[0] == '\0' ? "" : "/", file);
}

bool cgroup_name(struct cgroup *ret)
{
	static unsigned last;

	*ret = (struct cgroup){ .is_unified = access(ROOT "/cgroup.controllers", F_OK) == 0 };
	if (geteuid() != 0 ||
		access(ret->is_unified ? ROOT "/cgroup.procs" : ROOT "/cpuacct/cgroup.procs",
			W_OK) < 0)
		return false;
	(void)snprintf(ret->name, sizeof ret->name, PREFIX "%s-%u", owner_mark(), ++last);
	return true;
}

bool cgroup_open(const struct cgroup *g, struct error *e)
{
	struct controllers c = controllers_of(g);
	char path[PATH_BYTES];

	for (size_t i = 0; i < c.count; i++) {
		path_of(g, c.names[i], "", path);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return fail(e, FAULT_LATER, "make the cgroup '%s': %m", path);
	}
	return true;
}

bool cgroup_join(const struct cgroup *g)
{
	struct controllers c = controllers_of(g);
	char path[PATH_BYTES];

	for (size_t i = 0; i < c.count; i++) {
		path_of(g, c.names[i], "cgroup.procs", path);
		auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, "0", 1) != 1)
			return false;
	}
	return true;
}

static struct slice file_read(const char *path, char room[VALUE_BYTES])
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, room, VALUE_BYTES);

	return (struct slice){ room, got < 0 ? 0 : (size_t)got };
}

uint64_t cgroup_cpu_ns(const struct cgroup *g)
{
	char path[PATH_BYTES], room[VALUE_BYTES];
	uint64_t used = 0;

	if (g->name[0] == '\0')
		return UINT64_MAX;
	path_of(g, g->is_unified ? "" : "cpuacct", g->is_unified ? "cpu.stat" : "cpuacct.usage",
		path);
	struct slice text = file_read(path, room);

	if (!g->is_unified)
		return slice_number(slice_trim(text), UINT64_MAX, &used) ? used : UINT64_MAX;
	/* "usage_usec 1234" is the first line: Documentation/admin-guide/cgroup-v2.rst. */
	text = slice_first(text, slice_find(text, '\n'));
	text = slice_skip(text, slice_find(text, ' ') + 1);
	return slice_number(text, UINT64_MAX / 1000, &used) ? used * 1000 : UINT64_MAX;
}

static unsigned pids_read(const char *path, pid_t ret_pids[CGROUP_PROCESS_COUNT])
{
	char room[VALUE_BYTES];
	struct slice text = file_read(path, room);
	unsigned count = 0;
	uint64_t pid;

	while (text.len > 0 && count < CGROUP_PROCESS_COUNT) {
		size_t end = slice_find(text, '\n');

		if (slice_number(slice_first(text, end), INT32_MAX, &pid))
			ret_pids[count++] = (pid_t)pid;
		text = slice_skip(text, end + 1);
	}
	return count;
}

unsigned cgroup_pids(const struct cgroup *g, pid_t ret_pids[CGROUP_PROCESS_COUNT])
{
	char path[PATH_BYTES];

	if (g->name[0] == '\0')
		return 0;
	path_of(g, g->is_unified ? "" : "cpuacct", "cgroup.procs", path);
	return pids_read(path, ret_pids);
}

/* Kills until nobody is left, then removes the directory. */
static void directory_close(const char *directory)
{
	pid_t pids[CGROUP_PROCESS_COUNT];
	char path[PATH_BYTES + 16];

	(void)snprintf(path, sizeof path, "%s/cgroup.procs", directory);
	for (unsigned i = 0; i < END_LOOK_COUNT; i++) {
		unsigned count = pids_read(path, pids);

		for (unsigned k = 0; k < count; k++)
			(void)kill(pids[k], SIGKILL);
		if (rmdir(directory) == 0 || errno == ENOENT)
			return;
		(void)poll(NULL, 0, END_LOOK_MS);
	}
}

/* Every controller's directory of that name: those we made, and those that runc made. */
static void name_close(const char *name)
{
	char pattern[PATH_BYTES];
	glob_t found = { 0 };

	(void)snprintf(pattern, sizeof pattern, ROOT "/%s", name);
	(void)glob(pattern, 0, NULL, &found);
	(void)snprintf(pattern, sizeof pattern, ROOT "/*/%s", name);
	(void)glob(pattern, GLOB_APPEND, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		directory_close(found.gl_pathv[i]);
	globfree(&found);
}

void cgroup_close(struct cgroup *g)
{
	if (g->name[0] != '\0')
		name_close(g->name);
	g->name[0] = '\0';
}

static bool owner_of_path_is_gone(const char *path)
{
	return owner_is_gone(slice_skip(slice_of(strstr(path, PREFIX)), sizeof PREFIX - 1));
}

/* The controllers' groups of one deployment have one name: it is told of once. */
static void group_sweep(const char *path, struct buf *said)
{
	char line[PATH_BYTES + 64];
	const char *name = strrchr(path, '/') + 1;
	int len = snprintf(line, sizeof line, "the cgroup '%s' and what ran in it\n", name);
	struct slice text = slice_first(slice_of(line), (size_t)len);

	directory_close(path);
	if (said != NULL &&
		(said->len == 0 || memmem(said->at, said->len, text.at, text.len) == NULL))
		(void)!buf_add(said, text);
}

void cgroups_sweep(struct buf *said)
{
	static const char *const patterns[] = { ROOT "/" PREFIX "*", ROOT "/*/" PREFIX "*" };

	for (size_t i = 0; geteuid() == 0 && i < COUNT(patterns); i++) {
		glob_t found = { 0 };

		if (glob(patterns[i], 0, NULL, &found) == 0) {
			for (size_t k = 0; k < found.gl_pathc; k++) {
				if (owner_of_path_is_gone(found.gl_pathv[k]))
					group_sweep(found.gl_pathv[k], said);
			}
		}
		globfree(&found);
	}
}
