/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * modules - kernel modules for the image, each behind the ones it needs.
 *
 * PID 1 loads lists from top to bottom (lab/guest/boot.h), so order is all it must know. What a module
 * needs is what its package says: its dependencies, and what it asks for before itself (a softdep), as
 * file systems do for checksums. What is built into the kernel needs no line. Home of libkmod.
 */
#include "base/buf.h"
#include "lab/image/files.h"

enum modules_place { MODULES_ABSENT, MODULES_BUILT_IN, MODULES_FILE };

/* "/lib/modules/VERSION" of this machine. */
struct modules {
	struct kmod_ctx *context;
	char version[IMAGE_PATH_BYTES];
};

MUST_CHECK bool modules_open(struct modules *ret, const char *version, struct error *e);
void modules_close(struct modules *m);
#define auto_modules ON_EXIT(modules_close) struct modules
/* Does this kernel have it? */
enum modules_place modules_find(const struct modules *m, const char *name);
/*
 * Adds the module and what it needs: files to the set, and to `paths` a line each, which is not there
 * yet. One that the kernel does not have is a failure.
 */
MUST_CHECK bool modules_tree(const struct modules *m, struct image_files *set, const char *name,
	struct buf *paths, struct error *e);
/* The device patterns of a module that is a file, a line each. */
MUST_CHECK bool modules_patterns(
	const struct modules *m, const char *name, struct buf *lines, struct error *e);
/* The lists lib/modules/now (virtio's bus, and those named; the array ends with NULL) and .../later. */
MUST_CHECK bool modules_add(
	struct image_files *set, const char *version, const char *const *names, struct error *e);
