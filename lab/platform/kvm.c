/* SPDX-License-Identifier: MIT */
/*
 * kvm - a virtual machine on the processor's own virtualisation: QEMU with the kernel's KVM.
 *
 * Whether it works is asked of a guest: /dev/kvm may exist and be useless, as in a virtual machine whose
 * host does not pass virtualisation on. The probe boots the appliance's kernel without disk and network
 * and waits for PID 1's first line; the answer is kept for the life of the lab.
 */
#include "lab/platform/list.h"
#include "lab/platform/probe.h"
#include "lab/platform/qemu.h"
#include "lab/platform/qemu_words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool words_make(const struct probe *p, const struct deploy_plan *plan, struct arena *arena,
	const char **ret)
{
	struct qemu_plan qemu = { .accelerator = "kvm",
		.cpu_count = 1,
		.memory_bytes = PROBE_MEMORY_BYTES,
		.image_path = plan->image_path,
		.console_path = p->console,
		.tap_fd = -1,
		.monitor_fd = -1 };

	return qemu_words(&qemu, arena, ret);
}

static bool guest_try(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	auto_arena arena = { .max = QEMU_WORDS_BYTES };
	const char *words[QEMU_WORD_COUNT];
	struct probe p;
	bool is_good = false;

	if (!probe_open(&p, ret_reason))
		return false;
	if (words_make(&p, plan, &arena, words))
		is_good =
			probe_run(&p, words, "/dev/kvm exists but a probe guest", plan, ret_reason);
	else
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"probe 'kvm': the command line is too long");
	probe_close(&p);
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

static bool kvm_restore(const struct deploy_plan *plan, const char *directory,
	struct deployment *ret, struct error *e)
{
	return qemu_restore(&platform_kvm, plan, directory, ret, e);
}

static const struct platform_states states = {
	.snapshot = qemu_snapshot,
	.revert = qemu_revert,
	.save = qemu_save,
	.restore = kvm_restore,
	.migrate = qemu_migrate,
	.cut = qemu_cut,
	.boot = qemu_boot,
};

const struct platform platform_kvm = {
	.name = "kvm",
	.title = "QEMU, KVM",
	.is_virtual = true,
	.is_hardware = true,
	.hardware = (1u << HARDWARE_KEY_COUNT) - 1,
	.probe = kvm_probe,
	.deploy = kvm_deploy,
	.usage = site_usage,
	.is_alive = site_is_alive,
	.stop = site_stop,
	.describe = qemu_describe,
	.states = &states,
};
