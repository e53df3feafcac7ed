/* SPDX-License-Identifier: MIT */
#include "lab/platform/carry.h"

#include "lab/files/file.h"
#include "lab/files/run.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of an ext4 superblock, which lies 1024 bytes into the disk (Linux, Documentation/filesystems/ext4/super.rst). */
enum {
	SUPER_BYTES = 256,
	SUPER_AT = 1024,
	MAGIC_AT = 0x38,
	MAGIC = 0xef53,
	INCOMPAT_AT = 0x60,
	INCOMPAT_RECOVER = 0x4,
	COMMAND_BYTES = PLATFORM_PATH_BYTES + 64,
};

/* Where the drivers keep it, in their order. */
static const char *const kept_names[] = { "data/mailvisor", "data.disk", "data" };

static bool path_of(const struct deploy_plan *plan, const char *name, char ret[PLATFORM_PATH_BYTES],
	struct error *e)
{
	return snprintf(ret, PLATFORM_PATH_BYTES, "%s/%s", plan->work_path, name) <
		       PLATFORM_PATH_BYTES ||
	       fail(e, FAULT_NEVER, "name a file '%s': the work path is too long", name);
}

bool carry_kept(const struct deploy_plan *plan, char ret[PLATFORM_PATH_BYTES], struct error *e)
{
	for (size_t i = 0; i < COUNT(kept_names); i++) {
		if (!path_of(plan, kept_names[i], ret, e))
			return false;
		if (access(ret, F_OK) == 0)
			return true;
	}
	return fail(e, FAULT_NEVER, "'%s': no server left its data there", plan->work_path);
}

bool carry_is_disk(const struct deploy_plan *plan)
{
	struct stat status;

	return plan->data_from != NULL && stat(plan->data_from, &status) == 0 &&
	       S_ISREG(status.st_mode);
}

/* A copy in which holes stay holes; blocks are shared where the file system can. */
static bool copy(const char *from, const char *to, struct error *e)
{
	const char *words[] = { "cp", "-a", "--sparse=always", "--reflink=auto", from, to, NULL };
	auto_buf output = { .max = RUN_OUTPUT_BYTES };

	return run(words, S(""), &output, e) || fail_in(e, "carry '%s'", from);
}

void carry_keep(const struct deploy_plan *plan, const char *name)
{
	char from[PLATFORM_PATH_BYTES], to[PLATFORM_PATH_BYTES];
	struct error ignored = { .fault = FAULT_NONE }; /* carry_kept() will not find it */

	if (path_of(plan, name, from, &ignored) && path_of(plan, "data.disk", to, &ignored))
		(void)!copy(from, to, &ignored);
}

/* False without a failure: something else than ext4. */
static bool is_ext4(const char *path, bool *ret_is_clean, struct error *e)
{
	unsigned char super[SUPER_BYTES];
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail(e, FAULT_NEVER, "open the disk '%s': %m", path);
	if (pread(fd, super, sizeof super, SUPER_AT) != (ssize_t)sizeof super ||
		(super[MAGIC_AT] | super[MAGIC_AT + 1] << 8) != MAGIC)
		return false;
	*ret_is_clean = (super[INCOMPAT_AT] & INCOMPAT_RECOVER) == 0;
	return true;
}

/* The raw disk: data_from itself, or a converted copy in the work folder. */
static bool raw_find(const struct deploy_plan *plan, char ret[PLATFORM_PATH_BYTES],
	bool *ret_is_clean, struct error *e)
{
	auto_buf output = { .max = RUN_OUTPUT_BYTES };
	const char *words[] = { "qemu-img", "convert", "-O", "raw", plan->data_from, ret, NULL };

	if (is_ext4(plan->data_from, ret_is_clean, e)) {
		(void)snprintf(ret, PLATFORM_PATH_BYTES, "%s", plan->data_from);
		return true;
	}
	if (e->fault != FAULT_NONE || !path_of(plan, "carried.raw", ret, e) ||
		!run(words, S(""), &output, e))
		return false;
	return is_ext4(ret, ret_is_clean, e) || e->fault != FAULT_NONE
		       ? e->fault == FAULT_NONE
		       : fail(e, FAULT_NEVER, "carry '%s': its file system is not ext4",
				 plan->data_from);
}

