/* SPDX-License-Identifier: MIT */
#include "lab/platform/appliance.h"

#include "lab/files/file.h"
#include "lab/files/run.h"
#include "lab/image/files.h"
#include "lab/image/image.h"
#include "lab/image/server_files.h"
#include "lab/platform/carry.h"
#include "lab/platform/foreign.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CONSOLE_READ_BYTES = 8192, /* a boot prints one or two KiB */
	MEBIBYTE_BITS = 20,
};

/* What makes each file system, and the least that it can be made on. */
struct maker {
	const char *program, *package;
	uint64_t bytes_min;
	bool (*make)(const struct deploy_plan *plan, const char *seed, const char *disk,
		struct error *e);
};

static bool program(const char *const *words, struct error *e)
{
	auto_buf output = { .max = RUN_OUTPUT_BYTES };

	return run(words, S(""), &output, e);
}

static bool ext4_make(
	const struct deploy_plan *plan, const char *seed, const char *disk, struct error *e)
{
	const char *words[] = { "mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-E",
		"lazy_itable_init=1,lazy_journal_init=1,nodiscard", "-d", seed, disk, NULL };

	(void)plan;
	return program(words, e);
}

static bool btrfs_make(
	const struct deploy_plan *plan, const char *seed, const char *disk, struct error *e)
{
	const char *words[] = { "mkfs.btrfs", "-q", "-f", "--nodiscard", "--rootdir", seed, disk,
		NULL };

	(void)plan;
	return program(words, e);
}

/* mkfs.xfs(8), "-p protofile": a boot file that is not there, sizes that are not used, the root, one file. */
static bool xfs_make(
	const struct deploy_plan *plan, const char *seed, const char *disk, struct error *e)
{
	char path[PLATFORM_PATH_BYTES], text[PLATFORM_PATH_BYTES + 64];
	const char *words[] = { "mkfs.xfs", "-q", "-f", "-K", "-p", path, disk, NULL };

	if (strpbrk(seed, " \t\n") != NULL)
		return fail(e, FAULT_NEVER,
			"make an xfs on '%s': mkfs.xfs takes no path with a space", disk);
	if (!site_path(plan, "seed/protofile", path, e))
		return false;
	(void)snprintf(
		text, sizeof text, "/none\n0 0\nd--755 0 0\nsetup ---600 0 0 %s/setup\n$\n", seed);
	return file_put(path, slice_of(text), e) && program(words, e);
}

static const struct maker makers[FS_COUNT] = {
	[FS_EXT4] = { "mke2fs", "e2fsprogs", 0, ext4_make },
	[FS_XFS] = { "mkfs.xfs", "xfsprogs", UINT64_C(300) << MEBIBYTE_BITS, xfs_make },
	[FS_BTRFS] = { "mkfs.btrfs", "btrfs-progs", UINT64_C(128) << MEBIBYTE_BITS, btrfs_make },
};

bool appliance_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	const struct maker *maker = &makers[plan->hardware.value[HARDWARE_FS]];
	char path[PLATFORM_PATH_BYTES];

	(void)snprintf(path, sizeof path, "%s/" IMAGE_MANIFEST, plan->image_path);
	if (!run_is_there(maker->program))
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"there is no %s; the package %s brings it", maker->program, maker->package);
	else if (plan->disk_bytes < maker->bytes_min)
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"%s makes no file system on less than %llu MiB", maker->program,
			(unsigned long long)maker->bytes_min >> MEBIBYTE_BITS);
	else if (access(path, R_OK) < 0)
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"there is no image at '%.140s'; `mailvisor-lab image build` makes one",
			plan->image_path);
	else
		return true;
	return false;
}

