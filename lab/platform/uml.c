/* SPDX-License-Identifier: MIT */
/*
 * uml - a Linux kernel as a process of this one: User-mode Linux, a guest without any virtual hardware.
 *
 * Its code runs natively; every system call of the guest is caught with ptrace, which costs some fifty
 * times a native one. It has one processor, whatever the plan says: the facts tell both numbers.
 * It boots the image's initramfs on a kernel of its own (the package's linux.uml), so modules of the
 * image do not fit and are not loaded; ext4, UBD and the network are built in.
 * Needs root: its network is a tap, and there is no user network.
 */
#include "base/clock.h"
#include "lab/files/owner.h"
#include "lab/files/run.h"
#include "lab/image/image.h"
#include "lab/platform/appliance.h"
#include "lab/platform/list.h"
#include "lab/platform/mconsole.h"
#include "lab/platform/probe.h"
#include "lab/platform/uml_words.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CONSOLE_WAIT_MS = 10000,  /* the guest answers in milliseconds unless it is stuck */
	POWER_OFF_WAIT_MS = 5000, /* the guest's clean end takes 0.2 s */
	POWER_OFF_LOOK_MS = 10,
	PROC_BYTES = 16 << 10, /* the guest's /proc/diskstats has one line */
	DIRECTORY_BYTES = 160,
	HASH_BYTES = 32,
};

static uint64_t in_ms(uint64_t ms)
{
	return clock_mono_ns(&clock_real) + ms * NS_PER_MS;
}

/* The guest's name, and of its directory: its cgroup's, which no other deployment has. */
static void umid_of(const struct site *s, char ret[CGROUP_NAME_BYTES])
{
	if (s->group.name[0] != '\0')
		(void)snprintf(ret, CGROUP_NAME_BYTES, "%s", s->group.name);
	else
		(void)snprintf(ret, CGROUP_NAME_BYTES, UML_NAME "-%s", owner_mark());
}

static void guest_file(const struct site *s, const char *name, char ret[DIRECTORY_BYTES])
{
	char umid[CGROUP_NAME_BYTES];

	umid_of(s, umid);
	(void)snprintf(ret, DIRECTORY_BYTES, UML_DIRECTORY "/%s%s", umid, name);
}

static bool guest_ask(const struct site *s, const char *command, struct buf *answer)
{
	char path[DIRECTORY_BYTES];
	struct error ignored = { 0 };

	guest_file(s, "/mconsole", path);
	return mconsole_call(path, command, in_ms(CONSOLE_WAIT_MS), answer, &ignored);
}

static bool guest_try(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	auto_arena arena = { .max = UML_WORDS_BYTES };
	const char *words[UML_WORD_COUNT];
	struct probe p;
	bool is_good = false;

	if (!probe_open(&p, ret_reason))
		return false;
	(void)snprintf(p.console, sizeof p.console, "%s", p.log); /* console is standard output */
	struct uml_plan uml = { .memory_bytes = PROBE_MEMORY_BYTES,
		.image_path = plan->image_path,
		.directory = p.directory,
		.umid = "probe",
		.log_fd = -1 };

	if (uml_words(&uml, &arena, words))
		is_good = probe_run(
			&p, words, "linux.uml is there but a probe guest", plan, ret_reason);
	else
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"probe 'uml': the path '%.120s' is too long or has a space",
			plan->image_path);
	probe_close(&p);
	return is_good;
}

static bool uml_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	static char reason_kept[PLATFORM_REASON_BYTES];
	static enum { UNKNOWN, WORKS, FAILS } answer;

	if (!run_is_there("linux.uml")) {
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"there is no linux.uml; the package user-mode-linux brings it");
		return false;
	}
	if (!lan_is_possible() || access("/dev/net/tun", R_OK | W_OK) < 0) {
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"User-mode Linux needs a tap for its network: %s",
			geteuid() != 0 ? "the lab must run as root"
				       : "no iproute2 or /dev/net/tun");
		return false;
	}
	if (!appliance_probe(plan, ret_reason))
		return false;
	if (answer == UNKNOWN)
		answer = guest_try(plan, reason_kept) ? WORKS : FAILS;
	(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "%s", reason_kept);
	return answer == WORKS;
}

