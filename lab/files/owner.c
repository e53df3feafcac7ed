/* SPDX-License-Identifier: MIT */
#include "lab/files/owner.h"

#include "lab/files/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

enum {
	PLACE_DIGITS = 8,
	PID_MAX = 1 << 22, /* proc(5), pid_max */
	STAT_BYTES = 1024, /* the name in it has at most 64 */
	NAMESPACE_BYTES = 64,
};

static uint32_t place;
static char own_mark[OWNER_MARK_BYTES];

/* FNV-1a: spreads well, and need not be more. */
static uint32_t mix(uint32_t hash, struct slice bytes)
{
	const uint32_t prime = 16777619;

	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ (unsigned char)bytes.at[i]) * prime;
	return hash;
}

static struct slice file_text(const char *path, char room[STAT_BYTES])
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, room, STAT_BYTES - 1);

	room[got < 0 ? 0 : got] = '\0';
	return slice_of(room);
}

static uint32_t place_make(void)
{
	const uint32_t begin = 2166136261;
	char room[STAT_BYTES], space[NAMESPACE_BYTES];
	ssize_t len = readlink("/proc/self/ns/pid", space, sizeof space);
	struct utsname names = { .sysname = "" };
	uint32_t hash = mix(begin, file_text("/etc/machine-id", room));

	(void)uname(&names);
	hash = mix(hash, slice_of(names.nodename));
	return mix(hash, (struct slice){ space, len < 0 ? 0 : (size_t)len });
}

/* When it started; false: it is not there, or a zombie, which is nobody any more. */
static bool start_read(pid_t pid, uint64_t *ret)
{
	char path[64], room[STAT_BYTES], state = 'Z';
	unsigned long long start = 0;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	(void)file_text(path, room);
	const char *behind = strrchr(room, ')'); /* a name may have brackets and blanks */

	if (behind == NULL ||
		sscanf(behind,
			") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
			"%*d %llu",
			&state, &start) != 2)
		return false;
	*ret = start;
	return state != 'Z' && state != 'X';
}

static bool mark_write(pid_t pid, char ret[OWNER_MARK_BYTES])
{
	uint64_t start;

	if (!start_read(pid, &start))
		return false;
	(void)snprintf(ret, OWNER_MARK_BYTES, "%08" PRIx32 "-%d-%" PRIu64, place, (int)pid, start);
	return true;
}

static void own_mark_make(void)
{
	place = place_make();
	if (!mark_write(getpid(), own_mark)) /* no /proc: a mark that never looks left over */
		(void)snprintf(own_mark, sizeof own_mark, "%08" PRIx32 "-0-0", place);
}

static void place_know(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, own_mark_make);
}

const char *owner_mark(void)
{
	place_know();
	return own_mark;
}

bool owner_mark_of(pid_t pid, char ret[OWNER_MARK_BYTES])
{
	place_know();
	return mark_write(pid, ret);
}

static bool number_take(struct slice *rest, uint64_t max, uint64_t *ret)
{
	struct slice digits = slice_first(*rest, slice_find(*rest, '-'));

	*rest = slice_skip(*rest, digits.len + 1);
	return slice_number(digits, max, ret);
}

/* Nobody has the process number, or somebody who started at another time. */
static bool process_is_gone(pid_t pid, uint64_t start)
{
	uint64_t now = 0;

	if (kill(pid, 0) < 0 && errno == ESRCH)
		return true;
	if (start_read(pid, &now))
		return now != start;
	/* Not to be seen (hidepid) is not gone; a zombie is. */
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	return access(path, R_OK) == 0;
}

bool owner_is_gone(struct slice mark)
{
	uint64_t pid = 0, start = 0;
	char here[PLACE_DIGITS + 2];

	place_know();
	(void)snprintf(here, sizeof here, "%08" PRIx32 "-", place);
	if (!slice_starts(mark, slice_of(here)))
		return false;
	mark = slice_skip(mark, strlen(here));
	return number_take(&mark, PID_MAX, &pid) && number_take(&mark, UINT64_MAX, &start) &&
	       pid > 0 && process_is_gone((pid_t)pid, start);
}

bool owner_folder_make(const char *root, const char *kind, char ret[PATH_MAX], struct error *e)
{
	char name[NAME_MAX + 1];

	(void)snprintf(name, sizeof name, "%.40s-%s-XXXXXX", kind, owner_mark());
	if (!path_join(root, name, ret, e))
		return false;
	if (mkdtemp(ret) != NULL)
		return true;
	ret[0] = '\0';
	return fail(e, FAULT_LATER, "make a work folder in '%s': %m", root);
}

/* Nobody else may change what is in it while it is removed. */
static bool is_ours_alone(const char *path)
{
	struct stat meta;

	return lstat(path, &meta) == 0 && S_ISDIR(meta.st_mode) && meta.st_uid == geteuid() &&
	       (meta.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static bool is_left(const char *root, const char *name, const char *kind, char ret[PATH_MAX])
{
	struct slice rest = slice_of(name), head = slice_of(kind);
	struct error ignored = { 0 };

	if (!slice_starts(rest, head) || rest.len <= head.len || rest.at[head.len] != '-' ||
		!owner_is_gone(slice_skip(rest, head.len + 1)))
		return false;
	return path_join(root, name, ret, &ignored) && is_ours_alone(ret);
}

bool owner_folder_left(
	const char *root, const char *kind, char after[NAME_MAX + 1], char ret[PATH_MAX])
{
	char next[NAME_MAX + 1] = "", path[PATH_MAX];
	DIR *all = opendir(root);

	for (struct dirent *at; all != NULL && (at = readdir(all)) != NULL;) {
		if (strcmp(at->d_name, after) <= 0 ||
			(next[0] != '\0' && strcmp(at->d_name, next) >= 0) ||
			!is_left(root, at->d_name, kind, path))
			continue;
		(void)snprintf(next, sizeof next, "%s", at->d_name);
		(void)snprintf(ret, PATH_MAX, "%s", path);
	}
	if (all != NULL)
		(void)closedir(all);
	(void)snprintf(after, NAME_MAX + 1, "%s", next);
	return next[0] != '\0';
}
