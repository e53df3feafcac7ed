/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * modules - kernel modules for the image, each behind the ones it needs.
 *
 * PID 1 loads the two lists from top to bottom (lab/guest/boot.h), so order is all it must know.
 * What is built into the kernel needs no line. Home of libkmod.
 */
#include "lab/image/files.h"

/* "/lib/modules/VERSION" of this machine; adds the files and lib/modules/now and lib/modules/later.
 */
MUST_CHECK bool modules_add(struct image_files *set, const char *version, struct error *e);
