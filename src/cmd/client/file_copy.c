/* SPDX-License-Identifier: MIT */
#include "cmd/client/file_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	COPY_BYTES = 1 << 20,
	WALK_FILES = 8, /* directories that nftw keeps open */
};

void file_copy_init(struct file_copy *t)
{
	*t = (struct file_copy){ .list = { .max = FILE_COPY_LIST_BYTES } };
}

void file_copy_done(struct file_copy *t)
{
	buf_done(&t->list);
}

bool file_copy_sync(const char *directory, struct error *e)
{
	auto_fd fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return (fd >= 0 && fsync(fd) == 0) || fail(e, FAULT_LATER, "sync '%s': %m", directory);
}

/* Only root can give a file away. */
static bool own(const struct file_copy *t, int fd, const struct stat *like)
{
	return geteuid() != 0 || fchown(fd, t->has_owner ? t->owner : like->st_uid,
					 t->has_owner ? t->group : like->st_gid) == 0;
}

bool file_copy_make(const struct file_copy *t, const char *like, const char *to, struct error *e)
{
	struct stat status;

	if (stat(like, &status) < 0)
		return fail(e, FAULT_NEVER, "read '%s': %m", like);
	if (mkdir(to, 0700) < 0)
		return fail(e, FAULT_NEVER, "make '%s': %m", to);
	auto_fd fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return (fd >= 0 && own(t, fd, &status) && fchmod(fd, status.st_mode & 0777) == 0) ||
	       fail(e, FAULT_NEVER, "give '%s' its owner and mode: %m", to);
}

/* The kernel copies, where the file system can share blocks without reading them. */
static bool bytes_copy(int from, int to, uint64_t *ret_bytes)
{
	static char room[COPY_BYTES];
	ssize_t got;

	*ret_bytes = 0;
	while ((got = copy_file_range(from, NULL, to, NULL, COPY_BYTES, 0)) > 0)
		*ret_bytes += (uint64_t)got;
	if (got == 0)
		return true;
	if (*ret_bytes > 0)
		return false;
	while ((got = read(from, room, sizeof room)) > 0) {
		for (ssize_t at = 0, put; at < got; at += put) {
			put = write(to, room + at, (size_t)(got - at));
			if (put < 0)
				return false;
		}
		*ret_bytes += (uint64_t)got;
	}
	return got == 0;
}

bool file_copy_file(
	struct file_copy *t, const char *from, const char *to, const char *name, struct error *e)
{
	auto_fd in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;
	uint64_t bytes = 0;

	if (in < 0 || fstat(in, &status) < 0)
		return fail(e, FAULT_NEVER, "read '%s': %m", from);
	auto_fd out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return fail(e, FAULT_NEVER, "make '%s': %m", to);
	if (!bytes_copy(in, out, &bytes) || !own(t, out, &status) ||
		fchmod(out, status.st_mode & 0777) < 0 || fsync(out) < 0)
		return fail(e, FAULT_LATER, "copy '%s' to '%s': %m", from, to);
	t->files++;
	t->bytes += bytes;
	return buf_add_format(&t->list, "%" PRIu64 " %s\n", bytes, name) ||
	       fail(e, FAULT_NEVER, "list '%s': over %d bytes of names", name,
		       FILE_COPY_LIST_BYTES);
}

static void directory_close(DIR **directory)
{
	if (*directory != NULL)
		(void)closedir(*directory);
}

bool file_copy_directory(
	struct file_copy *t, const char *from, const char *to, const char *prefix, struct error *e)
{
	ON_EXIT(directory_close) DIR *files = opendir(from);
	char in[PATH_MAX], out[PATH_MAX], name[PATH_MAX];
	const struct dirent *at;
	struct stat status;

	if (files == NULL)
		return fail(e, FAULT_NEVER, "open '%s': %m", from);
	if (!file_copy_make(t, from, to, e))
		return false;
	while ((at = readdir(files)) != NULL) {
		if (fstatat(dirfd(files), at->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
			return fail(e, FAULT_LATER, "read '%s' in '%s': %m", at->d_name, from);
		if (!S_ISREG(status.st_mode))
			continue;
		(void)snprintf(in, sizeof in, "%s/%s", from, at->d_name);
		(void)snprintf(out, sizeof out, "%s/%s", to, at->d_name);
		(void)snprintf(name, sizeof name, "%s/%s", prefix, at->d_name);
		if (!file_copy_file(t, in, out, name, e))
			return false;
	}
	return file_copy_sync(to, e);
}

static int path_remove(const char *path, const struct stat *meta, int kind, struct FTW *where)
{
	(void)meta;
	(void)kind;
	(void)where;
	(void)remove(path);
	return 0;
}

void file_copy_remove(const char *path)
{
	(void)nftw(path, path_remove, WALK_FILES, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
