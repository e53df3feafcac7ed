/* SPDX-License-Identifier: MIT */
/*
 * libvirt - a machine on whatever libvirt reaches: QEMU here or elsewhere, Xen, ESXi.
 *
 * "libvirt" is LIBVIRT_URI_USUAL, "libvirt:URI" another host. The machine boots the image's disk. QEMU forwards
 * ports of 127.0.0.1 to it; elsewhere it is on the host's first network, and PID 1 says on the console
 * which address it was given. A host that is not this machine must see the work directory at the same
 * path. Proven with QEMU; for Xen and ESXi the description is valid by libvirt's schema: not measured.
 * What a crashed lab left is ended and forgotten before the next machine is made.
 */
#include "lab/files/run.h"
#include "lab/image/format.h"
#include "lab/platform/appliance.h"
#include "lab/platform/libvirt_host.h"
#include "lab/platform/libvirt_target.h"
#include "lab/platform/libvirt_xml.h"
#include "lab/platform/list.h"
#include "lab/platform/machine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CONSOLE_BYTES = 64 << 10,
	SMTP_PORT = 25,
	POP3_PORT = 110,
	SUBMISSION_PORT = 587,
	IMAP_PORT = 143
};

/* Of libvirtd, and of the daemon that replaces it. */
#define LIBVIRT_SOCKET "/run/libvirt/libvirt-sock"
#define LIBVIRT_QEMU_SOCKET "/run/libvirt/virtqemud-sock"

static struct libvirt_host *host_of(struct site *s)
{
	return s->own;
}

static bool libvirt_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	char network[LIBVIRT_NAME_BYTES];
	struct libvirt_host h;
	struct error e = { 0 };
	bool is_good = false;

	if (!libvirt_host_open(&h, libvirt_target_uri(), &e)) {
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "%s", e.text);
		return false;
	}
	libvirt_host_network(&h, network);
	if (!libvirt_xml_knows(h.type))
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"libvirt's driver '%s' is none that we describe machines for", h.type);
	else if (!libvirt_xml_forwards(h.type) && network[0] == '\0')
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"the host at '%.120s' has no network that is up", libvirt_target_uri());
	else
		is_good = machine_probe(plan, ret_reason);
	libvirt_host_close(&h);
	return is_good;
}

/* What came over the console goes into the file where everybody looks for it. */
static void console_keep(struct site *s)
{
	auto_buf text = { .max = CONSOLE_BYTES };
	char path[PLATFORM_PATH_BYTES];
	struct error ignored = { 0 };

	libvirt_console_read(host_of(s), &text);
	if (text.len == 0 || !site_path(s->plan, "console.log", path, &ignored))
		return;
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	(void)!write(fd, text.at, text.len);
}

static bool libvirt_looks(struct site *s, char *ret_reason)
{
	console_keep(s);
	return libvirt_is_running(host_of(s), ret_reason, PLATFORM_REASON_BYTES);
}

static bool watch(struct site *s, struct deployment *d, struct error *e)
{
	console_keep(s);
	return libvirt_xml_forwards(host_of(s)->type) ? appliance_console_watch(s, d, e)
						      : appliance_address_watch(s, d, e);
}

/* In the format that the hypervisor takes, or the one that holds snapshots. */
static bool disk_make(struct site *s, const char *raw, struct libvirt_disk *ret,
	char path[PLATFORM_PATH_BYTES], struct error *e)
{
	const char *format = libvirt_xml_format(host_of(s)->type);

	if (s->plan->hardware.value[HARDWARE_FORMAT] == FORMAT_QCOW2)
		format = "qcow2";
	*ret = (struct libvirt_disk){ path, format };
	if (strcmp(format, "raw") == 0)
		return slice_text(slice_of(raw), path, PLATFORM_PATH_BYTES) ||
		       fail(e, FAULT_NEVER, "make a disk: the path is too long");
	/* Beside the boot disk, in the directory that goes with the machine. */
	if (snprintf(path, PLATFORM_PATH_BYTES, "%s/machine/%s.%s", s->plan->work_path,
		    strrchr(raw, '/') + 1, format) >= PLATFORM_PATH_BYTES)
		return fail(e, FAULT_NEVER, "make a disk: the path is too long");
	bool is_made = format_convert(raw, format, path, e);

	(void)unlink(raw);
	return is_made;
}

