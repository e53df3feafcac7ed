/* SPDX-License-Identifier: MIT */
#include "lab/platform/qemu.h"

#include "base/clock.h"
#include "lab/files/run.h"
#include "lab/image/format.h"
#include "lab/image/image.h"
#include "lab/platform/appliance.h"
#include "lab/platform/foreign.h"
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

/* What each choice needs loaded in the guest, before it is used. */
static const char *const nic_modules[NIC_COUNT] = { [NIC_VIRTIO] = "virtio_net",
	[NIC_E1000] = "e1000",
	[NIC_E1000E] = "e1000e",
	[NIC_RTL8139] = "8139cp",
	[NIC_VMXNET3] = "vmxnet3" };
static const char *const disk_modules[DISK_COUNT][2] = { [DISK_VIRTIO_BLK] = { "virtio_blk" },
	[DISK_VIRTIO_SCSI] = { "sd_mod", "virtio_scsi" },
	[DISK_NVME] = { "nvme" },
	[DISK_IDE] = { "sd_mod", "ata_piix" },
	[DISK_AHCI] = { "sd_mod", "ahci" },
	[DISK_PVSCSI] = { "sd_mod", "vmw_pvscsi" } };

/* The image with the drivers of the plan's hardware; the usual one has those of the defaults. */
static bool image_choose(
	const struct deploy_plan *plan, char ret[PLATFORM_PATH_BYTES], struct error *e)
{
	const struct hardware *h = &plan->hardware;
	const char *const *disk = disk_modules[h->value[HARDWARE_DISK]];
	const char *modules[] = { nic_modules[h->value[HARDWARE_NIC]],
		hardware_value_name(h, HARDWARE_FS), disk[0], disk[1], NULL };
	bool is_usual = h->value[HARDWARE_NIC] == NIC_VIRTIO &&
			h->value[HARDWARE_DISK] == DISK_VIRTIO_BLK &&
			h->value[HARDWARE_FS] == FS_EXT4 &&
			h->value[HARDWARE_KERNEL] == KERNEL_AUTO;
	struct image_plan image = { .directory = plan->image_path,
		.server_path = plan->server_path,
		.modules = is_usual ? NULL : modules,
		.other = foreign_is(plan) ? plan->server : NULL,
		.packages_path = plan->packages_path,
		.is_generic = h->value[HARDWARE_KERNEL] == KERNEL_GENERIC };

	_Static_assert((int)PLATFORM_PATH_BYTES == (int)IMAGE_PATH_BYTES, "a path is a path");
	return image_variant(&image, ret, e);
}

bool qemu_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	char image[PLATFORM_PATH_BYTES];
	struct error e = { 0 };

	if (!run_is_there("qemu-system-x86_64")) {
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"there is no qemu-system-x86_64; the package qemu-system-x86 brings it");
		return false;
	}
	if (plan->hardware.value[HARDWARE_FORMAT] != FORMAT_RAW && !run_is_there("qemu-img")) {
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"there is no qemu-img; the package qemu-utils brings it");
		return false;
	}
	if (!appliance_probe(plan, ret_reason))
		return false;
	if (image_choose(plan, image, &e))
		return true;
	(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "%s", e.text);
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

/*
 * How often the guest's flushes have reached the host: 0 would mean that they are not honoured. A disk that
 * shows no write cache is never asked to flush: there each write counts, which QEMU syncs.
 */
static void flushes_note(struct site *s)
{
	bool is_flushed = qemu_has_write_cache(s->plan->hardware.value[HARDWARE_CACHE]);
	const char *key = is_flushed ? "flushes_until_ready" : "synced_writes_until_ready";
	struct error ignored = { 0 };
	json_t *all = NULL;

	if (is_flushed && s->plan->hardware.value[HARDWARE_DISK] == DISK_NVME) {
		(void)json_object_set_new(
			s->facts, key, json_string("not known: QEMU's NVMe does not count them"));
		return;
	}
	if (!qmp_call(s->qmp, "query-blockstats", NULL, qemu_until(QEMU_MONITOR_WAIT_MS), &all,
		    &ignored))
		return;
	json_t *stats = json_object_get(json_array_get(all, 0), "stats");

	(void)json_object_set(s->facts, key,
		json_object_get(stats, is_flushed ? "flush_operations" : "wr_operations"));
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
		.image_path = s->image_path,
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
		format_convert(raw, hardware_value_name(&plan->hardware, HARDWARE_FORMAT), path, e);

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
	struct site *s;

	if (!site_open_at(plan, platform, seat, ret, e))
		return false;
	s = site_of(ret);
	s->is_shy = plan->hardware.value[HARDWARE_NIC] == NIC_VMXNET3;
	if (image_choose(plan, s->image_path, e) &&
		site_path(plan, "server.log", ret->timeline_path, e)) {
		facts_note(s, platform->name);
		return true;
	}
	site_stop(ret);
	return false;
}

/* Another server's settings and accounts become the first contents of its disk; its image has none. */
static bool foreign_seed(struct deployment *d, struct error *e)
{
	struct site *s = site_of(d);
	struct server_start start = { .mount_count = 0 };
	char seed[PLATFORM_PATH_BYTES];

	if (!foreign_is(s->plan))
		return true;
	if (!site_path(s->plan, FOREIGN_SEED, seed, e))
		return false;
	if (mkdir(seed, 0755) < 0)
		return fail(e, FAULT_NEVER, "make '%s': %m", seed);
	s->set_count = 0; /* those are for ours */
	return foreign_prepare(d, seed, FOREIGN_MACHINE, false, &start, e);
}

bool qemu_deploy(const struct platform *platform, const struct deploy_plan *plan,
	struct deployment *ret, struct error *e)
{
	if (!qemu_open(platform, plan, NULL, ret, e))
		return false;
	if (foreign_seed(ret, e) && disk_make(plan, e) &&
		qemu_begin(ret, &(struct qemu_start){ 0 }, e) && qemu_ready(ret, e))
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
