/* SPDX-License-Identifier: MIT */
/*
 * virtualbox - a machine of VirtualBox 7, driven through VBoxManage.
 *
 * Its network is VirtualBox's own NAT: three ports of 127.0.0.1 lead to the guest. The data disk is on
 * the PIIX4 IDE controller, because for that one VirtualBox documents how to make it honour the guest's
 * flushes, which it ignores otherwise; the machine's log says whether it did, and so do the facts.
 * What a crashed lab left is powered off and removed before the next machine is made.
 */
#include "base/clock.h"
#include "lab/files/run.h"
#include "lab/image/files.h"
#include "lab/platform/appliance.h"
#include "lab/platform/list.h"
#include "lab/platform/machine.h"
#include "lab/platform/virtualbox_manage.h"
#include "lab/platform/virtualbox_read.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	MAJOR_MIN = 7, /* options were spelled differently before */
	MANAGE_WAIT_MS =
		240000, /* 0.1 s a call; a snapshot of a big machine, or a slow host, much more */
	UNLOCK_TRY_COUNT = 20, /* the session is locked for a second after the end */
	UNLOCK_WAIT_MS = 250,
	MEGABYTE_BITS = 20,
	LINE_BYTES = 256,
};

#define DEVICE "/dev/vboxdrv"
#define IGNORE_FLUSH "VBoxInternal/Devices/piix3ide/0/LUN#2/Config/IgnoreFlush"
#define FLUSH_FACT                                                                                 \
	"asked for with IgnoreFlush=0 (VirtualBox ignores those of IDE unless asked); log_flush "  \
	"is what it said, of the disk that boots and of the one with the mail"

static bool virtualbox_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	auto_buf output = { .max = VIRTUALBOX_OUTPUT_BYTES };
	struct error e = { 0 };

	if (!virtualbox_is_there())
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "VBoxManage is not installed");
	else if (access(DEVICE, F_OK) < 0)
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"there is no " DEVICE ": VirtualBox's kernel module is not loaded");
	else if (!MANAGE(&output, &e, "--version"))
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "%s", e.text);
	else if (virtualbox_major(buf_slice(&output)) < MAJOR_MIN)
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"VirtualBox is older than %d.0: %.*s", MAJOR_MIN,
			(int)(output.len > 60 ? 60 : output.len), output.at);
	else
		return machine_probe(plan, ret_reason);
	return false;
}

/* Ends the machine's process if it has one, and forgets the machine with its disks. */
static void machine_remove(const char *uuid)
{
	auto_buf output = { .max = VIRTUALBOX_OUTPUT_BYTES };

	for (unsigned i = 0; i < UNLOCK_TRY_COUNT; i++) {
		struct error ignored = { 0 }, why = { 0 };

		(void)!MANAGE(&output, &ignored, "controlvm", uuid, "poweroff");
		if (MANAGE(&output, &why, "unregistervm", uuid, "--delete") ||
			strstr(why.text, "Could not find a registered machine") != NULL)
			return;
		(void)poll(NULL, 0, UNLOCK_WAIT_MS);
	}
}

/* What labs left that are gone; said: a line for each, or NULL. */
static void orphans_remove(struct buf *said)
{
	auto_buf output = { .max = VIRTUALBOX_OUTPUT_BYTES };
	struct virtualbox_entry entry;
	struct error ignored = { 0 };

	if (!MANAGE(&output, &ignored, "list", "vms"))
		return;
	for (struct slice rest = buf_slice(&output); virtualbox_entry_next(&rest, &entry);) {
		char uuid[VIRTUALBOX_UUID_BYTES];

		if (!machine_is_orphan(entry.name) || !slice_text(entry.uuid, uuid, sizeof uuid))
			continue;
		machine_remove(uuid);
		machine_said(said, "VirtualBox", entry.name);
	}
}

/* Registers an empty machine; its UUID becomes s->machine: names need not be unique. */
static bool machine_create(
	struct site *s, const char *directory, struct buf *output, struct error *e)
{
	char name[MACHINE_NAME_BYTES];

