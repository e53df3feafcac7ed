/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * file - whole files, read and written; how the lab's stages meet.
 *
 * file_put writes a temporary file beside the target, syncs it, renames it and syncs the directory: a
 * reader sees the old file, the new file or none. file_get reads at most the buffer's maximum.
 */
#include "base/buf.h"
#include "base/error.h"

#include <limits.h>

MUST_CHECK bool file_put(const char *path, struct slice bytes, struct error *e);
/* Adds the bytes to the buffer. */
MUST_CHECK bool file_get(const char *path, struct buf *to, struct error *e);
bool file_is_there(const char *path);
/* mkdir -p. */
MUST_CHECK bool folder_make(const char *path, struct error *e);
/* rm -r; nothing there is fine. Does not follow symbolic links or leave the file system. */
MUST_CHECK bool folder_remove(const char *path, struct error *e);
/* "FOLDER/NAME"; fails when it does not fit. */
MUST_CHECK bool path_join(
	const char *folder, const char *name, char ret[PATH_MAX], struct error *e);