/* Ctrl-Alt-Del: PID 1 stops the server, unmounts the disk and powers off. */
static bool guest_power_off(struct site *s, struct deployment *d)
{
	auto_buf answer = { .max = MCONSOLE_COMMAND_BYTES };
	char reason[PLATFORM_REASON_BYTES];

	if (!guest_ask(s, "cad", &answer))
		return false;
	for (unsigned i = 0; i < POWER_OFF_WAIT_MS / POWER_OFF_LOOK_MS; i++) {
		if (!site_is_alive(d, reason))
			return true;
		(void)poll(NULL, 0, POWER_OFF_LOOK_MS);
	}
	return false;
}

/* How often the guest has asked its disk for a flush: field 19 of /proc/diskstats (Linux, admin-guide/iostats). */
static uint64_t flushes_now(const struct site *s)
{
	auto_buf answer = { .max = PROC_BYTES };
	unsigned long long count = 0;

	if (!guest_ask(s, "proc diskstats", &answer) || !buf_add(&answer, (struct slice){ "", 1 }))
		return UINT64_MAX;
	const char *line = strstr(answer.at, " ubda ");

	if (line == NULL || sscanf(line,
				    " ubda %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u "
				    "%*u %llu",
				    &count) != 1)
		return UINT64_MAX;
	return count;
}

static void flushes_note(struct site *s)
{
	uint64_t count = flushes_now(s);

	if (count != UINT64_MAX)
		(void)json_object_set_new(
			s->facts, "flushes_until_ready", json_integer((json_int_t)count));
}

static bool uml_usage(const struct deployment *d, struct platform_usage *ret)
{
	if (!site_usage(d, ret))
		return false;
	ret->flushes = flushes_now(site_of(d));
	return true;
}

/* "Linux version 6.1.176 (…": what runs says which it is. */
static void kernel_note(struct site *s)
{
	auto_buf answer = { .max = PROC_BYTES };
	char version[64] = "";

	if (guest_ask(s, "proc version", &answer) && buf_add(&answer, (struct slice){ "", 1 }) &&
		sscanf(answer.at, " Linux version %63s", version) == 1)
		(void)json_object_set_new(s->facts, "guest_kernel", json_string(version));
}

/* SHA-256 of the program that runs. */
static void program_note(struct site *s)
{
	unsigned char hash[HASH_BYTES];
	char path[64], text[2 * HASH_BYTES + 1];
	size_t len = 0, hash_len = 0;
	auto_free char *at = NULL;
	struct error ignored = { 0 };

	(void)snprintf(path, sizeof path, "/proc/%d/exe", (int)s->keeper.program_pid);
	if (!image_read(path, &at, &len, &ignored) ||
		EVP_Q_digest(NULL, "SHA256", NULL, at, len, hash, &hash_len) != 1)
		return;
	for (size_t i = 0; i < hash_len; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", hash[i]);
	(void)json_object_set_new(s->facts, "kernel_sha256", json_string(text));
}

static void facts_note(struct site *s)
{
	(void)json_object_update_new(s->facts,
		json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:{s:I, s:i, s:i}}", "system_calls",
			"caught with ptrace; other code runs natively", "disk",
			json_sprintf("UBD, raw file, %s",
				hardware_value_name(&s->plan->hardware, HARDWARE_FS)),
			"cache", "writethrough: O_SYNC on the host", "flush",
			"kept, as every write is synced; a flush itself does not reach the host",
			"interface", "UML's vector driver on a tap", "user", "mailvisor", "limits",
			"memory_bytes", (json_int_t)s->plan->memory_bytes, "processors", 1,
			"processors_wanted", (int)s->plan->cpu_count));
	appliance_note(s);
}

