/* SPDX-License-Identifier: MIT */
#include "lab/image/drivers.h"

#include "lab/guest/devices.h"
#include "lab/image/modules.h"

#include <sys/stat.h>

enum { DRIVER_LIST_BYTES = 64 << 10, DRIVER_NAME_COUNT = 4 };

/* Each with what it needs beside its dependencies; the last one has the patterns. */
static const char *const drivers[][DRIVER_NAME_COUNT] = {
	{ "vmxnet3" },               /* VMware's network */
	{ "sd_mod", "vmw_pvscsi" },  /* VMware's disk */
	{ "sd_mod", "virtio_scsi" }, /* VirtualBox and QEMU */
	{ "sd_mod", "ata_piix" },    /* IDE as old machines had it: VirtualBox and QEMU's "pc" */
	{ "sd_mod", "ahci" },        /* SATA: kernels for real machines only */
	{ "e1000" },                 /* Intel's, which old machines of VMware and VirtualBox have */
	{ "e1000e" },
	{ "hv_vmbus" }, /* Hyper-V's bus; what is on it appears after it */
	{ "hv_netvsc" },
	{ "sd_mod", "hv_storvsc" },
};

/* One row of the table. What the kernel has built in, or has not, needs no line. */
static bool driver_add(const struct modules *m, struct image_files *set, const char *const *names,
	struct buf *lines, struct error *e)
{
	auto_buf paths = { .max = DRIVER_LIST_BYTES };
	unsigned count = 0;

	while (count < DRIVER_NAME_COUNT && names[count] != NULL)
		count++;
	if (modules_find(m, names[count - 1]) != MODULES_FILE)
		return true;
	for (unsigned i = 0; i < count; i++) {
		if (!modules_tree(m, set, names[i], &paths, e))
			return false;
	}
	return modules_patterns(m, names[count - 1], lines, e) &&
	       (buf_add(lines, buf_slice(&paths)) ||
		       fail(e, FAULT_NEVER, "list the drivers: more than %d bytes",
			       DRIVER_LIST_BYTES));
}

bool drivers_add(struct image_files *set, const char *version, struct error *e)
{
	auto_buf lines = { .max = DRIVER_LIST_BYTES };
	auto_modules m = { .context = NULL };

	if (!modules_open(&m, version, e))
		return false;
	for (size_t i = 0; i < COUNT(drivers); i++) {
		if (!driver_add(&m, set, drivers[i], &lines, e))
			return false;
	}
	return image_files_add(set, &DEVICES_DRIVERS[1], S_IFREG | 0644, buf_slice(&lines), e);
}