static bool disk_begin(const struct deploy_plan *plan, const char *disk, struct error *e)
{
	auto_fd fd = open(disk, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return (fd >= 0 && ftruncate(fd, (off_t)plan->disk_bytes) == 0) ||
	       fail(e, FAULT_NEVER, "make the disk '%s': %m", disk);
}

/* The seed is there, made by the server's adapter: a folder of folders. */
static bool foreign_disk_make(
	const struct deploy_plan *plan, const char *seed, const char *disk, struct error *e)
{
	const struct maker *maker = &makers[plan->hardware.value[HARDWARE_FS]];

	if (maker->make == xfs_make || plan->data_from != NULL)
		return fail(e, FAULT_NEVER,
			"make a disk for %s: on ext4 and btrfs, and for a fresh server only",
			plan->server->title);
	return disk_begin(plan, disk, e) && maker->make(plan, seed, disk, e);
}

/* Made without root and without mounting. */
bool appliance_disk_make(
	const struct deploy_plan *plan, char ret[PLATFORM_PATH_BYTES], struct error *e)
{
	char seed[PLATFORM_PATH_BYTES], setup[PLATFORM_PATH_BYTES], kept[PLATFORM_PATH_BYTES];

	if (!site_path(plan, APPLIANCE_DISK, ret, e) || !site_path(plan, "seed", seed, e) ||
		!site_path(plan, "seed/setup", setup, e))
		return false;
	if (plan->data_from != NULL && plan->hardware.value[HARDWARE_FS] != FS_EXT4)
		return fail(e, FAULT_NEVER,
			"make the disk '%s': what another server left goes to ext4 only", ret);
	if (carry_is_disk(plan))
		return carry_to_disk(plan, ret, e);
	if (foreign_is(plan))
		return foreign_disk_make(plan, seed, ret, e);
	if (mkdir(seed, 0755) < 0)
		return fail(e, FAULT_NEVER, "make '%s': %m", seed);
	if (!site_path(plan, "seed/mailvisor", kept, e) ||
		!carry_to_folder(plan, kept, SERVER_FILES_UID, SERVER_FILES_UID, e))
		return false;
	return disk_begin(plan, ret, e) && site_setup_write(plan, setup, e) &&
	       makers[plan->hardware.value[HARDWARE_FS]].make(plan, seed, ret, e);
}

/* Stages that PID 1 and the kernel print. */
static const struct console_state {
	struct slice line;
	const char *stage;
} console_states[] = {
	{ S_INIT("mailvisor-guest: state=init"), "init" },
	{ S_INIT("mailvisor-guest: state=network"), "network" },
	{ S_INIT("mailvisor-guest: state=disk"), "disk" },
	{ S_INIT("mailvisor-guest: state=server"), "server" },
};

static bool console_line(struct deployment *d, struct slice line, struct error *e)
{
	line = slice_trim(line);
	if (slice_starts(line, S("mailvisor-guest: state=failed")))
		return fail(e, FAULT_NEVER, "the guest says: %.*s",
			(int)(line.len > 160 ? 160 : line.len), line.at);
	for (size_t i = 0; i < COUNT(console_states); i++) {
		if (slice_starts(line, console_states[i].line))
			site_stage(d, console_states[i].stage);
	}
	return true;
}

/* Looks at what the console has printed since the last look. */
bool appliance_console_watch(struct site *s, struct deployment *d, struct error *e)
{
	auto_fd fd = open(d->console_path, O_RDONLY | O_CLOEXEC);
	char room[CONSOLE_READ_BYTES];

	/* A hypervisor may begin the file again with each start of the machine. */
	if (fd >= 0 && lseek(fd, 0, SEEK_END) < (off_t)s->console_seen_bytes)
		s->console_seen_bytes = 0;
	ssize_t got = fd < 0 ? -1 : pread(fd, room, sizeof room, (off_t)s->console_seen_bytes);
	struct slice text = { room, got < 0 ? 0 : (size_t)got };

	for (size_t end = slice_find(text, '\n'); end < text.len; end = slice_find(text, '\n')) {
		if (!console_line(d, slice_first(text, end), e))
			return false;
		s->console_seen_bytes += end + 1;
		text = slice_skip(text, end + 1);
	}
	return true;
}

bool appliance_address(struct slice line, char *room, size_t size)
{
	const struct slice key = S(" ip=");
	struct in_addr address;

	line = slice_trim(line);
	if (!slice_starts(line, S("mailvisor-guest: state=network ")))
		return false;
	for (; line.len > 0 && !slice_starts(line, key); line = slice_skip(line, 1))
		continue;
	line = slice_skip(line, line.len == 0 ? 0 : key.len);
	return slice_text(slice_first(line, slice_find(line, ' ')), room, size) &&
	       inet_pton(AF_INET, room, &address) == 1;
}

/* PID 1's line about the network is what makes the guest reachable. */
bool appliance_address_watch(struct site *s, struct deployment *d, struct error *e)
{
	auto_free char *at = NULL;
	struct error ignored = { 0 };
	size_t len = 0;

	if (!appliance_console_watch(s, d, e))
		return false;
	if (d->host[0] != '\0' || !image_read(d->console_path, &at, &len, &ignored))
		return true;
	for (struct slice rest = { at, len }; rest.len > 0 && d->host[0] == '\0';) {
		size_t end = slice_find(rest, '\n');

		/* The last line may not be whole yet. */
		if (end < rest.len &&
			!appliance_address(slice_first(rest, end), d->host, sizeof d->host))
			d->host[0] = '\0';
		rest = slice_skip(rest, end + 1);
	}
	return true;
}

static json_t *manifest_read(const struct site *s)
{
	char path[PLATFORM_PATH_BYTES + sizeof IMAGE_MANIFEST];
	json_error_t where;

	(void)snprintf(path, sizeof path, "%s/" IMAGE_MANIFEST, s->image_path);
	return json_load_file(path, 0, &where);
}

void appliance_note(struct site *s)
{
	json_t *all = manifest_read(s);

	(void)json_object_set(s->facts, "image_sha256",
		json_object_get(json_object_get(all, "initramfs"), "sha256"));
	json_decref(all);
}

void appliance_kernel_note(struct site *s)
{
	json_t *all = manifest_read(s);

	(void)json_object_set(s->facts, "guest_kernel", json_object_get(all, "kernel_version"));
	(void)json_object_set(s->facts, "kernel_sha256",
		json_object_get(json_object_get(all, "kernel"), "sha256"));
	json_decref(all);
}
