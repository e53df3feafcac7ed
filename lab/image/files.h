/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * files - the files of a small system in memory: added in any order, written sorted.
 *
 * The same set becomes an initramfs (cpio, newc) or a directory tree for a container, so that
 * guests and containers run the same bytes. Written twice it is the same byte for byte: sorted by
 * path, no owner but root, one fixed time. Owns: paths and contents. Parents are added by
 * themselves. Limits: IMAGE_FILE_BYTES for one file, IMAGE_FILE_COUNT files.
 */
#include "base/error.h"
#include "base/slice.h"

#include <sys/types.h>

enum {
	IMAGE_FILE_BYTES = 256 << 20, /* a server with its debug information is far below */
	IMAGE_FILE_COUNT = 4096,      /* the appliance has about sixty */
	IMAGE_TIME_S = 1704067200,    /* every file's time: 2024-01-01 */
	IMAGE_PATH_BYTES = 512,
};

struct image_file {
	char *path;  /* "usr/bin/mailvisor": no slash in front */
	mode_t mode; /* kind and permissions as in stat */
	dev_t device;
	char *at; /* contents */
	size_t len;
};

struct image_files {
	struct image_file *files;
	size_t count, room;
};

void image_files_done(struct image_files *set);
#define auto_image_files ON_EXIT(image_files_done) struct image_files
/* Adds the file or directory, or replaces the one with this path. The contents are copied. */
MUST_CHECK bool image_files_add(struct image_files *set, const char *path, mode_t mode,
	struct slice contents, struct error *e);
MUST_CHECK bool image_files_add_device(
	struct image_files *set, const char *path, mode_t mode, dev_t device, struct error *e);
/* Copies a file of this machine. */
MUST_CHECK bool image_files_add_copy(struct image_files *set, const char *path, mode_t mode,
	const char *source, struct error *e);
/* NULL when there is none. */
const struct image_file *image_files_find(const struct image_files *set, const char *path);
/* An uncompressed cpio archive at `path`; the old one stays when this fails. */
MUST_CHECK bool image_files_write_cpio(struct image_files *set, const char *path, struct error *e);
/* Into the existing directory; device nodes are left out. */
MUST_CHECK bool image_files_write_tree(
	struct image_files *set, const char *directory, struct error *e);
/* A whole file of this machine; free() it. */
MUST_CHECK bool image_read(const char *path, char **ret_at, size_t *ret_len, struct error *e);
