/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * boot - what stands between a bare kernel and a program: file systems, modules, disk, entropy.
 *
 * Called once, by PID 1, in this order. Paths are those of the image (lab/image).
 * Limits: BOOT_MODULE_COUNT lines in the module list, BOOT_DISK_WAIT_MS for the disk to appear.
 */
#include "base/error.h"

#define BOOT_MODULES_NOW "/lib/modules/now"     /* needed before the server starts */
#define BOOT_MODULES_LATER "/lib/modules/later" /* needed by nobody who waits */

/* proc, sys, dev, run, tmp. */
MUST_CHECK bool boot_mounts(struct error *e);
/* Loads the listed modules, a path a line, in that order; returns how many the kernel took. */
unsigned boot_modules(const char *list_path);
/* Loads one; REFUSED when the kernel says no, also because the hardware is not there. */
enum boot_loaded { BOOT_REFUSED, BOOT_LOADED, BOOT_WAS_THERE };
enum boot_loaded boot_module(const char *path);
/* Gives the kernel's generator bytes of the host's device, when there is one. */
bool boot_entropy(void);
/* Mounts the file system on `disk` as /data: ext4, xfs or btrfs, which it finds out. */
MUST_CHECK bool boot_disk(const char *disk, struct error *e);
