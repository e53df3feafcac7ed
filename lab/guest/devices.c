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
	EXT4_MAGIC_AT = 1024 + 0x38, /* the superblock's s_magic, little-endian */
	EXT4_MAGIC_LOW = 0x53,
	EXT4_MAGIC_HIGH = 0xef,
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
			loaded_count += boot_module(line) ? 1 : 0;
		was_path = is_path;
	}
	(void)fclose(list);
	return loaded_count;
}

bool devices_is_ext4(const char *path)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char magic[2];

	return fd >= 0 && pread(fd, magic, sizeof magic, EXT4_MAGIC_AT) == (ssize_t)sizeof magic &&
	       magic[0] == EXT4_MAGIC_LOW && magic[1] == EXT4_MAGIC_HIGH;
}

/* Whole disks only: the image's own disk has a partition, which is not ours to look into. */
static bool disk_look(char ret_path[GUEST_PATH_BYTES])
{
	DIR *all = opendir("/sys/block");
	bool is_found = false;

	for (struct dirent *at; all != NULL && !is_found && (at = readdir(all)) != NULL;)
		is_found = at->d_name[0] != '.' &&
			   snprintf(ret_path, GUEST_PATH_BYTES, "/dev/%.40s", at->d_name) > 0 &&
			   devices_is_ext4(ret_path);
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
