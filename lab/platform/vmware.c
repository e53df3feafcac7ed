/* SPDX-License-Identifier: MIT */
/*
 * vmware - a machine of VMware Workstation or Player, driven through vmrun and a .vmx file of ours.
 *
 * Its network is VMware's NAT network, where the lab reaches the guest directly: PID 1 says on the
 * serial line which address it was given, so the guest needs no VMware Tools. They are also what a
 * soft stop needs in VMware; without them it is refused and the machine is stopped hard.
 * What a crashed lab left is stopped and deleted before the next machine is made.
 */
#include "base/clock.h"
#include "lab/files/run.h"
#include "lab/image/files.h"
#include "lab/image/format.h"
#include "lab/platform/appliance.h"
#include "lab/platform/list.h"
#include "lab/platform/machine.h"
#include "lab/platform/vmware_vmx.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SMTP_PORT = 25,
	POP3_PORT = 110,
	SUBMISSION_PORT = 587,
	IMAP_PORT = 143,
	OUTPUT_BYTES = 16 << 10, /* `vmrun list` with a hundred machines */
	DELETE_TRY_COUNT = 20,   /* the machine's lock goes a moment after its process */
	DELETE_WAIT_MS = 250,
	VMRUN_WAIT_MS = 240000, /* a snapshot writes the machine's memory */
	SOFT_WAIT_MS = 30000,   /* without VMware Tools in the guest it need not answer soon */
};

/* vmrun with these words; the first two say which product. */
#define VMRUN(output, e, ...)                                                                      \
	vmrun((const char *[]){ "vmrun", "-T", NULL, __VA_ARGS__, NULL }, output, e)

static bool has_player_only(void)
{
	return !run_is_there("vmware") && run_is_there("vmplayer");
}

/* It complains on standard output, and not in every version with an exit status that says so. */
static bool vmrun_within(const char **words, unsigned wait_ms, struct buf *output, struct error *e)
{
	struct error raw = { 0 };

	words[2] = has_player_only() ? "player" : "ws";
	buf_clear(output);
	bool is_done = run_within(words, S(""), wait_ms, output, &raw);
	struct slice said = vmware_complaint(buf_slice(output));

	if (said.len > 0)
		return fail(e, is_done ? FAULT_NEVER : raw.fault, "vmrun %s: %.*s", words[3],
			(int)(said.len > 180 ? 180 : said.len), said.at);
	return is_done || fail(e, raw.fault, "%s", raw.text);
}

static bool vmrun(const char **words, struct buf *output, struct error *e)
{
	return vmrun_within(words, VMRUN_WAIT_MS, output, e);
}

static void version_read(char *room, size_t size)
{
	const char *words[] = { has_player_only() ? "vmplayer" : "vmware", "-v", NULL };

	run_line(words, room, size);
}

static bool vmware_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	auto_buf output = { .max = OUTPUT_BYTES };
	struct error e = { 0 };

	if (!run_is_there("vmrun"))
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"vmrun is not installed (VMware Workstation or Player)");
	else if (!run_is_there("qemu-img"))
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"there is no qemu-img; the package qemu-utils brings it");
	else if (!VMRUN(&output, &e, "list"))
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "%s", e.text);
	else
		return machine_probe(plan, ret_reason);
	return false;
}

static bool is_listed(const char *vmx)
{
	auto_buf output = { .max = OUTPUT_BYTES };
	struct error ignored = { 0 };
	struct slice path;

	if (!VMRUN(&output, &ignored, "list"))
		return false;
	for (struct slice rest = buf_slice(&output); vmware_list_next(&rest, &path);) {
		if (slice_same(path, slice_of(vmx)))
			return true;
	}
	return false;
}

/* The power plug. */
static void machine_end(const char *vmx)
{
	auto_buf output = { .max = OUTPUT_BYTES };
	struct error ignored = { 0 };

	if (is_listed(vmx))
		(void)!VMRUN(&output, &ignored, "stop", vmx, "hard");
}

static void machine_remove(const char *vmx)
{
	auto_buf output = { .max = OUTPUT_BYTES };

	machine_end(vmx);
	for (unsigned i = 0; i < DELETE_TRY_COUNT; i++) {
		struct error why = { 0 };

		if (VMRUN(&output, &why, "deleteVM", vmx) || access(vmx, F_OK) < 0)
			return;
		(void)poll(NULL, 0, DELETE_WAIT_MS);
	}
}

