/* SPDX-License-Identifier: MIT */
#include "lab/platform/qemu.h"

#include "base/clock.h"
#include "lab/files/run.h"
#include "lab/image/disk.h"
#include "lab/platform/appliance.h"
#include "lab/platform/qemu_words.h"
#include "lab/platform/qmp.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	POWER_OFF_WAIT_MS = 5000, /* the guest's clean end takes 0.2 s; after that QEMU is ended */
	POWER_OFF_LOOK_MS = 10,
};

bool qemu_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	if (run_is_there("qemu-system-x86_64"))
		return appliance_probe(plan, ret_reason);
	(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
		"there is no qemu-system-x86_64; the package qemu-system-x86 brings it");
	return false;
}

uint64_t qemu_until(uint64_t ms)
{
	return clock_mono_ns(&clock_real) + ms * NS_PER_MS;
}

/* The guest's own clean end: it stops its server, unmounts its disk, and powers off. */
static bool guest_power_off(struct site *s, struct deployment *d)
{
	char reason[PLATFORM_REASON_BYTES];
	struct error ignored = { 0 };

	if (s->qmp == NULL || !qmp_call(s->qmp, "system_powerdown", NULL,
				      qemu_until(QEMU_MONITOR_WAIT_MS), NULL, &ignored))
		return false;
	for (unsigned i = 0; i < POWER_OFF_WAIT_MS / POWER_OFF_LOOK_MS; i++) {
		if (!site_is_alive(d, reason))
			return true;
		(void)poll(NULL, 0, POWER_OFF_LOOK_MS);
	}
	return false;
}

/* How often the guest's flushes have reached the host: 0 would mean that they are not honoured. */
static void flushes_note(struct site *s)
{
	struct error ignored = { 0 };
	json_t *all = NULL;

	if (!qmp_call(s->qmp, "query-blockstats", NULL, qemu_until(QEMU_MONITOR_WAIT_MS), &all,
		    &ignored))
		return;
	json_t *stats = json_object_get(json_array_get(all, 0), "stats");

	(void)json_object_set(
		s->facts, "flushes_until_ready", json_object_get(stats, "flush_operations"));
	json_decref(all);
}

static void facts_note(struct site *s, const char *accelerator)
{
	const struct hardware *h = &s->plan->hardware;

	(void)json_object_update_new(s->facts,
		json_pack("{s:s, s:s, s:o, s:s, s:s, s:o, s:s, s:{s:I, s:i}}", "accelerator",
			accelerator, "machine", "q35", "disk",
			json_sprintf("%s, %s file, %s", hardware_value_name(h, HARDWARE_DISK),
				hardware_value_name(h, HARDWARE_FORMAT),
				hardware_value_name(h, HARDWARE_FS)),
			"cache", hardware_value_name(h, HARDWARE_CACHE), "flush",
			qemu_flush_fact(h->value[HARDWARE_CACHE]), "interface",
			json_sprintf("%s on %s", hardware_value_name(h, HARDWARE_NIC),
				s->has_lan ? "a tap, no vhost" : "QEMU's user network"),
			"user", "mailvisor", "limits", "memory_bytes",
			(json_int_t)s->plan->memory_bytes, "processors", (int)s->plan->cpu_count));
	appliance_kernel_note(s);
	appliance_note(s);
}

bool qemu_disk_path(const struct deploy_plan *plan, char ret[PLATFORM_PATH_BYTES], struct error *e)
{
	return site_path(plan, APPLIANCE_DISK, ret, e);
}

/* A pair of sockets: [0] is ours, [1] QEMU's. */
static bool qemu_start(
	struct deployment *d, const struct qemu_start *how, int monitor_fd, struct error *e)
{
	struct site *s = site_of(d);
	auto_arena arena = { .max = QEMU_WORDS_BYTES };
	const char *words[QEMU_WORD_COUNT];
	char disk[PLATFORM_PATH_BYTES], errors[PLATFORM_PATH_BYTES];
	struct qemu_plan plan = { .accelerator = d->platform->name,
		.cpu_count = s->plan->cpu_count,
		.memory_bytes = s->plan->memory_bytes,
		.image_path = s->plan->image_path,
		.console_path = d->console_path,
		.log_path = d->timeline_path,
		.disk_path = disk,
		.hardware = s->plan->hardware,
		.site = s,
		.deployment = d,
		.tap_fd = s->tap_fd,
		.monitor_fd = monitor_fd,
		.incoming_fd = how->incoming_fd,
		.is_continuing = how->is_continuing };

