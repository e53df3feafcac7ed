/* SPDX-License-Identifier: MIT */
#include "lab/doctor/doctor.h"

#include "base/clock.h"
#include "lab/doctor/canary.h"
#include "lab/doctor/host.h"
#include "lab/files/file.h"
#include "lab/server/server.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

enum {
	FREE_MIB_FAILURE = 1024, /* one trial's disk and an image */
	FREE_MIB_WARNING = 4096,
	MEMORY_MIB_FAILURE = 512, /* a virtual machine of 256 MiB and its process */
	FILES_WARNING = 512,      /* descriptors */
	FLUSH_US_HONEST = 20,     /* no disk, not even flash with a capacitor, is really faster */
	STEAL_WATCH_MS = 500,
};

struct doctor {
	FILE *to;
	const char *folder;
	enum doctor_level worst;
};

static void say(struct doctor *d, enum doctor_level level, const char *what, const char *format,
	...) PRINTF_LIKE(4, 5);

static void say(
	struct doctor *d, enum doctor_level level, const char *what, const char *format, ...)
{
	static const char *const marks[] = { "ok", "warning", "FAILURE" };
	va_list words;

	(void)fprintf(d->to, "%-8s %-12s ", marks[level], what);
	va_start(words, format);
	(void)vfprintf(d->to, format, words);
	va_end(words);
	(void)fputc('\n', d->to);
	if (level > d->worst)
		d->worst = level;
}

static void check_space(struct doctor *d)
{
	struct statvfs fs;

	if (statvfs(d->folder, &fs) != 0) {
		say(d, DOCTOR_FAILURE, "space", "'%s' cannot be used: %m", d->folder);
		return;
	}
	unsigned long long mib = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
	enum doctor_level level = mib < FREE_MIB_FAILURE   ? DOCTOR_FAILURE
				  : mib < FREE_MIB_WARNING ? DOCTOR_WARNING
							   : DOCTOR_OK;
	say(d, level, "space", "%llu MiB free in '%s'%s", mib, d->folder,
		level == DOCTOR_OK ? "" : "; give another folder with --work");
}

static void check_disk(struct doctor *d)
{
	const char *kind = host_file_system(d->folder);
	struct canary canary;

	canary_measure(d->folder, &canary);
	if (strcmp(kind, "tmpfs") == 0)
		say(d, DOCTOR_WARNING, "disk",
			"'%s' is in memory (tmpfs): a flush costs nothing there; "
			"give a folder on a disk with --work",
			d->folder);
	else if (!isfinite(canary.flush_us))
		say(d, DOCTOR_FAILURE, "disk", "cannot write and flush in '%s'", d->folder);
	else if (canary.flush_us < FLUSH_US_HONEST)
		say(d, DOCTOR_WARNING, "disk",
			"a flush takes %.0f us on %s: the device answers before "
			"anything is safe",
			canary.flush_us, kind);
	else
		say(d, DOCTOR_OK, "disk", "a flush takes %.0f us on %s", canary.flush_us, kind);
}

static void check_memory(struct doctor *d)
{
	struct sysinfo info;

	if (sysinfo(&info) != 0)
		return;
	unsigned long long unit = info.mem_unit;
	unsigned long long free_mib = (info.freeram + info.bufferram) * unit >> 20;
	unsigned long long swap_used = (info.totalswap - info.freeswap) * unit >> 20;

	say(d, free_mib < MEMORY_MIB_FAILURE ? DOCTOR_WARNING : DOCTOR_OK, "memory",
		"%llu of %llu MiB free, not counting caches", free_mib,
		(unsigned long long)info.totalram * unit >> 20);
	if (swap_used > 0)
		say(d, DOCTOR_WARNING, "swap",
			"%llu MiB are swapped out: a page that must come back "
			"delays a mail",
			swap_used);
	double load = (double)info.loads[0] / (1 << SI_LOAD_SHIFT);
	say(d, load > 0.5 * (double)sysconf(_SC_NPROCESSORS_ONLN) ? DOCTOR_WARNING : DOCTOR_OK,
		"load",
		"%.2f; others at work make every platform slower, and not by the same factor",
		load);
}

static void check_processors(struct doctor *d)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	struct cpu_times before, after;
	struct timespec wait = { 0, (long)STEAL_WATCH_MS * (long)NS_PER_MS };

	say(d, count < 2 ? DOCTOR_WARNING : DOCTOR_OK, "processors",
		count < 2 ? "only %ld: the instrument and the server share it" : "%ld", count);
	if (host_is_virtual())
		say(d, DOCTOR_WARNING, "nested",
			"this machine is virtual itself: its numbers compare "
			"with each other, not with bare metal's");
	cpu_times_now(&before);
	(void)nanosleep(&wait, NULL);
	cpu_times_now(&after);
	double steal = cpu_steal_percent(&before, &after);
	if (isfinite(steal))
		say(d, steal > 1 ? DOCTOR_WARNING : DOCTOR_OK, "steal",
			"%.1f %% of the time went to other machines", steal);
}