/* Only running machines are known to VMware; what does not run is files in a directory of the lab. */
static void orphans_remove(struct buf *said)
{
	auto_buf output = { .max = OUTPUT_BYTES };
	struct error ignored = { 0 };
	struct slice path;

	if (!VMRUN(&output, &ignored, "list"))
		return;
	for (struct slice rest = buf_slice(&output); vmware_list_next(&rest, &path);) {
		char vmx[PLATFORM_PATH_BYTES];

		if (!machine_is_orphan(slice_skip(path, slice_find_last(path, '/'))) ||
			!slice_text(path, vmx, sizeof vmx))
			continue;
		machine_remove(vmx);
		machine_said(said, "VMware", path);
	}
}

static bool disk_make(const char *directory, const char *raw, const char *name,
	char ret[PLATFORM_PATH_BYTES], struct error *e)
{
	if (snprintf(ret, PLATFORM_PATH_BYTES, "%s/%s.vmdk", directory, name) >=
		PLATFORM_PATH_BYTES)
		return fail(e, FAULT_NEVER, "make the disk '%s': the path is too long", name);
	bool is_made = format_convert(raw, "vmdk", ret, e);

	(void)unlink(raw);
	return is_made;
}

static bool vmx_make(
	struct site *s, const char *directory, const struct vmware_plan *plan, struct error *e)
{
	auto_buf text = { .max = VMWARE_VMX_BYTES };
	auto_fd fd = -1;

	if (snprintf(s->machine, sizeof s->machine, "%s/%s.vmx", directory, plan->name) >=
			(int)sizeof s->machine ||
		!vmware_vmx_write(plan, &text)) {
		s->machine[0] = '\0';
		return fail(e, FAULT_NEVER, "write a .vmx file: the work path is too long");
	}
	fd = open(s->machine, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return (fd >= 0 && write(fd, text.at, text.len) == (ssize_t)text.len) ||
	       fail(e, FAULT_LATER, "write '%s': %m", s->machine);
}

static bool machine_create(struct deployment *d, struct error *e)
{
	struct site *s = site_of(d);
	char directory[PLATFORM_PATH_BYTES], boot[PLATFORM_PATH_BYTES], data[PLATFORM_PATH_BYTES],
		boot_vmdk[PLATFORM_PATH_BYTES], data_vmdk[PLATFORM_PATH_BYTES],
		console[PLATFORM_PATH_BYTES], name[MACHINE_NAME_BYTES];
	struct vmware_plan plan = { .name = name,
		.cpu_count = s->plan->cpu_count,
		.memory_bytes = s->plan->memory_bytes,
		.boot_path = boot_vmdk,
		.data_path = data_vmdk,
		.console_path = console };

	if (!machine_directory(s->plan, directory, e) ||
		!machine_disks(s, directory, boot, data, e) ||
		!disk_make(directory, boot, "boot", boot_vmdk, e) ||
		!disk_make(directory, data, "data", data_vmdk, e))
		return false;
	machine_name_next(name);
	(void)snprintf(console, sizeof console, "%.*s/console.log",
		(int)(strlen(directory) - strlen("/machine")), directory);
	return vmx_make(s, directory, &plan, e);
}

static bool vmware_looks(struct site *s, char *ret_reason)
{
	if (s->keeper.program_pid != 0 ? machine_runs(s->keeper.program_pid)
				       : is_listed(s->machine))
		return true;
	(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "VMware no longer runs the machine");
	return false;
}

static void facts_note(struct site *s)
{
	char version[128];

	version_read(version, sizeof version);
	machine_note(s, "VMware", slice_of(version));
	(void)json_object_update_new(s->facts,
		json_pack("{s:s, s:s, s:s, s:s, s:s}", "disk", "pvscsi, growing VMDK", "cache",
			"VMware's default", "flush",
			"unknown: VMware does not say what it does with the guest's flushes",
			"interface", "vmxnet3", "network", "VMware's NAT network"));
}

static bool machine_start(struct deployment *d, struct error *e)
{
	struct site *s = site_of(d);
	auto_buf output = { .max = OUTPUT_BYTES };

	machine_spawn(d);
	/* A snapshot of a running machine may have started it again: vmrun then refuses to. */
	if (!is_listed(s->machine) && !VMRUN(&output, e, "start", s->machine, "nogui"))
		return false;
	s->keeper.program_pid = machine_pid("vmware-vmx", s->machine);
	s->looks = vmware_looks;
	s->watch = appliance_address_watch;
	return site_ready(d, e);
}

static bool machine_make(struct deployment *d, struct error *e)
{
	struct site *s = site_of(d);

	d->host[0] = '\0';
	d->smtp_port = SMTP_PORT;
	d->pop3_port = POP3_PORT;
	d->submission_port = SUBMISSION_PORT;
	d->imap_port = IMAP_PORT;
	orphans_remove(NULL);
	if (!machine_create(d, e))
		return false;
	facts_note(s);
	return machine_start(d, e);
}

/* The guest's own clean end, where VMware has a way to ask for it. */
static bool press(struct site *s)
{
	auto_buf output = { .max = OUTPUT_BYTES };
	struct error ignored = { 0 };

	return vmrun_within(
		(const char *[]){ "vmrun", "-T", NULL, "stop", s->machine, "soft", NULL },
		SOFT_WAIT_MS, &output, &ignored);
}

static void remove_own(struct site *s)
{
	machine_remove(s->machine);
}

static const struct machine_driver driver = {
	.make = machine_make, .press = press, .remove = remove_own, .disk = "machine/data.vmdk"
};

static void vmware_stop(struct deployment *d)
{
	machine_stop(&driver, d);
}

static bool vmware_deploy(const struct deploy_plan *plan, struct deployment *ret, struct error *e)
{
	return machine_deploy(&driver, &platform_vmware, plan, ret, e);
}

static bool states_snapshot(
	struct deployment *d, const char *name, struct platform_span *ret, struct error *e)
{
	auto_buf output = { .max = OUTPUT_BYTES };
	const char *vmx = site_of(d)->machine;
	struct error ignored = { 0 };