	if (!site_path(s->plan, "qemu.log", errors, e) || !qemu_disk_path(s->plan, disk, e))
		return false;
	if (!qemu_words(&plan, &arena, words))
		return fail(e, FAULT_NEVER, "deploy '%s': the command line is too long",
			d->platform->name);
	struct keeper_plan keep = { .words = words,
		.log_path = errors,
		.joins_group = s->group.name[0] != '\0',
		.pass_fds = { s->tap_fd, monitor_fd, how->incoming_fd } };

	return site_start(d, &keep, e);
}

static void ends_close(int (*ends)[2])
{
	fd_close(&(*ends)[0]);
	fd_close(&(*ends)[1]);
}

static bool monitor_open(
	struct deployment *d, const struct qemu_start *how, int ends[2], struct error *e)
{
	struct site *s = site_of(d);
	struct qmp *monitor = calloc(1, sizeof *monitor);

	if (monitor == NULL)
		return fail(e, FAULT_LATER, "deploy '%s': out of memory", d->platform->name);
	monitor->fd = -1;
	s->qmp = monitor;
	if (!qemu_start(d, how, ends[1], e))
		return false;
	fd_close(&ends[1]);
	s->watch = appliance_console_watch;
	return qmp_open(fd_give(&ends[0]), qemu_until(QEMU_MONITOR_WAIT_MS), monitor, e) ||
	       fail_in(e, "deploy '%s' (see qemu.log in '%.80s')", d->platform->name,
		       s->plan->work_path);
}

bool qemu_begin(struct deployment *d, const struct qemu_start *how, struct error *e)
{
	ON_EXIT(ends_close) int ends[2] = { -1, -1 };
	struct site *s = site_of(d);
	struct lan_seat seat = s->seat;

	if (how->tap_name != NULL)
		(void)snprintf(seat.interface, sizeof seat.interface, "%.15s", how->tap_name);
	if (s->has_lan && !lan_tap(&seat, &s->tap_fd, e))
		return false;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return fail(e, FAULT_LATER, "make QEMU's monitor: %m");
	bool is_begun = monitor_open(d, how, ends, e);

	/* QEMU has it: ours would keep the tap after QEMU's end. */
	fd_close(&s->tap_fd);
	return is_begun;
}

static bool disk_make(const struct deploy_plan *plan, struct error *e)
{
	char path[PLATFORM_PATH_BYTES], raw[PLATFORM_PATH_BYTES];

	if (!appliance_disk_make(plan, path, e))
		return false;
	if (plan->hardware.value[HARDWARE_FORMAT] == FORMAT_RAW)
		return true;
	if (!site_path(plan, "seed/raw", raw, e))
		return false;
	if (rename(path, raw) < 0)
		return fail(e, FAULT_LATER, "move '%s': %m", path);
	bool is_made =
		disk_convert(raw, hardware_value_name(&plan->hardware, HARDWARE_FORMAT), path, e);

	(void)unlink(raw);
	return is_made;
}

bool qemu_ready(struct deployment *d, struct error *e)
{
	struct site *s = site_of(d);

	if (!site_ready(d, e))
		return false;
	s->part = guest_power_off; /* what did not start need not end cleanly */
	flushes_note(s);
	site_facts_print(json_incref(s->facts), d->facts_json);
	return true;
}

bool qemu_open(const struct platform *platform, const struct deploy_plan *plan,
	const struct lan_seat *seat, struct deployment *ret, struct error *e)
{
	if (!site_open_at(plan, platform, seat, ret, e))
		return false;
	facts_note(site_of(ret), platform->name);
	if (site_path(plan, "server.log", ret->timeline_path, e))
		return true;
	site_stop(ret);
	return false;
}

bool qemu_deploy(const struct platform *platform, const struct deploy_plan *plan,
	struct deployment *ret, struct error *e)
{
	if (!qemu_open(platform, plan, NULL, ret, e))
		return false;
	if (disk_make(plan, e) && qemu_begin(ret, &(struct qemu_start){ 0 }, e) &&
		qemu_ready(ret, e))
		return true;
	site_stop(ret);
	return false;
}

void qemu_describe(char ret_json[PLATFORM_FACTS_BYTES])
{
	static const char *const words[] = { "qemu-system-x86_64", "--version", NULL };
	char version[128];

	run_line(words, version, sizeof version);
	site_facts_print(json_pack("{s:s}", "qemu", version), ret_json);
}
