/* SPDX-License-Identifier: MIT */
#include "cmd/datadir.h"

#include "cmd/where.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static bool make_parents(const char *path, struct error *e)
{
	char part[WHERE_PATH_BYTES];

	for (size_t i = 1; path[i] != '\0' && i < sizeof part; i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return fail(e, FAULT_NEVER, "make directory '%s': %m", part);
	}
	return true;
}

bool datadir_make(const char *path, uid_t owner, gid_t group, bool *ret_is_new, struct error *e)
{
	struct stat status;

	*ret_is_new = false;
	if (stat(path, &status) == 0)
		return S_ISDIR(status.st_mode) ||
		       fail(e, FAULT_NEVER, "data directory '%s': that is not a directory", path);
	if (errno != ENOENT)
		return fail(e, FAULT_NEVER, "data directory '%s': %m", path);
	if (!make_parents(path, e))
		return false;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail(e, FAULT_NEVER, "make directory '%s': %m", path);
	if (geteuid() == 0 && lchown(path, owner, group) < 0)
		return fail(e, FAULT_NEVER, "give '%s' to its user: %m", path);
	*ret_is_new = true;
	return true;
}

static bool fail_held(const char *path, int fd, struct error *e)
{
	char pid[32] = "";
	ssize_t len = pread(fd, pid, sizeof pid - 1, 0);

	pid[len > 0 ? len : 0] = '\0';
	return fail(e, FAULT_LATER,
		"data directory '%s': a server already runs on it (process %.*s)", path,
		(int)strcspn(pid, "\n"), pid[0] != '\0' ? pid : "unknown");
}

bool datadir_peek(const char *path, struct error *e)
{
	char name[WHERE_PATH_BYTES];

	if (!where_join(path, S("lock"), name, e))
		return false;
	auto_fd fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return true; /* missing, or not ours to read: datadir_lock() will tell */
	if (flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return fail_held(path, fd, e);
	return true;
}

bool datadir_lock(const char *path, int *ret_fd, struct error *e)
{
	char name[WHERE_PATH_BYTES], pid[32];

	if (!where_join(path, S("lock"), name, e))
		return false;
	auto_fd fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == EACCES)
		return fail(e, FAULT_NEVER,
			"data directory '%s': it belongs to another user than number %u, as whom "
			"the "
			"server runs; chown it, or choose another",
			path, (unsigned)geteuid());
	if (fd < 0)
		return fail(e, FAULT_NEVER, "open '%s': %m", name);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? fail_held(path, fd, e)
					    : fail(e, FAULT_NEVER, "lock '%s': %m", name);
	int len = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)len, 0) != len)
		return fail(e, FAULT_LATER, "write '%s': %m", name);
	*ret_fd = fd_give(&fd);
	return true;
}

/* Written beside, synced and renamed: after a crash there is the whole secret or none. */
static bool make_secret(
	const char *path, const char *name, char ret[DATADIR_SECRET_BYTES], struct error *e)
{
	char beside[WHERE_PATH_BYTES];

	if (!where_join(path, S("secret.new"), beside, e))
		return false;
	auto_fd fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	auto_fd directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || directory < 0)
		return fail(e, FAULT_NEVER, "make '%s': %m", beside);
	if (getrandom(ret, DATADIR_SECRET_BYTES, 0) != DATADIR_SECRET_BYTES)
		return fail(e, FAULT_NEVER, "get random bytes: %m");
	if (write(fd, ret, DATADIR_SECRET_BYTES) != DATADIR_SECRET_BYTES || fsync(fd) < 0 ||
		rename(beside, name) < 0 || fsync(directory) < 0)
		return fail(e, FAULT_LATER, "write '%s': %m", name);
	return true;
}

bool datadir_secret(
	const char *path, char ret[DATADIR_SECRET_BYTES], bool *ret_is_new, struct error *e)
{
	char name[WHERE_PATH_BYTES];

	if (!where_join(path, S("secret"), name, e))
		return false;
	auto_fd fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	*ret_is_new = fd < 0 && errno == ENOENT;
	if (*ret_is_new)
		return make_secret(path, name, ret, e);
	if (fd < 0)
		return fail(e, FAULT_NEVER, "open '%s': %m", name);
	ssize_t count = read(fd, ret, DATADIR_SECRET_BYTES);
	if (count < 0)
		return fail(e, FAULT_LATER, "read '%s': %m", name);
	if (count != DATADIR_SECRET_BYTES)
		return fail(e, FAULT_NEVER,
			"read '%s': it has %zd bytes, not %d: restore it from a backup", name,
			count, DATADIR_SECRET_BYTES);
	return true;
}
