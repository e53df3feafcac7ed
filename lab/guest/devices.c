/* SPDX-License-Identifier: MIT */
#include "lab/guest/devices.h"

#include "base/slice.h"
#include "lab/guest/boot.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	LINE_BYTES = 256,
	LINE_COUNT = 1024, /* ata_piix alone has fifty patterns */
	DISK_LOOK_MS = 10,
	MAGIC_BYTES_MAX = 8,
	BUS_DEPTH = 3, /* a bus behind a bus, and the devices on it */
};

/* Where each says what it is: its superblock's magic number. */
static const struct magic {
	const char *name;
	off_t at;
	struct slice bytes;
} magics[] = {
	{ "ext4", 1024 + 0x38, S_INIT("\x53\xef") },
	{ "xfs", 0, S_INIT("XFSB") },
	{ "btrfs", 0x10000 + 0x40, S_INIT("_BHRfS_M") },
};

static void bus_read(const char *directory, struct devices *all)
{
	DIR *bus = opendir(directory);

	for (struct dirent *at; bus != NULL && (at = readdir(bus)) != NULL;) {
		char path[LINE_BYTES + sizeof at->d_name];
		char *alias = all->aliases[all->count < DEVICES_COUNT ? all->count : 0];

		(void)snprintf(path, sizeof path, "%s/%s/modalias", directory, at->d_name);
		auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || all->count == DEVICES_COUNT)
			continue;
		ssize_t got = read(fd, alias, DEVICES_ALIAS_BYTES - 1);

		if (got <= 0)
			continue;
		alias[got] = '\0';
		alias[strcspn(alias, "\n")] = '\0';
		all->count++;
	}
	if (bus != NULL)
		(void)closedir(bus);
}

void devices_read(struct devices *ret)
{
	ret->count = 0;
	bus_read("/sys/bus/pci/devices", ret);
	bus_read("/sys/bus/virtio/devices", ret);
	bus_read("/sys/bus/vmbus/devices", ret); /* Hyper-V's, which itself is a device of ACPI */
	bus_read("/sys/bus/acpi/devices", ret);
}

bool devices_match(const struct devices *all, const char *pattern)
{
	for (unsigned i = 0; i < all->count; i++) {
		if (fnmatch(pattern, all->aliases[i], 0) == 0)
			return true;
	}
	return false;
}

unsigned devices_load(const struct devices *all, const char *list_path)
{
	FILE *list = fopen(list_path, "re");
	bool is_wanted = false, was_path = true;
	unsigned loaded_count = 0;
	char line[LINE_BYTES];

	if (list == NULL)
		return 0;
	for (unsigned i = 0; i < LINE_COUNT && fgets(line, sizeof line, list) != NULL; i++) {
		bool is_path = line[0] == '/';

		line[strcspn(line, "\n")] = '\0';
		if (!is_path)
			is_wanted = (is_wanted && !was_path) || devices_match(all, line);
		else if (is_wanted)
			loaded_count += boot_module(line) == BOOT_LOADED ? 1 : 0;
		was_path = is_path;
	}
	(void)fclose(list);
	return loaded_count;
}

unsigned devices_load_all(const char *list_path)
{
	static struct devices all;
	unsigned loaded_count = 0, last_count = 1;

	for (unsigned i = 0; i < BUS_DEPTH && last_count > 0; i++) {
		devices_read(&all);
		last_count = devices_load(&all, list_path);
		loaded_count += last_count;
	}
	return loaded_count;
}

const char *devices_file_system(const char *path)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char room[MAGIC_BYTES_MAX];

	for (size_t i = 0; fd >= 0 && i < COUNT(magics); i++) {
		struct slice bytes = magics[i].bytes;

		if (pread(fd, room, bytes.len, magics[i].at) == (ssize_t)bytes.len &&
			memcmp(room, bytes.at, bytes.len) == 0)
			return magics[i].name;
	}
	return NULL;
}

/* Whole disks only: the image's own disk has a partition, which is not ours to look into. */
static bool disk_look(char ret_path[GUEST_PATH_BYTES])
{
	DIR *all = opendir("/sys/block");
	bool is_found = false;

	for (struct dirent *at; all != NULL && !is_found && (at = readdir(all)) != NULL;)
		is_found = at->d_name[0] != '.' &&
			   snprintf(ret_path, GUEST_PATH_BYTES, "/dev/%.40s", at->d_name) > 0 &&
			   devices_file_system(ret_path) != NULL;
	if (all != NULL)
		(void)closedir(all);
	return is_found;
}

bool devices_disk_find(char ret_path[GUEST_PATH_BYTES])
{
	for (unsigned waited_ms = 0; waited_ms < DEVICES_DISK_WAIT_MS; waited_ms += DISK_LOOK_MS) {
		if (disk_look(ret_path))
			return true;
		(void)poll(NULL, 0, DISK_LOOK_MS);
	}
	return false;
}
