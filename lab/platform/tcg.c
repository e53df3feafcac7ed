/* SPDX-License-Identifier: MIT */
/* tcg - a virtual machine without hardware virtualisation: QEMU translates every instruction. */
#include "lab/platform/list.h"
#include "lab/platform/qemu.h"
#include "lab/platform/site.h"

static bool tcg_deploy(const struct deploy_plan *plan, struct deployment *ret, struct error *e)
{
	return qemu_deploy(&platform_tcg, plan, ret, e);
}

static bool tcg_restore(const struct deploy_plan *plan, const char *directory,
	struct deployment *ret, struct error *e)
{
	return qemu_restore(&platform_tcg, plan, directory, ret, e);
}

static const struct platform_states states = {
	.snapshot = qemu_snapshot,
	.revert = qemu_revert,
	.save = qemu_save,
	.restore = tcg_restore,
	.migrate = qemu_migrate,
	.cut = qemu_cut,
	.boot = qemu_boot,
};

const struct platform platform_tcg = {
	.name = "tcg",
	.title = "QEMU, software emulation",
	.is_virtual = true,
	.hardware = (1u << HARDWARE_KEY_COUNT) - 1,
	.probe = qemu_probe,
	.deploy = tcg_deploy,
	.usage = site_usage,
	.is_alive = site_is_alive,
	.stop = site_stop,
	.describe = qemu_describe,
	.states = &states,
};
