/* SPDX-License-Identifier: MIT */
/* disk_data_build: the disk that mail goes to, made without root and without mounting. */
#include "base/buf.h"
#include "lab/files/file.h"
#include "lab/files/run.h"
#include "lab/image/disk.h"
#include "lab/image/format.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SETUP_BYTES_MAX = 16 << 20 };

/* A directory that holds the setup file alone, as it shall be on the disk. */
static bool seed_make(const struct disk_data_plan *plan, const char *seed, struct error *e)
{
	char path[IMAGE_PATH_BYTES];
	auto_buf text = { .max = SETUP_BYTES_MAX };

	if (mkdir(seed, 0755) < 0)
		return fail(e, FAULT_NEVER, "make '%s': %m", seed);
	if (plan->setup_path == NULL)
		return true;
	if (snprintf(path, sizeof path, "%s/setup", seed) >= (int)sizeof path)
		return fail(e, FAULT_NEVER, "make a data disk: the path is too long");
	if (!file_get(plan->setup_path, &text, e) || !file_put(path, buf_slice(&text), e))
		return false;
	return chmod(path, 0600) == 0 || fail(e, FAULT_LATER, "write '%s': %m", path);
}

static bool raw_make(
	const struct disk_data_plan *plan, const char *seed, const char *raw, struct error *e)
{
	const char *words[] = { "mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-L",
		"mailvisor-data", "-E", "root_owner=0:0,nodiscard", "-d", seed, raw, NULL };
	auto_buf output = { .max = RUN_OUTPUT_BYTES };
	auto_fd fd = open(raw, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || ftruncate(fd, (off_t)plan->bytes) < 0)
		return fail(e, FAULT_LATER, "make '%s': %m", raw);
	return run(words, S(""), &output, e);
}

bool disk_data_build(const struct disk_data_plan *plan, struct error *e)
{
	char seed[IMAGE_PATH_BYTES], raw[IMAGE_PATH_BYTES];
	bool is_raw = strcmp(plan->format, "raw") == 0;
	struct error ignored = { 0 };

	if (snprintf(seed, sizeof seed, "%s/disk-seed", plan->work_path) >= (int)sizeof seed ||
		snprintf(raw, sizeof raw, "%s", is_raw ? plan->to : "") >= (int)sizeof raw ||
		(!is_raw && snprintf(raw, sizeof raw, "%s/disk-data", plan->work_path) >=
				    (int)sizeof raw))
		return fail(e, FAULT_NEVER, "make a data disk: the path is too long");
	bool is_made = seed_make(plan, seed, e) && raw_make(plan, seed, raw, e) &&
		       (is_raw || format_convert(raw, plan->format, plan->to, e));

	if (!is_raw)
		(void)unlink(raw);
	return folder_remove(seed, is_made ? e : &ignored) && is_made;
}
