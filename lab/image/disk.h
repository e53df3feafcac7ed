/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * disk - the appliance as one disk that boots by itself, by UEFI and by BIOS.
 *
 *     sector 0        syslinux' gptmbr: a BIOS starts here and looks for the bootable partition
 *     1 MiB ...       one FAT32 partition, the "EFI system partition":
 *                       EFI/BOOT/BOOTX64.EFI  systemd's stub with kernel, initramfs and words
 *                       linux, initrd, syslinux.cfg  the same three for syslinux
 *
 * Made of an image's directory by the usual programs, without root and without mounting. Mail goes
 * to a second disk (ext4), which the appliance finds by itself; this one is only read.
 * Not here: the second disk, starting machines. Threads: none.
 */
#include "lab/image/files.h"

#define DISK_NAME "disk"

struct disk_plan {
	const char *directory;   /* of image_build() */
	const char *kernel_path; /* the bzImage; NULL: /boot's of the image's version */
	const char *words;       /* more kernel arguments; NULL: none */
	const char *format;      /* "raw", "vdi", "vmdk" or "qcow2" */
	const char *work_path;   /* an existing directory for what is made on the way */
	const char *to;          /* the disk */
};

/* The format of that name, as qemu-img calls it; false: we do not make it. */
bool disk_has_format(const char *format);
/* Are the programs and files here? False, with one sentence, when not. */
bool disk_is_possible(const char *format, char *ret_reason, size_t size);
MUST_CHECK bool disk_build(const struct disk_plan *plan, struct error *e);
/* raw -> vdi, vmdk or qcow2, by qemu-img. */
MUST_CHECK bool disk_convert(const char *from, const char *format, const char *to, struct error *e);
