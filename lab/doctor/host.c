/* SPDX-License-Identifier: MIT */
#include "lab/doctor/host.h"

#include "base/slice.h"
#include "lab/doctor/canary.h"
#include "lab/files/file.h"

#include <linux/magic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { PROC_BYTES_MAX = 4 << 20 };

/* The file's text, trimmed; empty when it cannot be read. `room` keeps it. */
static struct slice text_of(const char *path, struct buf *room)
{
	struct error ignored = { .fault = FAULT_NONE };

	buf_clear(room);
	if (!file_get(path, room, &ignored))
		return S("");
	return slice_trim(buf_slice(room));
}

static void set_text(json_t *o, const char *key, struct slice s)
{
	if (s.len > 0)
		(void)json_object_set_new(o, key, json_stringn(s.at, s.len));
}

static void set_file(json_t *o, const char *key, const char *path)
{
	auto_buf room = { .max = PROC_BYTES_MAX };

	set_text(o, key, text_of(path, &room));
}

/* The value behind "key<spaces>:" of the first such line. */
static struct slice line_value(struct slice text, struct slice key)
{
	while (text.len > 0) {
		struct slice line = slice_first(text, slice_find(text, '\n'));

		if (slice_starts(line, key))
			return slice_trim(slice_skip(line, slice_find(line, ':') + 1));
		text = slice_skip(text, line.len + 1);
	}
	return S("");
}

static bool has_word(struct slice text, const char *word)
{
	return memmem(text.at, text.len, word, strlen(word)) != NULL;
}

static void cpu_facts(json_t *o)
{
	auto_buf room = { .max = PROC_BYTES_MAX };
	struct slice text = text_of("/proc/cpuinfo", &room);
	struct slice flags = line_value(text, S("flags"));

	set_text(o, "processor", line_value(text, S("model name")));
	set_text(o, "microcode", line_value(text, S("microcode")));
	(void)json_object_set_new(o, "processors", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	(void)json_object_set_new(o, "is_virtual", json_boolean(has_word(flags, " hypervisor")));
	(void)json_object_set_new(o, "has_vmx_or_svm",
		json_boolean(has_word(flags, " vmx") || has_word(flags, " svm")));
	set_file(o, "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
	set_file(o, "clock_source",
		"/sys/devices/system/clocksource/clocksource0/current_clocksource");
	set_file(o, "huge_pages", "/sys/kernel/mm/transparent_hugepage/enabled");
}

bool host_is_virtual(void)
{
	auto_buf room = { .max = PROC_BYTES_MAX };

	return has_word(line_value(text_of("/proc/cpuinfo", &room), S("flags")), " hypervisor");
}

static void memory_facts(json_t *o)
{
	auto_buf room = { .max = PROC_BYTES_MAX };
	struct slice text = text_of("/proc/meminfo", &room);

	set_text(o, "memory", line_value(text, S("MemTotal")));
	set_text(o, "memory_available", line_value(text, S("MemAvailable")));
	set_text(o, "swap", line_value(text, S("SwapTotal")));
}

static void kernel_facts(json_t *o)
{
	struct utsname name;
	auto_buf room = { .max = PROC_BYTES_MAX };

	if (uname(&name) == 0)
		(void)json_object_set_new(o, "kernel",
			json_sprintf("%s %s %s", name.sysname, name.release, name.machine));
	struct slice pretty = text_of("/etc/os-release", &room);
	while (pretty.len > 0) {
		struct slice line = slice_first(pretty, slice_find(pretty, '\n'));

		if (slice_starts(line, S("PRETTY_NAME=\"")) && line.len > 14)
			set_text(o, "system", slice_first(slice_skip(line, 13), line.len - 14));
		pretty = slice_skip(pretty, line.len + 1);
	}
	set_file(o, "load", "/proc/loadavg");
}

const char *host_file_system(const char *folder)
{
	static const struct {
		unsigned long magic;
		const char *name;
	} kinds[] = { { EXT4_SUPER_MAGIC, "ext4" }, { TMPFS_MAGIC, "tmpfs" },
		{ BTRFS_SUPER_MAGIC, "btrfs" }, { XFS_SUPER_MAGIC, "xfs" },
		{ OVERLAYFS_SUPER_MAGIC, "overlay" }, { NFS_SUPER_MAGIC, "nfs" },
		{ F2FS_SUPER_MAGIC, "f2fs" }, { 0x2fc12fc1, "zfs" } };
	struct statfs fs;

	if (statfs(folder, &fs) != 0)
		return "unknown";
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if ((unsigned long)fs.f_type == kinds[i].magic)
			return kinds[i].name;
	}
	return "another";
}

json_t *host_facts(const char *folder)
{
	json_t *o = json_object();
	struct canary canary;

	if (o == NULL)
		return NULL;
	cpu_facts(o);
	memory_facts(o);
	kernel_facts(o);
	(void)json_object_set_new(o, "work_file_system", json_string(host_file_system(folder)));
	canary_measure(folder, &canary);
	if (isfinite(canary.flush_us))
		(void)json_object_set_new(o, "flush_us", json_real(round(canary.flush_us)));
	return o;
}
