/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * devices - what this machine turned out to have: drivers for it, and the disk that holds the data.
 *
 * The image knows more hypervisors than the one it runs on; a driver is loaded when a device asks
 * for it (its modalias in sysfs matches one of the driver's patterns), so that a boot pays for the
 * hardware that is there and for nothing else.
 * The list: lines with patterns, then lines with the paths of modules (in the order of their needs),
 * then the next driver's patterns.
 * Limits: DEVICES_COUNT devices are looked at, DEVICES_DISK_WAIT_MS for a disk to appear.
 */
#include "lab/guest/args.h"

#include <stdbool.h>

#define DEVICES_DRIVERS "/lib/modules/drivers"

enum {
	DEVICES_COUNT =
		256, /* a virtual machine has ten to forty on its buses, and a hundred in ACPI */
	DEVICES_ALIAS_BYTES = 128,
	DEVICES_DISK_WAIT_MS = 10000, /* SCSI buses are scanned after their driver is there */
};

/* The devices' own names, one a row. */
struct devices {
	char aliases[DEVICES_COUNT][DEVICES_ALIAS_BYTES];
	unsigned count;
};

/* What /sys/bus says. */
void devices_read(struct devices *ret);
bool devices_match(const struct devices *all, const char *pattern);
/* Loads what the list has for them; returns how many modules the kernel took that it had not. */
unsigned devices_load(const struct devices *all, const char *list_path);
/* The same for this machine, again while drivers of buses bring new devices. */
unsigned devices_load_all(const char *list_path);
/* The file system at the beginning of the file or device, by its magic number: "ext4", "xfs" or "btrfs";
 * NULL: none that the appliance keeps mail on. */
const char *devices_file_system(const char *path);
/* Waits for the first whole disk with such a file system; false: there is none. */
bool devices_disk_find(char ret_path[GUEST_PATH_BYTES]);
