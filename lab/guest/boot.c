/* SPDX-License-Identifier: MIT */
#include "lab/guest/boot.h"

#include "base/slice.h"
#include "lab/guest/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	BOOT_MODULE_COUNT = 64,
	BOOT_DISK_WAIT_MS = 10000, /* a disk that is not there by then has no driver in the image */
	BOOT_DISK_LOOK_MS = 5,
	BOOT_ENTROPY_BYTES = 64, /* twice what the kernel's generator takes as its seed */
};

bool boot_mounts(struct error *e)
{
	static const struct {
		const char *type, *at, *options;
		unsigned long flags;
	} mounts[] = {
		{ "proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "devtmpfs", "/dev", "mode=0755", MS_NOSUID },
		{ "tmpfs", "/run", "mode=0755,size=16m", MS_NOSUID | MS_NODEV },
		{ "tmpfs", "/tmp", "mode=1777,size=16m", MS_NOSUID | MS_NODEV },
	};

	for (size_t i = 0; i < COUNT(mounts); i++) {
		if (mount(mounts[i].type, mounts[i].at, mounts[i].type, mounts[i].flags,
			    mounts[i].options) < 0 &&
			errno != EBUSY)
			return fail(e, FAULT_NEVER, "mount '%s' on '%s': %m", mounts[i].type,
				mounts[i].at);
	}
	return true;
}

/* A driver for hardware that is not there answers ENODEV: that is no failure of the boot. */
enum boot_loaded boot_module(const char *path)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && syscall(SYS_finit_module, fd, "", 0) == 0)
		return BOOT_LOADED;
	return fd >= 0 && errno == EEXIST ? BOOT_WAS_THERE : BOOT_REFUSED;
}

unsigned boot_modules(const char *list_path)
{
	FILE *list = fopen(list_path, "re");
	unsigned loaded_count = 0;
	char line[256];

	if (list == NULL)
		return 0;
	for (unsigned i = 0; i < BOOT_MODULE_COUNT && fgets(line, sizeof line, list) != NULL; i++) {
		line[strcspn(line, "\n")] = '\0';
		loaded_count += boot_module(line) != BOOT_REFUSED ? 1 : 0;
	}
	(void)fclose(list);
	return loaded_count;
}

bool boot_entropy(void)
{
	/* The kernel's struct ends in an array of unknown size: head, then bytes. */
	int seed[2 + BOOT_ENTROPY_BYTES / sizeof(int)];
	auto_fd from = open("/dev/hwrng", O_RDONLY | O_CLOEXEC);
	auto_fd to = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
	ssize_t got = from < 0 ? -1 : read(from, seed + 2, BOOT_ENTROPY_BYTES);

	if (got <= 0 || to < 0)
		return false;
	seed[0] = (int)got * 8; /* struct rand_pool_info: entropy_count, in bits */
	seed[1] = (int)got;     /* buf_size */
	return ioctl(to, RNDADDENTROPY, seed) == 0;
}

static bool disk_wait(const char *disk)
{
	struct stat at;

	for (unsigned waited_ms = 0; waited_ms < BOOT_DISK_WAIT_MS;
		waited_ms += BOOT_DISK_LOOK_MS) {
		if (stat(disk, &at) == 0)
			return true;
		(void)poll(NULL, 0, BOOT_DISK_LOOK_MS);
	}
	return false;
}

bool boot_disk(const char *disk, struct error *e)
{
	if (!disk_wait(disk))
		return fail(e, FAULT_NEVER, "mount '%s': no such disk in %d s", disk,
			BOOT_DISK_WAIT_MS / 1000);
	const char *type = devices_file_system(disk);

	if (type == NULL)
		return fail(e, FAULT_NEVER,
			"mount '%s' on '/data': no ext4, xfs or btrfs on it; make one with mke2fs "
			"-t ext4",
			disk);
	return mount(disk, "/data", type, MS_NOATIME | MS_NOSUID | MS_NODEV, NULL) == 0 ||
	       fail(e, FAULT_NEVER, "mount '%s' (%s) on '/data': %m", disk, type);
}