static void facts_note(struct site *s, const struct libvirt_plan *plan)
{
	const struct libvirt_host *h = host_of(s);
	char version[LIBVIRT_NAME_BYTES];
	bool is_qemu = libvirt_xml_forwards(h->type);

	libvirt_host_version(h, version, sizeof version);
	machine_note(s, h->type, slice_of(version));
	(void)json_object_update_new(s->facts,
		json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:s}", "uri", libvirt_target_uri(),
			"accelerator",
			is_qemu ? (plan->has_kvm ? "kvm" : "tcg") : "the hypervisor's", "disk",
			json_sprintf("%s file, ext4, the hypervisor's paravirtualised bus",
				plan->data.format),
			"cache", is_qemu ? "writeback" : "the hypervisor's default", "flush",
			is_qemu ? "honoured: the guest's flush is fdatasync on the host"
				: "unknown: the hypervisor does not say",
			"network",
			is_qemu ? "QEMU's user network, ports forwarded from 127.0.0.1"
				: "the host's first network",
			"proof",
			is_qemu ? "tested against a libvirtd of this machine"
				: "libvirt's driver for this hypervisor was never at hand: not "
				  "measured"));
}

/* A host that says it has KVM may have a device that starts no guest: here it can be asked. */
static bool kvm_works(const struct site *s, const struct libvirt_host *h)
{
	bool is_here = strstr(libvirt_target_uri(), ":///") != NULL;
	char ignored[PLATFORM_REASON_BYTES];

	return h->has_kvm && (!is_here || (platform_kvm.probe(s->plan, ignored) &&
						  !platform_is_nested(&platform_kvm, ignored)));
}

static bool host_open(struct site *s, struct error *e)
{
	struct libvirt_host *h = calloc(1, sizeof *h);

	if (h == NULL)
		return fail(e, FAULT_LATER, "deploy 'libvirt': out of memory");
	if (!libvirt_host_open(h, libvirt_target_uri(), e)) {
		free(h);
		return false;
	}
	s->own = h;
	libvirt_sweep(h, machine_is_orphan, NULL);
	return true;
}

static bool described_define(struct site *s, const struct libvirt_plan *plan, struct error *e)
{
	auto_buf xml = { .max = LIBVIRT_XML_BYTES };

	if (!libvirt_xml_write(host_of(s)->type, plan, &xml) || !buf_add_byte(&xml, '\0'))
		return fail(e, FAULT_NEVER, "describe a machine: the work path is too long");
	return libvirt_define(host_of(s), xml.at, e);
}

static bool machine_define(struct deployment *d, struct error *e)
{
	struct site *s = site_of(d);
	char directory[PLATFORM_PATH_BYTES], boot[PLATFORM_PATH_BYTES], data[PLATFORM_PATH_BYTES];
	char boot_path[PLATFORM_PATH_BYTES], data_path[PLATFORM_PATH_BYTES];
	char name[MACHINE_NAME_BYTES], network[LIBVIRT_NAME_BYTES];
	bool forwards = libvirt_xml_forwards(host_of(s)->type);
	struct libvirt_plan plan = { .name = name,
		.cpu_count = s->plan->cpu_count,
		.memory_bytes = s->plan->memory_bytes,
		.network = forwards ? NULL : network,
		.smtp_port = d->smtp_port,
		.pop3_port = d->pop3_port,
		.submission_port = d->submission_port,
		.imap_port = d->imap_port,
		.has_kvm = kvm_works(s, host_of(s)) };

	libvirt_host_network(host_of(s), network);
	machine_name_next(name);
	if (!machine_directory(s->plan, directory, e) ||
		!machine_disks(s, directory, boot, data, e) ||
		!disk_make(s, boot, &plan.boot, boot_path, e) ||
		!disk_make(s, data, &plan.data, data_path, e) || !described_define(s, &plan, e))
		return false;
	(void)snprintf(s->machine, sizeof s->machine, "%s", name);
	facts_note(s, &plan);
	return true;
}

static bool machine_begin(struct deployment *d, struct error *e)
{
	struct site *s = site_of(d);

	if (!libvirt_xml_forwards(host_of(s)->type)) {
		d->host[0] = '\0';
		d->smtp_port = SMTP_PORT;
		d->pop3_port = POP3_PORT;
		d->submission_port = SUBMISSION_PORT;
		d->imap_port = IMAP_PORT;
	}
	machine_spawn(d);
	s->looks = libvirt_looks;
	s->watch = watch;
	return libvirt_start(host_of(s), e) && site_ready(d, e);
}

