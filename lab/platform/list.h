/* SPDX-License-Identifier: MIT */
#pragma once
/* list - the platforms we have, one file each; for the list in platform.c and for themselves. */
#include "lab/platform/platform.h"

extern const struct platform platform_process, platform_container, platform_uml, platform_tcg,
	platform_kvm, platform_virtualbox, platform_vmware, platform_libvirt;
