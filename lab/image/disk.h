/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * disk - the appliance as one disk that boots by itself, by UEFI and by BIOS.
 *
 *     sector 0        syslinux' gptmbr: a BIOS starts here and looks for the bootable partition
 *     1 MiB ...       one FAT32 partition, the "EFI system partition":
 *                       linux, initrd           what is started
 *                       EFI/BOOT/BOOTX64.EFI, loader/...  systemd-boot, which starts it under UEFI
 *                       ldlinux.sys, syslinux.cfg         syslinux, which starts it under a BIOS
 *
 * Made of an image's directory by the usual programs, without root and without mounting. Mail goes
 * to a second disk, which the appliance finds by itself; this one is only read.
 * Not here: formats (format.h), starting machines. Threads: none.
 */
#include "lab/image/files.h"

#define DISK_NAME "disk"

struct disk_plan {
	const char *directory;   /* of image_build() */
	const char *kernel_path; /* the bzImage; NULL: /boot's of the image's version */
	const char *words;       /* more kernel arguments; NULL: none */
	const char *format;      /* of format.h, but "ova" */
	const char *work_path;   /* an existing directory for what is made on the way */
	const char *to;          /* the disk */
};

/* Are the programs and files here? False, with one sentence, when not. */
bool disk_is_possible(const char *format, char *ret_reason, size_t size);
MUST_CHECK bool disk_build(const struct disk_plan *plan, struct error *e);
/*
 * A data disk for it, in the same formats: ext4 over all of it, with the setup file (NULL: none) in it,
 * which is what `mailvisor serve --setup` reads.
 */
struct disk_data_plan {
	const char *setup_path, *format, *work_path, *to;
	uint64_t bytes;
};
MUST_CHECK bool disk_data_build(const struct disk_data_plan *plan, struct error *e);
