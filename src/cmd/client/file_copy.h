/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * file_copy - copies files and flat directories so that they are on disk, and lists what was copied.
 *
 * A backup is a directory of two levels, so nothing here goes deeper. Every file and directory is
 * synced; owners stay when we are root, modes always. Symbolic links are not followed.
 * Threads: one. Limits: FILE_COPY_LIST_BYTES for the list.
 */
#include "base/buf.h"
#include "base/error.h"

#include <sys/types.h>

enum {
	/* a line has some 30 bytes, a file of the store up to 64 MiB: a backup of 30 TiB */
	FILE_COPY_LIST_BYTES = 16 << 20,
};

struct file_copy {
	struct buf list; /* "SIZE NAME\n" for each file; max is set by file_copy_init() */
	uint64_t files, bytes;
	bool has_owner; /* else: the owner of each file's source */
	uid_t owner;
	gid_t group;
};

void file_copy_init(struct file_copy *t);
void file_copy_done(struct file_copy *t);
/* Makes the file `to`, which must not be there; `name` is for the list. */
MUST_CHECK bool file_copy_file(
	struct file_copy *t, const char *from, const char *to, const char *name, struct error *e);
/* Makes the directory `to` with all regular files of `from`, named "PREFIX/FILE" in the list. */
MUST_CHECK bool file_copy_directory(
	struct file_copy *t, const char *from, const char *to, const char *prefix, struct error *e);
/* Syncs the directory itself: names in it are on disk. */
MUST_CHECK bool file_copy_sync(const char *directory, struct error *e);
/* Makes a directory like `like` in owner and mode. */
MUST_CHECK bool file_copy_make(
	const struct file_copy *t, const char *like, const char *to, struct error *e);
/* Removes a directory with its files and its directories of files. Nothing there is fine. */
void file_copy_remove(const char *path);