	/* One of the same name is replaced. */
	(void)!VMRUN(&output, &ignored, "deleteSnapshot", vmx, name);
	struct platform_span span = site_span();

	if (!VMRUN(&output, e, "snapshot", vmx, name))
		return false;
	*ret = site_span_end(span);
	return true;
}

static void states_cut(struct deployment *d)
{
	auto_buf output = { .max = OUTPUT_BYTES };
	struct error ignored = { 0 };

	(void)!VMRUN(&output, &ignored, "stop", site_of(d)->machine, "hard");
	site_of(d)->keeper.program_pid = 0;
}

static bool states_boot(struct deployment *d, struct error *e)
{
	d->stage_count = 0;
	return machine_start(d, e);
}

/* The machine is off afterwards, or as it was in the snapshot: started in both cases. */
static bool states_revert(
	struct deployment *d, const char *name, struct platform_span *ret, struct error *e)
{
	auto_buf output = { .max = OUTPUT_BYTES };
	struct platform_span span = site_span();

	states_cut(d);
	if (!VMRUN(&output, e, "revertToSnapshot", site_of(d)->machine, name) || !states_boot(d, e))
		return false;
	*ret = site_span_end(span);
	return true;
}

static const struct platform_states states = {
	.snapshot = states_snapshot, .revert = states_revert, .cut = states_cut, .boot = states_boot
};

static void vmware_sweep(struct buf *said)
{
	if (run_is_there("vmrun"))
		orphans_remove(said);
}

static void vmware_describe(char ret_json[PLATFORM_FACTS_BYTES])
{
	char version[128];

	version_read(version, sizeof version);
	site_facts_print(json_pack("{s:s}", "vmware", version), ret_json);
}

const struct platform platform_vmware = {
	.name = "vmware",
	.title = "VMware",
	.is_virtual = true,
	.is_hardware = true,
	.probe = vmware_probe,
	.deploy = vmware_deploy,
	.usage = site_usage,
	.is_alive = site_is_alive,
	.stop = vmware_stop,
	.describe = vmware_describe,
	.sweep = vmware_sweep,
	.states = &states,
};