/* debugfs ends with 0 whatever happened: what counts is what is there afterwards. */
static bool disk_read(const char *disk, const char *into, struct error *e)
{
	char command[COMMAND_BYTES];
	const char *words[] = { "debugfs", "-R", command, disk, NULL };
	auto_buf output = { .max = RUN_OUTPUT_BYTES };
	char store[PLATFORM_PATH_BYTES + 64];

	(void)snprintf(command, sizeof command, "rdump /mailvisor \"%s\"", into);
	(void)snprintf(store, sizeof store, "%s/mailvisor/store/CURRENT", into);
	if (!run(words, S(""), &output, e))
		return false;
	return access(store, F_OK) == 0 ||
	       fail(e, FAULT_NEVER, "read '%s' with debugfs: there is no store in it: %.*s", disk,
		       S_FMT(slice_first(slice_trim(buf_slice(&output)), 100)));
}

/* What a machine whose power was cut left in its disk's journal, played on a copy. */
static bool journal_play(
	const struct deploy_plan *plan, char raw[PLATFORM_PATH_BYTES], struct error *e)
{
	char own[PLATFORM_PATH_BYTES];
	const char *words[] = { "e2fsck", "-p", "-E", "journal_only", own, NULL };
	auto_buf output = { .max = RUN_OUTPUT_BYTES };

	if (!path_of(plan, "carried.raw", own, e) || (strcmp(raw, own) != 0 && !copy(raw, own, e)))
		return false;
	(void)snprintf(raw, PLATFORM_PATH_BYTES, "%s", own);
	return run(words, S(""), &output, e);
}

static bool from_disk(const struct deploy_plan *plan, const char *to, struct error *e)
{
	char raw[PLATFORM_PATH_BYTES], dump[PLATFORM_PATH_BYTES], inside[PLATFORM_PATH_BYTES + 16];
	struct error ignored = { .fault = FAULT_NONE };
	bool is_clean = false;

	if (!raw_find(plan, raw, &is_clean, e) || (!is_clean && !journal_play(plan, raw, e)) ||
		!path_of(plan, "carried", dump, e))
		return false;
	if (mkdir(dump, 0700) < 0)
		return fail(e, FAULT_NEVER, "make '%s': %m", dump);
	(void)snprintf(inside, sizeof inside, "%s/mailvisor", dump);
	bool is_read = disk_read(raw, dump, e) &&
		       (rename(inside, to) == 0 ||
			       fail(e, FAULT_LATER, "move '%s' to '%s': %m", inside, to));

	(void)!folder_remove(dump, &ignored);
	if (strcmp(raw, plan->data_from) != 0)
		(void)unlink(raw);
	return is_read;
}

static bool own(const char *path, uid_t user, gid_t group, struct error *e)
{
	char owner[32];
	const char *words[] = { "chown", "-R", owner, path, NULL };
	auto_buf output = { .max = RUN_OUTPUT_BYTES };

	if (geteuid() != 0)
		return true;
	(void)snprintf(owner, sizeof owner, "%u:%u", (unsigned)user, (unsigned)group);
	return run(words, S(""), &output, e);
}

bool carry_to_folder(
	const struct deploy_plan *plan, const char *to, uid_t user, gid_t group, struct error *e)
{
	if (plan->data_from == NULL)
		return true;
	return (carry_is_disk(plan) ? from_disk(plan, to, e) : copy(plan->data_from, to, e)) &&
	       own(to, user, group, e);
}

bool carry_to_disk(const struct deploy_plan *plan, const char *to, struct error *e)
{
	char raw[PLATFORM_PATH_BYTES];
	bool is_clean; /* or the guest that mounts it plays its journal */

	if (!raw_find(plan, raw, &is_clean, e))
		return false;
	if (strcmp(raw, plan->data_from) == 0)
		return copy(raw, to, e);
	return rename(raw, to) == 0 || fail(e, FAULT_LATER, "move '%s': %m", raw);
}
