/* SPDX-License-Identifier: MIT */
#include "lab/platform/machine.h"

#include "base/buf.h"
#include "base/clock.h"
#include "lab/files/owner.h"
#include "lab/image/disk.h"
#include "lab/platform/appliance.h"
#include "lab/platform/carry.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	WORDS_BYTES = 2048,
	LINE_BYTES = 4096,
	POWER_OFF_WAIT_MS = 15000, /* the guest drains its server for up to 10 s */
	POWER_OFF_LOOK_MS = 50,
};

void machine_name_next(char ret[MACHINE_NAME_BYTES])
{
	static unsigned last;

	(void)snprintf(ret, MACHINE_NAME_BYTES, MACHINE_PREFIX "%s-%u", owner_mark(), ++last);
}

bool machine_is_orphan(struct slice text)
{
	const char *at = text.len == 0 ? NULL
				       : memmem(text.at, text.len, MACHINE_PREFIX,
						 sizeof MACHINE_PREFIX - 1);

	return at != NULL &&
	       owner_is_gone(slice_skip(text, (size_t)(at - text.at) + sizeof MACHINE_PREFIX - 1));
}

void machine_said(struct buf *said, const char *hypervisor, struct slice name)
{
	if (said != NULL)
		(void)!buf_add_format(said, "%s's machine '%.*s'\n", hypervisor, S_FMT(name));
}

bool machine_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	return appliance_probe(plan, ret_reason) &&
	       disk_is_possible("raw", ret_reason, PLATFORM_REASON_BYTES);
}

bool machine_directory(
	const struct deploy_plan *plan, char ret[PLATFORM_PATH_BYTES], struct error *e)
{
	char path[PLATFORM_PATH_BYTES];
	auto_free char *whole = NULL;

	if (!site_path(plan, "machine", path, e))
		return false;
	if (mkdir(path, 0755) < 0)
		return fail(e, FAULT_NEVER, "make '%s': %m", path);
	whole = realpath(path, NULL);
	return (whole != NULL && slice_text(slice_of(whole), ret, PLATFORM_PATH_BYTES)) ||
	       fail(e, FAULT_NEVER, "find '%s': %m", path);
}

/*
 * A guest has no quick way out for its log here: a serial line costs an exit a byte, which would be
 * measured with the mail. So the log is not kept, and the stages inside the server are not known.
 */
static bool words_make(const struct site *s, struct buf *words, struct error *e)
{
	bool fits = buf_add(words, S("mailvisor.log=/dev/null"));

	for (unsigned i = 0; i < s->set_count; i++)
		fits = fits && buf_add_format(words, " mailvisor.set=%s", s->sets[i]);
	return (fits && buf_add_byte(words, '\0')) ||
	       fail(e, FAULT_NEVER, "make a boot disk: too many settings");
}

bool machine_disks(struct site *s, const char *directory, char ret_boot[PLATFORM_PATH_BYTES],
	char ret_data[PLATFORM_PATH_BYTES], struct error *e)
{
	auto_buf words = { .max = WORDS_BYTES };
	struct disk_plan plan = { .directory = s->plan->image_path,
		.format = "raw",
		.work_path = directory,
		.to = ret_boot };

	if (snprintf(ret_boot, PLATFORM_PATH_BYTES, "%s/boot.raw", directory) >=
		PLATFORM_PATH_BYTES)
		return fail(e, FAULT_NEVER, "make a boot disk: the work path is too long");
	if (!words_make(s, &words, e) || !appliance_disk_make(s->plan, ret_data, e))
		return false;
	plan.words = words.at;
	return disk_build(&plan, e);
}

/* A file of /proc/PID; "" when the process is gone. NULs become spaces. */
static struct slice proc_read(const char *pid, const char *name, char room[LINE_BYTES])
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%.16s/%s", pid, name);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, room, LINE_BYTES);

	for (ssize_t i = 0; i < got; i++)
		room[i] = room[i] == '\0' ? ' ' : room[i];
	return (struct slice){ room, got < 0 ? 0 : (size_t)got };
}

