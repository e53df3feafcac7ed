/* SPDX-License-Identifier: MIT */
#include "lab/files/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_DEPTH_OPEN_MAX = 32 }; /* descriptors nftw may use; deeper trees are walked slower */

static bool write_all(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t count = write(fd, bytes.at, bytes.len);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		bytes = slice_skip(bytes, (size_t)count);
	}
	return true;
}

/* Makes the rename itself durable. */
static bool folder_sync_of(const char *path, struct error *e)
{
	char folder[PATH_MAX];
	struct slice whole = slice_of(path);
	size_t slash = slice_find_last(whole, '/');

	if (slash == whole.len)
		(void)strcpy(folder, ".");
	else if (!slice_text(slice_first(whole, slash == 0 ? 1 : slash), folder, sizeof folder))
		return fail(e, FAULT_NEVER, "write '%s': the path is too long", path);
	auto_fd fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return fail(e, FAULT_LATER, "sync folder '%s': %m", folder);
	return true;
}

bool file_put(const char *path, struct slice bytes, struct error *e)
{
	char fresh[PATH_MAX];
	int length = snprintf(fresh, sizeof fresh, "%s.new", path);

	if (length < 0 || (size_t)length >= sizeof fresh)
		return fail(e, FAULT_NEVER, "write '%s': the path is too long", path);
	auto_fd fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail(e, FAULT_LATER, "create '%s': %m", fresh);
	if (!write_all(fd, bytes) || fsync(fd) != 0)
		return fail(e, FAULT_LATER, "write '%s': %m", fresh);
	if (rename(fresh, path) != 0)
		return fail(e, FAULT_LATER, "rename to '%s': %m", path);
	return folder_sync_of(path, e);
}

bool file_get(const char *path, struct buf *to, struct error *e)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail(e, FAULT_NEVER, "open '%s': %m", path);
	for (;;) {
		char piece[1 << 16];
		ssize_t count = read(fd, piece, sizeof piece);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return fail(e, FAULT_LATER, "read '%s': %m", path);
		if (count == 0)
			return true;
		if (!buf_add(to, (struct slice){ piece, (size_t)count }))
			return fail(
				e, FAULT_NEVER, "read '%s': more than %zu bytes", path, to->max);
	}
}

bool file_is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

bool folder_make(const char *path, struct error *e)
{
	char part[PATH_MAX];

	if (!slice_text(slice_of(path), part, sizeof part))
		return fail(e, FAULT_NEVER, "make folder '%s': the path is too long", path);
	for (char *at = part + 1; *at != '\0'; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			return fail(e, FAULT_LATER, "make folder '%s': %m", part);
		*at = '/';
	}
	if (mkdir(part, 0755) != 0 && errno != EEXIST)
		return fail(e, FAULT_LATER, "make folder '%s': %m", part);
	return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

bool folder_remove(const char *path, struct error *e)
{
	if (nftw(path, remove_one, FOLDER_DEPTH_OPEN_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0 &&
		errno != ENOENT)
		return fail(e, FAULT_LATER, "remove folder '%s': %m", path);
	return true;
}

bool path_join(const char *folder, const char *name, char ret[PATH_MAX], struct error *e)
{
	int len = snprintf(ret, PATH_MAX, "%s/%s", folder, name);

	if (len < 0 || len >= PATH_MAX)
		return fail(e, FAULT_NEVER, "the path '%.60s...' is too long", folder);
	return true;
}
