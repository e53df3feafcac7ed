/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * qemu - what the two accelerators share: a guest that boots the appliance, driven over QMP.
 */
#include "lab/platform/platform.h"

/* Is everything there that a guest needs (QEMU, mke2fs, the image)? */
bool qemu_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES]);
MUST_CHECK bool qemu_deploy(const struct platform *platform, const struct deploy_plan *plan,
	struct deployment *ret, struct error *e);
void qemu_describe(char ret_json[PLATFORM_FACTS_BYTES]);
