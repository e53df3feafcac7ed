/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * hardware - what a virtual machine is made of, as factors of an experiment: devices, cache, file system.
 *
 * A plain value; all zeros are the defaults: QEMU's paravirtualised devices, writeback, a raw disk with
 * ext4, a tap on the lab's bridge. One table holds keys and values as text, for experiment files,
 * trial records and the report.
 * Not here: which platform can have what (its probe says so), processors and memory (deploy_plan).
 * Threads: none. Limits: HARDWARE_TEXT_BYTES for all of it as text.
 */
#include "base/buf.h"
#include "base/error.h"

enum hardware_key {
	HARDWARE_NIC,
	HARDWARE_DISK,
	HARDWARE_CACHE,
	HARDWARE_FORMAT,
	HARDWARE_FS,
	HARDWARE_NETWORK,
	HARDWARE_KERNEL,
	HARDWARE_KEY_COUNT
};

enum { HARDWARE_TEXT_BYTES = 256 };

enum hardware_nic { NIC_VIRTIO, NIC_E1000, NIC_E1000E, NIC_RTL8139, NIC_VMXNET3, NIC_COUNT };
enum hardware_disk {
	DISK_VIRTIO_BLK,
	DISK_VIRTIO_SCSI,
	DISK_NVME,
	DISK_IDE,
	DISK_AHCI,
	DISK_PVSCSI,
	DISK_COUNT
};
/* As QEMU has them: "none" goes around the host's cache, "unsafe" ignores the guest's flushes. */
enum hardware_cache {
	CACHE_WRITEBACK,
	CACHE_NONE,
	CACHE_WRITETHROUGH,
	CACHE_DIRECTSYNC,
	CACHE_UNSAFE,
	CACHE_COUNT
};
enum hardware_format { FORMAT_RAW, FORMAT_QCOW2, FORMAT_COUNT };
enum hardware_fs { FS_EXT4, FS_XFS, FS_BTRFS, FS_COUNT };
enum hardware_network { NETWORK_TAP, NETWORK_USER, NETWORK_COUNT };
/* "auto": the distribution's kernel for virtual machines, unless a device has its driver only in the one for
 * all machines, "generic": a fair comparison of devices has the same kernel everywhere. */
enum hardware_kernel { KERNEL_AUTO, KERNEL_GENERIC, KERNEL_COUNT };

struct hardware {
	unsigned value[HARDWARE_KEY_COUNT]; /* of the enum that belongs to the key */
};

/* "nic", "disk", "cache", "format", "filesystem", "network", "kernel". */
const char *hardware_key_name(enum hardware_key key);
/* "e1000" */
const char *hardware_value_name(const struct hardware *h, enum hardware_key key);
/* Sets the key's value by its name; the failure lists what there is. */
MUST_CHECK bool hardware_set(
	struct hardware *h, enum hardware_key key, struct slice name, struct error *e);
bool hardware_same(const struct hardware *a, const struct hardware *b);
bool hardware_is_default(const struct hardware *h);
/* "nic=e1000 disk=ahci": what is not the default; nothing when all is. */
MUST_CHECK bool hardware_print(const struct hardware *h, struct buf *to);
