/* SPDX-License-Identifier: MIT */
/* tcg - a virtual machine without hardware virtualisation: QEMU translates every instruction. */
#include "lab/platform/list.h"
#include "lab/platform/qemu.h"
#include "lab/platform/site.h"

static bool tcg_deploy(const struct deploy_plan *plan, struct deployment *ret, struct error *e)
{
	return qemu_deploy(&platform_tcg, plan, ret, e);
}

const struct platform platform_tcg = {
	.name = "tcg",
	.title = "QEMU, software emulation",
	.is_virtual = true,
	.probe = qemu_probe,
	.deploy = tcg_deploy,
	.usage = site_usage,
	.is_alive = site_is_alive,
	.stop = site_stop,
	.describe = qemu_describe,
};
