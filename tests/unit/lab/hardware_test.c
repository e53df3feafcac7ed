/* SPDX-License-Identifier: MIT */
/* Every name of every key reads back as itself; a wrong one is refused with what there is. */
#include "check.h"
#include "lab/hardware/hardware.h"

#include <string.h>

static void test_names(void **state)
{
	static const struct {
		enum hardware_key key;
		const char *name;
		unsigned value;
	} rows[] = {
		{ HARDWARE_NIC, "virtio-net", NIC_VIRTIO },
		{ HARDWARE_NIC, "e1000", NIC_E1000 },
		{ HARDWARE_NIC, "e1000e", NIC_E1000E },
		{ HARDWARE_NIC, "rtl8139", NIC_RTL8139 },
		{ HARDWARE_NIC, "vmxnet3", NIC_VMXNET3 },
		{ HARDWARE_DISK, "virtio-blk", DISK_VIRTIO_BLK },
		{ HARDWARE_DISK, "virtio-scsi", DISK_VIRTIO_SCSI },
		{ HARDWARE_DISK, "nvme", DISK_NVME },
		{ HARDWARE_DISK, "ide", DISK_IDE },
		{ HARDWARE_DISK, "ahci", DISK_AHCI },
		{ HARDWARE_DISK, "pvscsi", DISK_PVSCSI },
		{ HARDWARE_CACHE, "writeback", CACHE_WRITEBACK },
		{ HARDWARE_CACHE, "none", CACHE_NONE },
		{ HARDWARE_CACHE, "writethrough", CACHE_WRITETHROUGH },
		{ HARDWARE_CACHE, "directsync", CACHE_DIRECTSYNC },
		{ HARDWARE_CACHE, "unsafe", CACHE_UNSAFE },
		{ HARDWARE_FORMAT, "raw", FORMAT_RAW },
		{ HARDWARE_FORMAT, "qcow2", FORMAT_QCOW2 },
		{ HARDWARE_FS, "ext4", FS_EXT4 },
		{ HARDWARE_FS, "xfs", FS_XFS },
		{ HARDWARE_FS, "btrfs", FS_BTRFS },
		{ HARDWARE_NETWORK, "tap", NETWORK_TAP },
		{ HARDWARE_NETWORK, "user", NETWORK_USER },
		{ HARDWARE_KERNEL, "auto", KERNEL_AUTO },
		{ HARDWARE_KERNEL, "generic", KERNEL_GENERIC },
	};

	(void)state;
	check(COUNT(rows) == NIC_COUNT + DISK_COUNT + CACHE_COUNT + FORMAT_COUNT + FS_COUNT +
				     NETWORK_COUNT + KERNEL_COUNT);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hardware h = { .value = { 0 } };
		struct error e = { 0 };

		check_row(hardware_set(&h, rows[i].key, slice_of(rows[i].name), &e), i);
		check_row(h.value[rows[i].key] == rows[i].value, i);
		check_row(strcmp(hardware_value_name(&h, rows[i].key), rows[i].name) == 0, i);
		check_row(hardware_is_default(&h) == (rows[i].value == 0), i);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		enum hardware_key key;
		struct slice name;
		const char *says;
	} rows[] = {
		{ HARDWARE_NIC, S_INIT("e100"), "nic: there is no 'e100': virtio-net, e1000, " },
		{ HARDWARE_DISK, S_INIT(""), "disk: there is no ''" },
		{ HARDWARE_FS, S_INIT("EXT4"), "filesystem: there is no 'EXT4': ext4, xfs, btrfs" },
		{ HARDWARE_CACHE, S_INIT("writeback "), "cache: " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hardware h = { .value = { 1, 1, 1, 1, 1, 1 } }, before = h;
		struct error e = { 0 };

		check_row(!hardware_set(&h, rows[i].key, rows[i].name, &e), i);
		check_row(strstr(e.text, rows[i].says) != NULL && hardware_same(&h, &before), i);
	}
}

static void test_print(void **state)
{
	static const struct {
		struct hardware h;
		size_t max;
		const char *text; /* NULL: it does not fit */
	} rows[] = {
		{ { { 0 } }, HARDWARE_TEXT_BYTES, "" },
		{ { { [HARDWARE_NIC] = NIC_E1000 } }, HARDWARE_TEXT_BYTES, "nic=e1000" },
		{ { { [HARDWARE_NIC] = NIC_E1000, [HARDWARE_FS] = FS_XFS } }, HARDWARE_TEXT_BYTES,
			"nic=e1000 filesystem=xfs" },
		{ { { NIC_VMXNET3, DISK_VIRTIO_SCSI, CACHE_WRITETHROUGH, FORMAT_QCOW2, FS_BTRFS,
			  NETWORK_USER } },
			HARDWARE_TEXT_BYTES,
			"nic=vmxnet3 disk=virtio-scsi cache=writethrough format=qcow2 "
			"filesystem=btrfs network=user" },
		{ { { [HARDWARE_NIC] = NIC_E1000 } }, 8, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf text = { .max = rows[i].max };

		check_row(hardware_print(&rows[i].h, &text) == (rows[i].text != NULL), i);
		check_row(rows[i].text == NULL ||
				  slice_same(buf_slice(&text), slice_of(rows[i].text)),
			i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