	machine_name_next(name);
	if (!MANAGE(output, e, "createvm", "--name", name, "--ostype", "Linux26_64", "--register",
		    "--basefolder", directory))
		return false;
	return virtualbox_uuid(buf_slice(output), s->machine) ||
	       fail(e, FAULT_NEVER, "VBoxManage createvm: no UUID in its answer");
}

static bool devices_set(struct deployment *d, struct buf *output, struct error *e)
{
	const struct site *s = site_of(d);
	char memory[24], cpus[16];

	(void)snprintf(memory, sizeof memory, "%llu",
		(unsigned long long)(s->plan->memory_bytes >> MEGABYTE_BITS));
	(void)snprintf(cpus, sizeof cpus, "%u", s->plan->cpu_count);
	return MANAGE(output, e, "modifyvm", s->machine, "--memory", memory, "--cpus", cpus,
		       "--firmware", "bios", "--chipset", "piix3", "--ioapic", "on",
		       "--rtc-use-utc", "on", "--graphicscontroller", "vmsvga", "--vram", "9",
		       "--audio-enabled", "off", "--mouse", "ps2", "--boot1", "disk", "--boot2",
		       "none", "--boot3", "none", "--boot4", "none", "--bios-boot-menu", "disabled",
		       "--bios-logo-display-time", "0") &&
	       MANAGE(output, e, "modifyvm", s->machine, "--nic1", "nat", "--nic-type1", "virtio");
}

static bool port_set(struct deployment *d, const char *name, unsigned from, unsigned to,
	struct buf *output, struct error *e)
{
	char rule[64];

	(void)snprintf(rule, sizeof rule, "%s,tcp,127.0.0.1,%u,,%u", name, from, to);
	return MANAGE(output, e, "modifyvm", site_of(d)->machine, "--nat-pf1", rule);
}

/* VBoxManage runs elsewhere, so its path must be whole. The file is there before the machine is. */
static bool console_set(
	struct deployment *d, const char *directory, struct buf *output, struct error *e)
{
	char path[PLATFORM_PATH_BYTES];

	(void)snprintf(path, sizeof path, "%.*s/console.log",
		(int)(strlen(directory) - strlen("/machine")), directory);
	return MANAGE(output, e, "modifyvm", site_of(d)->machine, "--uart1", "0x3F8", "4",
		"--uart-mode1", "file", path);
}

static bool disk_attach(struct site *s, const char *directory, const char *raw, const char *name,
	const char *port, struct buf *output, struct error *e)
{
	char path[PLATFORM_PATH_BYTES];

	if (snprintf(path, sizeof path, "%s/%s.vdi", directory, name) >= (int)sizeof path)
		return fail(e, FAULT_NEVER, "make the disk '%s': the path is too long", name);
	bool is_attached =
		MANAGE(output, e, "convertfromraw", raw, path, "--format", "VDI") &&
		MANAGE(output, e, "storageattach", s->machine, "--storagectl", "IDE", "--port",
			port, "--device", "0", "--type", "hdd", "--medium", path);

	(void)unlink(raw);
	return is_attached;
}

static bool disks_set(struct site *s, const char *directory, struct buf *output, struct error *e)
{
	char boot[PLATFORM_PATH_BYTES], data[PLATFORM_PATH_BYTES];

	return machine_disks(s, directory, boot, data, e) &&
	       MANAGE(output, e, "storagectl", s->machine, "--name", "IDE", "--add", "ide",
		       "--controller", "PIIX4", "--hostiocache", "on", "--bootable", "on") &&
	       disk_attach(s, directory, boot, "boot", "0", output, e) &&
	       disk_attach(s, directory, data, "data", "1", output, e) &&
	       MANAGE(output, e, "setextradata", s->machine, IGNORE_FLUSH, "0");
}

