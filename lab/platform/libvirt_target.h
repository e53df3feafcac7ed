/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * libvirt_target - which host the platform `libvirt` means: one at a time, as `external` has it.
 */
#include "base/error.h"
#include "base/slice.h"

#define LIBVIRT_PREFIX "libvirt:"
#define LIBVIRT_URI_USUAL "qemu:///system"

/* spec: "libvirt" or "libvirt:URI". */
MUST_CHECK bool libvirt_aim(struct slice spec, struct error *e);
const char *libvirt_target_uri(void);