static bool make(struct deployment *d, struct error *e)
{
	return host_open(site_of(d), e) && machine_define(d, e) && machine_begin(d, e);
}

static bool press(struct site *s)
{
	return libvirt_press(host_of(s));
}

/* The connection goes with the machine. */
static void remove_own(struct site *s)
{
	console_keep(s);
	libvirt_host_close(host_of(s));
}

static const struct machine_driver driver = { .make = make, .press = press, .remove = remove_own };

static bool libvirt_deploy(const struct deploy_plan *plan, struct deployment *ret, struct error *e)
{
	return machine_deploy(&driver, &platform_libvirt, plan, ret, e);
}

static void libvirt_stop(struct deployment *d)
{
	struct site *s = site_of(d);
	struct libvirt_host *h = s == NULL ? NULL : s->own;

	machine_stop(&driver, d);
	if (h != NULL)
		libvirt_host_close(h);
	free(h);
}

static bool libvirt_usage(const struct deployment *d, struct platform_usage *ret)
{
	struct libvirt_usage usage;

	if (!libvirt_usage_read(host_of(site_of(d)), &usage))
		return false;
	*ret = (struct platform_usage){ .cpu_ns = usage.cpu_ns,
		.memory_bytes = usage.memory_bytes,
		.write_bytes = usage.write_bytes,
		.flushes = usage.flushes,
		.exits = UINT64_MAX };
	return true;
}

static bool states_snapshot(
	struct deployment *d, const char *name, struct platform_span *ret, struct error *e)
{
	struct platform_span span = site_span();

	if (!libvirt_snapshot(host_of(site_of(d)), name, e))
		return false;
	*ret = site_span_end(span);
	return true;
}

static bool states_revert(
	struct deployment *d, const char *name, struct platform_span *ret, struct error *e)
{
	struct platform_span span = site_span();

	if (!libvirt_revert(host_of(site_of(d)), name, e))
		return false;
	*ret = site_span_end(span);
	return true;
}

static void states_cut(struct deployment *d)
{
	libvirt_cut(host_of(site_of(d)));
}

static bool states_boot(struct deployment *d, struct error *e)
{
	d->stage_count = 0;
	return machine_begin(d, e);
}

/* Nobody is asked where there is no libvirt: connecting could start it, or wait. */
static void sweep_usual(struct buf *said)
{
	struct libvirt_host h;
	struct error ignored = { 0 };
	bool is_usual = strcmp(libvirt_target_uri(), LIBVIRT_URI_USUAL) == 0;

	if ((is_usual && access(LIBVIRT_SOCKET, F_OK) < 0 &&
		    access(LIBVIRT_QEMU_SOCKET, F_OK) < 0) ||
		!libvirt_host_open(&h, libvirt_target_uri(), &ignored))
		return;
	libvirt_sweep(&h, machine_is_orphan, said);
	libvirt_host_close(&h);
}

static void libvirt_describe(char ret_json[PLATFORM_FACTS_BYTES])
{
	char version[LIBVIRT_NAME_BYTES] = "";
	struct libvirt_host h;
	struct error ignored = { 0 };

	if (libvirt_host_open(&h, libvirt_target_uri(), &ignored)) {
		libvirt_host_version(&h, version, sizeof version);
		libvirt_host_close(&h);
	}
	site_facts_print(
		json_pack("{s:s, s:s}", "libvirt", version, "uri", libvirt_target_uri()), ret_json);
}

static const struct platform_states states = {
	.snapshot = states_snapshot, .revert = states_revert, .cut = states_cut, .boot = states_boot
};

const struct platform platform_libvirt = {
	.name = "libvirt",
	.title = "libvirt",
	.is_virtual = true,
	.hardware = 1u << HARDWARE_FORMAT,
	.probe = libvirt_probe,
	.deploy = libvirt_deploy,
	.usage = libvirt_usage,
	.is_alive = site_is_alive,
	.stop = libvirt_stop,
	.describe = libvirt_describe,
	.sweep = sweep_usual,
	.states = &states,
};