static bool state_read(const char *uuid, char ret[LINE_BYTES])
{
	auto_buf output = { .max = VIRTUALBOX_OUTPUT_BYTES };
	struct error ignored = { 0 };
	struct slice state = S("");

	ret[0] = '\0';
	return MANAGE(&output, &ignored, "showvminfo", uuid, "--machinereadable") &&
	       virtualbox_value(buf_slice(&output), S("VMState"), &state) &&
	       slice_text(state, ret, LINE_BYTES);
}

static bool virtualbox_looks(struct site *s, char *ret_reason)
{
	char state[LINE_BYTES];

	if (machine_runs(s->keeper.program_pid))
		return true;
	if (s->keeper.program_pid == 0 && state_read(s->machine, state) &&
		virtualbox_is_live(slice_of(state)))
		return true;
	(void)state_read(s->machine, state);
	(void)snprintf(
		ret_reason, PLATFORM_REASON_BYTES, "VirtualBox says its state is '%.60s'", state);
	return false;
}

/* The machine as VirtualBox sees it. */
static void settings_note(struct site *s, struct buf *output)
{
	static const char *const keys[] = { "chipset", "firmware", "nictype1", "hwvirtex",
		"nestedpaging", "effparavirtprovider", "storagecontrollertype0" };
	struct error ignored = { 0 };
	json_t *all = json_object();

	if (MANAGE(output, &ignored, "showvminfo", s->machine, "--machinereadable")) {
		for (size_t i = 0; i < COUNT(keys); i++) {
			struct slice value;

			if (virtualbox_value(buf_slice(output), slice_of(keys[i]), &value))
				(void)json_object_set_new(
					all, keys[i], json_stringn(value.at, value.len));
		}
	}
	(void)json_object_set_new(s->facts, "virtualbox", all);
}

static bool has(struct slice line, struct slice word)
{
	while (line.len >= word.len && !slice_starts(line, word))
		line = slice_skip(line, 1);
	return line.len >= word.len;
}

/*
 * "00:00:08.935057 DrvVD: Flushes will be ignored": what the machine's own log says of flushes, two lines for each
 * disk, the one that boots first. Asynchronous ones are what controllers other than IDE ask for.
 */
static json_t *flush_lines(struct slice log)
{
	json_t *lines = json_array();

	while (log.len > 0) {
		struct slice line = slice_first(log, slice_find(log, '\n'));

		if (has(line, S(" DrvVD: ")) && has(line, S("lushes will be ")))
			(void)json_array_append_new(lines, json_stringn(line.at, line.len));
		log = slice_skip(log, line.len + 1);
	}
	return lines;
}

static void flushes_note(struct site *s, struct buf *output)
{
	char path[PLATFORM_PATH_BYTES] = "";
	struct error ignored = { 0 }, unread = { 0 };
	struct slice folder = S("");
	auto_free char *at = NULL;
	size_t len = 0;

	if (MANAGE(output, &ignored, "showvminfo", s->machine, "--machinereadable") &&
		virtualbox_value(buf_slice(output), S("LogFldr"), &folder))
		(void)snprintf(path, sizeof path, "%.*s/VBox.log",
			(int)(folder.len > 400 ? 400 : folder.len), folder.at);
	if (path[0] != '\0' && image_read(path, &at, &len, &unread))
		(void)json_object_set_new(
			s->facts, "log_flush", flush_lines((struct slice){ at, len }));
}

static void facts_note(struct site *s, struct buf *output)
{
	struct error ignored = { 0 };

	(void)!MANAGE(output, &ignored, "--version");
	machine_note(s, "VirtualBox", slice_trim(buf_slice(output)));
	(void)json_object_update_new(s->facts,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "disk", "PIIX4 IDE, growing VDI",
			"cache", "host I/O cache on (writeback)", "flush", FLUSH_FACT, "interface",
			"virtio-net", "network", "VirtualBox's NAT, ports forwarded from 127.0.0.1",
			"proof",
			"VirtualBox 7.2 itself, inside software emulation (make "
			"check-virtualbox)"));
	settings_note(s, output);
}

