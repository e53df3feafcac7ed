/* SPDX-License-Identifier: MIT */
/*
 * kvm - a virtual machine on the processor's own virtualisation: QEMU with the kernel's KVM.
 *
 * Whether it works is asked of a guest: /dev/kvm may exist and be useless, as in a virtual machine whose
 * host does not pass virtualisation on. The probe boots the appliance's kernel without disk and network
 * and waits for PID 1's first line; the answer is kept for the life of the lab.
 */
#include "base/clock.h"
#include "lab/platform/list.h"
#include "lab/platform/qemu.h"
#include "lab/platform/qemu_words.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	/* a real one says its first line in under a second; nested ones are slow */
	PROBE_WAIT_MS = 30000,
	PROBE_LOOK_MS = 20,
	PROBE_MEMORY_BYTES = 256 << 20,
	CONSOLE_BYTES = 16384,
	GRACE_MS = 500,
};

struct probe {
	char directory[PLATFORM_PATH_BYTES], console[PLATFORM_PATH_BYTES], log[PLATFORM_PATH_BYTES];
	struct keeper keeper;
};

/* The end of what a file holds, as one line. */
static struct slice file_tail(const char *path, char room[CONSOLE_BYTES])
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, room, CONSOLE_BYTES);

	return slice_trim((struct slice){ room, got < 0 ? 0 : (size_t)got });
}

static bool guest_spoke(const struct probe *p)
{
	char room[CONSOLE_BYTES + 1];
	struct slice text = file_tail(p->console, room);

	return text.len > 0 && memmem(text.at, text.len, "mailvisor-guest: state=", 23) != NULL;
}

static void reason_give(
	const struct probe *p, const char *what, char ret_reason[PLATFORM_REASON_BYTES])
{
	char room[CONSOLE_BYTES];
	struct slice said = file_tail(p->log, room);

	said = slice_first(said, slice_find(said, '\n'));
	(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
		"/dev/kvm exists but a probe guest %s%s%.*s", what, said.len > 0 ? ": " : "",
		(int)(said.len > 150 ? 150 : said.len), said.at);
}

static bool guest_wait(
	struct probe *p, const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	char what[PLATFORM_REASON_BYTES];

	for (unsigned waited_ms = 0; waited_ms < PROBE_WAIT_MS; waited_ms += PROBE_LOOK_MS) {
		if (guest_spoke(p))
			return true;
		if (!keeper_is_alive(&p->keeper, what, sizeof what)) {
			reason_give(p, "did not start", ret_reason);
			return false;
		}
		if (plan->is_cancelled != NULL && *plan->is_cancelled)
			break;
		(void)poll(NULL, 0, PROBE_LOOK_MS);
	}
	(void)snprintf(what, sizeof what, "did not start within %d s", PROBE_WAIT_MS / 1000);
	reason_give(p, what, ret_reason);
	return false;
}

static bool guest_start(struct probe *p, const struct deploy_plan *plan, struct error *e)
{
	auto_arena arena = { .max = QEMU_WORDS_BYTES };
	const char *words[QEMU_WORD_COUNT];
	struct qemu_plan qemu = { .accelerator = "kvm",
		.cpu_count = 1,
		.memory_bytes = PROBE_MEMORY_BYTES,
		.image_path = plan->image_path,
		.console_path = p->console,
		.tap_fd = -1,
		.monitor_fd = -1 };
	struct keeper_plan keep = { .words = words, .log_path = p->log, .grace_ms = GRACE_MS };

	if (!qemu_words(&qemu, &arena, words))
		return fail(e, FAULT_NEVER, "probe 'kvm': the command line is too long");
	return keeper_start(&keep, &p->keeper, e);
}

static bool guest_try(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	struct probe p = { .directory = "/tmp/mailvisor-probe-XXXXXX" };
	struct error e = { 0 };
	bool is_good = false;

	if (mkdtemp(p.directory) == NULL) {
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "the probe got no directory: %m");
		return false;
	}
	(void)snprintf(p.console, sizeof p.console, "%.64s/console.log", p.directory);
	(void)snprintf(p.log, sizeof p.log, "%.64s/qemu.log", p.directory);
	if (guest_start(&p, plan, &e))
		is_good = guest_wait(&p, plan, ret_reason);
	else
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "%s", e.text);
	keeper_stop(&p.keeper);
	(void)unlink(p.console);
	(void)unlink(p.log);
	(void)rmdir(p.directory);
	return is_good;
}

static bool kvm_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	static char reason_kept[PLATFORM_REASON_BYTES];
	static enum { UNKNOWN, WORKS, FAILS } answer;

	if (!qemu_probe(plan, ret_reason))
		return false;
	if (access("/dev/kvm", R_OK | W_OK) < 0) {
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "/dev/kvm: %s",
			errno == ENOENT ? "the kernel offers no virtualisation" : strerror(errno));
		return false;
	}
	if (answer == UNKNOWN)
		answer = guest_try(plan, reason_kept) ? WORKS : FAILS;
	(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "%s", reason_kept);
	return answer == WORKS;
}

static bool kvm_deploy(const struct deploy_plan *plan, struct deployment *ret, struct error *e)
{
	return qemu_deploy(&platform_kvm, plan, ret, e);
}

const struct platform platform_kvm = {
	.name = "kvm",
	.title = "QEMU, KVM",
	.is_virtual = true,
	.probe = kvm_probe,
	.deploy = kvm_deploy,
	.usage = site_usage,
	.is_alive = site_is_alive,
	.stop = site_stop,
	.describe = qemu_describe,
};