/* Compares the trimmed content of a small file with a wanted word; absent files say nothing. */
static void check_word(
	struct doctor *d, const char *what, const char *path, const char *good, const char *why)
{
	struct error ignored = { .fault = FAULT_NONE };
	auto_buf text = { .max = 4096 };

	if (!file_get(path, &text, &ignored))
		return;
	struct slice word = slice_trim(buf_slice(&text));
	bool is_good = false;
	struct slice wanted = slice_of(good);
	while (wanted.len > 0 && !is_good) {
		struct slice one = slice_first(wanted, slice_find(wanted, ' '));

		is_good = slice_same(one, word);
		wanted = slice_skip(wanted, one.len + 1);
	}
	say(d, is_good ? DOCTOR_OK : DOCTOR_WARNING, what, "%.*s%s%s", S_FMT(word),
		is_good ? "" : ": ", is_good ? "" : why);
}

static void check_clock(struct doctor *d)
{
	struct timespec tick;

	check_word(d, "clock", "/sys/devices/system/clocksource/clocksource0/current_clocksource",
		"tsc kvm-clock arch_sys_counter xen hyperv_clocksource_tsc_page",
		"reading it costs a microsecond or more");
	if (clock_getres(CLOCK_MONOTONIC, &tick) == 0)
		say(d, tick.tv_sec > 0 || tick.tv_nsec > 1000 ? DOCTOR_FAILURE : DOCTOR_OK,
			"resolution", "the clock ticks every %ld ns", tick.tv_nsec);
	check_word(d, "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
		"performance", "the processor changes its speed with the load");
}

static void check_limits(struct doctor *d)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		say(d, files.rlim_cur < FILES_WARNING ? DOCTOR_WARNING : DOCTOR_OK, "files",
			"%llu descriptors", (unsigned long long)files.rlim_cur);
	if (geteuid() != 0)
		say(d, DOCTOR_WARNING, "root",
			"not root: network namespaces, containers and taps need it");
}

static bool is_program(const char *name)
{
	const char *path = secure_getenv("PATH");
	struct slice left = slice_of(path != NULL ? path : "/usr/bin:/bin");

	while (left.len > 0) {
		struct slice folder = slice_first(left, slice_find(left, ':'));
		char file[PATH_MAX];

		(void)snprintf(file, sizeof file, "%.*s/%s", S_FMT(folder), name);
		if (access(file, X_OK) == 0)
			return true;
		left = slice_skip(left, folder.len + 1);
	}
	return false;
}

static void check_platforms(
	struct doctor *d, const struct platform *const *list, const struct deploy_plan *plan)
{
	for (size_t i = 0; list[i] != NULL; i++) {
		char reason[PLATFORM_REASON_BYTES] = "";
		bool is_there = list[i]->probe(plan, reason);

		say(d, is_there ? DOCTOR_OK : DOCTOR_WARNING, list[i]->name, "%s%s",
			is_there ? "can be measured" : "not available: ", is_there ? "" : reason);
	}
}

/* Not having them is no fault: they are for comparisons. */
static void check_servers(struct doctor *d, const struct deploy_plan *plan)
{
	for (size_t i = 0; servers[i] != NULL; i++) {
		char reason[SERVER_REASON_BYTES] = "";

		if (servers[i]->probe == NULL)
			continue;
		bool is_there = servers[i]->probe(plan->packages_path, reason);

		say(d, DOCTOR_OK, servers[i]->name, "%s%s",
			is_there ? "can be compared with" : "cannot be compared with: ",
			is_there ? "" : reason);
	}
}

enum doctor_level doctor_run(FILE *to, const char *folder, const struct platform *const *list,
	const struct deploy_plan *plan)
{
	struct doctor d = { .to = to, .folder = folder, .worst = DOCTOR_OK };

	check_space(&d);
	check_disk(&d);
	check_memory(&d);
	check_processors(&d);
	check_clock(&d);
	check_limits(&d);
	say(&d, is_program("gnuplot") ? DOCTOR_OK : DOCTOR_FAILURE, "gnuplot", "%s",
		is_program("gnuplot") ? "draws the charts"
				      : "missing: the report's charts need it");
	check_platforms(&d, list, plan);
	check_servers(&d, plan);
	return d.worst;
}
