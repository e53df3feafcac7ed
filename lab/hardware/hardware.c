/* SPDX-License-Identifier: MIT */
#include "lab/hardware/hardware.h"

#include <string.h>

enum { VALUE_COUNT_MAX = 8 };

/* clang-format off */
static const struct hardware_row {
	const char *key;
	const char *values[VALUE_COUNT_MAX]; /* in the order of the enum; NULL ends them */
} rows[HARDWARE_KEY_COUNT] = {
	[HARDWARE_NIC] = { "nic", {
		[NIC_VIRTIO] = "virtio-net", [NIC_E1000] = "e1000", [NIC_E1000E] = "e1000e",
		[NIC_RTL8139] = "rtl8139", [NIC_VMXNET3] = "vmxnet3" } },
	[HARDWARE_DISK] = { "disk", {
		[DISK_VIRTIO_BLK] = "virtio-blk", [DISK_VIRTIO_SCSI] = "virtio-scsi",
		[DISK_NVME] = "nvme", [DISK_IDE] = "ide", [DISK_AHCI] = "ahci",
		[DISK_PVSCSI] = "pvscsi" } },
	[HARDWARE_CACHE] = { "cache", {
		[CACHE_WRITEBACK] = "writeback", [CACHE_NONE] = "none",
		[CACHE_WRITETHROUGH] = "writethrough", [CACHE_DIRECTSYNC] = "directsync",
		[CACHE_UNSAFE] = "unsafe" } },
	[HARDWARE_FORMAT] = { "format", { [FORMAT_RAW] = "raw", [FORMAT_QCOW2] = "qcow2" } },
	[HARDWARE_FS] = { "filesystem", {
		[FS_EXT4] = "ext4", [FS_XFS] = "xfs", [FS_BTRFS] = "btrfs" } },
	[HARDWARE_NETWORK] = { "network", { [NETWORK_TAP] = "tap", [NETWORK_USER] = "user" } },
	[HARDWARE_KERNEL] = { "kernel", { [KERNEL_AUTO] = "auto", [KERNEL_GENERIC] = "generic" } },
};
/* clang-format on */

_Static_assert((int)DISK_COUNT < (int)VALUE_COUNT_MAX, "the longest list and its NULL fit");

const char *hardware_key_name(enum hardware_key key)
{
	return rows[key].key;
}

const char *hardware_value_name(const struct hardware *h, enum hardware_key key)
{
	return rows[key].values[h->value[key]];
}

static bool refuse(const struct hardware_row *row, struct slice name, struct error *e)
{
	auto_buf list = { .max = HARDWARE_TEXT_BYTES };

	for (unsigned i = 0; row->values[i] != NULL; i++)
		(void)!buf_add_format(&list, "%s%s", i > 0 ? ", " : "", row->values[i]);
	return fail(e, FAULT_NEVER, "%s: there is no '%.*s': %.*s", row->key,
		S_FMT(slice_first(name, 40)), S_FMT(buf_slice(&list)));
}

bool hardware_set(struct hardware *h, enum hardware_key key, struct slice name, struct error *e)
{
	const struct hardware_row *row = &rows[key];

	for (unsigned i = 0; row->values[i] != NULL; i++) {
		if (!slice_same(slice_of(row->values[i]), name))
			continue;
		h->value[key] = i;
		return true;
	}
	return refuse(row, name, e);
}

bool hardware_same(const struct hardware *a, const struct hardware *b)
{
	return memcmp(a->value, b->value, sizeof a->value) == 0;
}

bool hardware_is_default(const struct hardware *h)
{
	return hardware_same(h, &(struct hardware){ .value = { 0 } });
}

bool hardware_print(const struct hardware *h, struct buf *to)
{
	size_t before = to->len;
	bool fits = true;

	for (unsigned key = 0; key < HARDWARE_KEY_COUNT; key++) {
		if (h->value[key] != 0)
			fits = fits && buf_add_format(to, "%s%s=%s", to->len > before ? " " : "",
					       rows[key].key, rows[key].values[h->value[key]]);
	}
	return fits;
}
