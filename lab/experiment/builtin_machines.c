/* SPDX-License-Identifier: MIT */
/*
 * Of what a virtual machine should be made: devices, file systems, virtual disks.
 *
 * Asked as `paper` asks: its closed loop, its smallest and its largest mail. Fourteen blocks: 2/2^14 passes
 * Holm's first step for all pairs of eleven cells at two sizes (0.05/110). Cells that a machine cannot run
 * are left out by name, so each experiment has those of both accelerators.
 */
#include "lab/experiment/builtin.h"

#define LIKE_PAPER                                                                                 \
	.sizes = { 1 << 10, 10 << 10 }, .size_count = 2, .blocks = 14, .per_size = 40,             \
	.warmup = 10, .literal_count = 5, .poll_interval_us = 1000, .message_deadline_ms = 10000,  \
	.deploy_deadline_ms = 120000, .cpu_count = 1, .memory_mib = 256, .disk_mib = 512,          \
	.sesoi_percent = 5, .seed = 20210513, .from = "alice@a.example", .to = "alice@b.example"

/* clang-format off */
#define CELL(driver, name, ...) { .label = driver "-" name, .platform = driver, .hardware = { { __VA_ARGS__ } } }
/* One kernel for all of them: the small one has no drivers for real machines' devices. */
#define DEVICES(driver, name, nic, disk) CELL(driver, name, nic, disk, [HARDWARE_KERNEL] = KERNEL_GENERIC)

/* Devices that were made to be virtual, and those that imitate a real machine's. */
const struct experiment builtin_devices = {
	.name = "devices",
	.question = "Do paravirtualised devices deliver mail faster than emulated ones, and by how much?",
	.cells = {
		DEVICES("tcg", "virtio", NIC_VIRTIO, DISK_VIRTIO_BLK),
		{ .label = "tcg-virtio-again", .platform = "tcg", .is_control = true,
			.hardware = { { [HARDWARE_KERNEL] = KERNEL_GENERIC } } },
		DEVICES("tcg", "virtio-scsi", NIC_VIRTIO, DISK_VIRTIO_SCSI),
		DEVICES("tcg", "vmxnet3-pvscsi", NIC_VMXNET3, DISK_PVSCSI),
		DEVICES("tcg", "e1000-ahci", NIC_E1000, DISK_AHCI),
		DEVICES("tcg", "e1000e-nvme", NIC_E1000E, DISK_NVME),
		DEVICES("tcg", "rtl8139-ide", NIC_RTL8139, DISK_IDE),
		DEVICES("kvm", "virtio", NIC_VIRTIO, DISK_VIRTIO_BLK),
		DEVICES("kvm", "vmxnet3-pvscsi", NIC_VMXNET3, DISK_PVSCSI),
		DEVICES("kvm", "e1000-ahci", NIC_E1000, DISK_AHCI),
		DEVICES("kvm", "e1000e-nvme", NIC_E1000E, DISK_NVME),
		DEVICES("kvm", "rtl8139-ide", NIC_RTL8139, DISK_IDE),
	},
	.cell_count = 12,
	LIKE_PAPER,
};

/* The guest's file system, everything else alike. */
const struct experiment builtin_filesystems = {
	.name = "filesystems",
	.question = "Which file system in the guest delivers mail fastest?",
	.cells = {
		CELL("tcg", "ext4", 0),
		{ .label = "tcg-ext4-again", .platform = "tcg", .is_control = true },
		CELL("tcg", "xfs", [HARDWARE_FS] = FS_XFS),
		CELL("tcg", "btrfs", [HARDWARE_FS] = FS_BTRFS),
		CELL("uml", "ext4", 0),
		CELL("uml", "xfs", [HARDWARE_FS] = FS_XFS),
		CELL("uml", "btrfs", [HARDWARE_FS] = FS_BTRFS),
		CELL("kvm", "ext4", 0),
		CELL("kvm", "xfs", [HARDWARE_FS] = FS_XFS),
		CELL("kvm", "btrfs", [HARDWARE_FS] = FS_BTRFS),
	},
	.cell_count = 10,
	LIKE_PAPER,
};

/* The same mail on the machine's own disk, and on a disk that a hypervisor makes of a file there. */
const struct experiment builtin_storage = {
	.name = "storage",
	.question = "What does a virtual disk cost against the machine's own, and which kind of it costs least?",
	.cells = {
		{ .label = "process", .platform = "process" },
		{ .label = "process-again", .platform = "process", .is_control = true },
		{ .label = "container", .platform = "container" },
		{ .label = "uml", .platform = "uml" },
		CELL("tcg", "raw-writeback", 0),
		CELL("tcg", "raw-none", [HARDWARE_CACHE] = CACHE_NONE),
		CELL("tcg", "raw-directsync", [HARDWARE_CACHE] = CACHE_DIRECTSYNC),
		CELL("tcg", "qcow2-writeback", [HARDWARE_FORMAT] = FORMAT_QCOW2),
		CELL("kvm", "raw-writeback", 0),
		CELL("kvm", "raw-none", [HARDWARE_CACHE] = CACHE_NONE),
		CELL("kvm", "qcow2-writeback", [HARDWARE_FORMAT] = FORMAT_QCOW2),
	},
	.cell_count = 11,
	LIKE_PAPER,
};
/* clang-format on */