pid_t machine_pid(const char *program, const char *word)
{
	DIR *all = opendir("/proc");
	char name[LINE_BYTES], line[LINE_BYTES];
	pid_t found = 0;

	for (struct dirent *at; all != NULL && found == 0 && (at = readdir(all)) != NULL;) {
		if (!ascii_is_digit(at->d_name[0]) ||
			!slice_same(
				slice_trim(proc_read(at->d_name, "comm", name)), slice_of(program)))
			continue;
		struct slice words = proc_read(at->d_name, "cmdline", line);

		if (words.len > 0 && memmem(words.at, words.len, word, strlen(word)) != NULL)
			found = (pid_t)strtol(at->d_name, NULL, 10);
	}
	if (all != NULL)
		(void)closedir(all);
	return found;
}

bool machine_runs(pid_t pid)
{
	char room[LINE_BYTES], text[16];

	(void)snprintf(text, sizeof text, "%d", (int)pid);
	/* A zombie has no command line any more. */
	return pid > 0 && proc_read(text, "cmdline", room).len > 0;
}

void machine_note(struct site *s, const char *hypervisor, struct slice version)
{
	(void)json_object_update_new(s->facts,
		json_pack("{s:s, s:s%, s:s, s:s, s:s, s:{s:I, s:i}, s:s}", "hypervisor", hypervisor,
			"version", version.len == 0 ? "" : version.at, version.len, "user",
			"mailvisor", "file_system", "ext4", "log",
			"none: a serial line would be measured with the mail", "limits",
			"memory_bytes", (json_int_t)s->plan->memory_bytes, "processors",
			(int)s->plan->cpu_count, "proof",
			"the driver was tested against recorded output and with QEMU's devices of "
			"the same kind, not on an installation of this hypervisor"));
	appliance_kernel_note(s);
	appliance_note(s);
}

void machine_spawn(struct deployment *d)
{
	site_stage(d, "spawn");
	d->spawn_ns = d->stages[d->stage_count - 1].at_ns;
}

void machine_off_wait(struct site *s)
{
	uint64_t until_ns = clock_mono_ns(&clock_real) + POWER_OFF_WAIT_MS * NS_PER_MS;
	char reason[PLATFORM_REASON_BYTES];

	while (s->looks(s, reason) && clock_mono_ns(&clock_real) < until_ns)
		(void)poll(NULL, 0, POWER_OFF_LOOK_MS);
}

/* When the guest did not end by itself, its disk would still change under the copy. */
static void data_keep(const struct machine_driver *driver, struct deployment *d)
{
	struct site *s = site_of(d);
	char reason[PLATFORM_REASON_BYTES];

	if (s->looks != NULL && s->looks(s, reason))
		d->platform->states->cut(d);
	carry_keep(s->plan, driver->disk);
}

void machine_stop(const struct machine_driver *driver, struct deployment *d)
{
	struct site *s = site_of(d);

	if (s == NULL)
		return;
	if (s->machine[0] != '\0' && d->first_220_ns != 0 && driver->press(s))
		machine_off_wait(s);
	if (s->machine[0] != '\0' && s->plan->keeps_data && driver->disk != NULL)
		data_keep(driver, d);
	if (s->machine[0] != '\0')
		driver->remove(s);
	site_stop(d);
}

bool machine_deploy(const struct machine_driver *driver, const struct platform *platform,
	const struct deploy_plan *plan, struct deployment *ret, struct error *e)
{
	if (!site_open_outside(plan, platform, ret, e))
		return false;
	ret->timeline_path[0] = '\0';
	site_of(ret)->group.name[0] = '\0'; /* its processes are not ours */
	if (driver->make(ret, e))
		return true;
	machine_stop(driver, ret);
	return false;
}