static bool guest_start(struct deployment *d, int log_fd, struct error *e)
{
	struct site *s = site_of(d);
	auto_arena arena = { .max = UML_WORDS_BYTES };
	const char *words[UML_WORD_COUNT];
	char disk[PLATFORM_PATH_BYTES], umid[CGROUP_NAME_BYTES];
	struct uml_plan plan = { .memory_bytes = s->plan->memory_bytes,
		.image_path = s->plan->image_path,
		.directory = UML_DIRECTORY,
		.umid = umid,
		.disk_path = disk,
		.site = s,
		.log_fd = log_fd };
	struct keeper_plan keep = {
		.words = words, .joins_group = s->group.name[0] != '\0', .pass_fds = { log_fd }
	};

	umid_of(s, umid);
	if (!appliance_disk_make(s->plan, disk, e))
		return false;
	if (!uml_words(&plan, &arena, words))
		return fail(e, FAULT_NEVER,
			"deploy 'uml': the paths '%.60s' and '%.60s' are too long or have a space, "
			"comma or "
			"colon",
			s->plan->image_path, disk);
	facts_note(s);
	s->watch = appliance_console_watch;
	return site_start(d, &keep, e);
}

static bool guest_deploy(struct deployment *d, struct error *e)
{
	struct site *s = site_of(d);
	auto_fd log_fd = -1;

	if (!s->has_lan)
		return fail(e, FAULT_NEVER, "deploy 'uml': it needs a tap, and that needs root");
	if (!site_path(s->plan, "server.log", d->timeline_path, e))
		return false;
	log_fd = open(d->timeline_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log_fd < 0)
		return fail(e, FAULT_NEVER, "open '%s': %m", d->timeline_path);
	return lan_tap_stay(&s->seat, e) && guest_start(d, log_fd, e) && site_ready(d, e);
}

/* Nothing is left of it: neither the tap nor, after a kill, the guest's directory. */
static void uml_stop(struct deployment *d)
{
	struct site *s = site_of(d);
	char directory[DIRECTORY_BYTES], pid[DIRECTORY_BYTES], console[DIRECTORY_BYTES];

	if (s == NULL)
		return;
	struct lan_seat seat = s->seat;
	bool has_lan = s->has_lan;

	guest_file(s, "", directory);
	guest_file(s, "/pid", pid);
	guest_file(s, "/mconsole", console);
	site_stop(d);
	(void)unlink(pid);
	(void)unlink(console);
	(void)rmdir(directory);
	if (has_lan)
		lan_tap_end(&seat);
}

static bool uml_deploy(const struct deploy_plan *plan, struct deployment *ret, struct error *e)
{
	struct site *s;

	if (!site_open(plan, &platform_uml, ret, e))
		return false;
	s = site_of(ret);
	if (!guest_deploy(ret, e)) {
		uml_stop(ret);
		return false;
	}
	s->part = guest_power_off; /* what did not start need not end cleanly */
	flushes_note(s);
	kernel_note(s);
	program_note(s);
	site_facts_print(json_incref(s->facts), ret->facts_json);
	return true;
}

static void uml_describe(char ret_json[PLATFORM_FACTS_BYTES])
{
	static const char *const words[] = { "linux.uml", "--version", NULL };
	char version[128];

	run_line(words, version, sizeof version);
	site_facts_print(json_pack("{s:s, s:s}", "user_mode_linux", version, "processors",
				 "one: its kernel is built without SMP"),
		ret_json);
}

const struct platform platform_uml = {
	.name = "uml",
	.title = "User-mode Linux",
	.is_virtual = true,
	.hardware = 1u << HARDWARE_FS,
	.probe = uml_probe,
	.deploy = uml_deploy,
	.usage = uml_usage,
	.is_alive = site_is_alive,
	.stop = uml_stop,
	.describe = uml_describe,
	.states = &site_states,
};