/* For a moment after its end a machine is locked by a session that goes. */
static bool unlocked_start(const char *uuid, struct buf *output, struct error *e)
{
	for (unsigned i = 1;; i++) {
		if (MANAGE(output, e, "startvm", uuid, "--type", "headless"))
			return true;
		if (i == UNLOCK_TRY_COUNT || strstr(e->text, "locked") == NULL)
			return false;
		error_clear(e);
		(void)poll(NULL, 0, UNLOCK_WAIT_MS);
	}
}

bool virtualbox_start(struct deployment *d, struct error *e)
{
	struct site *s = site_of(d);
	auto_buf output = { .max = VIRTUALBOX_OUTPUT_BYTES };

	machine_spawn(d);
	if (!unlocked_start(s->machine, &output, e))
		return false;
	s->keeper.program_pid = machine_pid("VBoxHeadless", s->machine);
	s->looks = virtualbox_looks;
	s->watch = appliance_console_watch;
	return site_ready(d, e);
}

static bool machine_make(struct deployment *d, struct error *e)
{
	struct site *s = site_of(d);
	auto_buf output = { .max = VIRTUALBOX_OUTPUT_BYTES };
	char directory[PLATFORM_PATH_BYTES];

	orphans_remove(NULL);
	if (!machine_directory(s->plan, directory, e) ||
		!machine_create(s, directory, &output, e) || !devices_set(d, &output, e) ||
		!port_set(d, "smtp", d->smtp_port, 25, &output, e) ||
		!port_set(d, "pop3", d->pop3_port, 110, &output, e) ||
		!port_set(d, "submission", d->submission_port, 587, &output, e) ||
		!port_set(d, "imap", d->imap_port, 143, &output, e) ||
		!console_set(d, directory, &output, e) || !disks_set(s, directory, &output, e))
		return false;
	facts_note(s, &output);
	if (!virtualbox_start(d, e))
		return false;
	flushes_note(s, &output);
	site_facts_print(json_incref(s->facts), d->facts_json);
	return true;
}

static bool press(struct site *s)
{
	auto_buf output = { .max = VIRTUALBOX_OUTPUT_BYTES };
	struct error ignored = { 0 };

	return MANAGE(&output, &ignored, "controlvm", s->machine, "acpipowerbutton");
}

static void remove_own(struct site *s)
{
	machine_remove(s->machine);
}

static const struct machine_driver driver = {
	.make = machine_make, .press = press, .remove = remove_own, .disk = "machine/data.vdi"
};

static void virtualbox_stop(struct deployment *d)
{
	machine_stop(&driver, d);
}

static bool virtualbox_deploy(
	const struct deploy_plan *plan, struct deployment *ret, struct error *e)
{
	return machine_deploy(&driver, &platform_virtualbox, plan, ret, e);
}

static void virtualbox_sweep(struct buf *said)
{
	if (virtualbox_is_there())
		orphans_remove(said);
}

static void virtualbox_describe(char ret_json[PLATFORM_FACTS_BYTES])
{
	auto_buf output = { .max = VIRTUALBOX_OUTPUT_BYTES };
	struct error ignored = { 0 };

	(void)!MANAGE(&output, &ignored, "--version");
	struct slice version = slice_trim(buf_slice(&output));

	site_facts_print(
		json_pack("{s:s%}", "virtualbox", version.len == 0 ? "" : version.at, version.len),
		ret_json);
}

const struct platform platform_virtualbox = {
	.name = "virtualbox",
	.title = "VirtualBox",
	.is_virtual = true,
	.is_hardware = true,
	.probe = virtualbox_probe,
	.deploy = virtualbox_deploy,
	.usage = site_usage,
	.is_alive = site_is_alive,
	.stop = virtualbox_stop,
	.describe = virtualbox_describe,
	.sweep = virtualbox_sweep,
	.states = &virtualbox_states,
};
