/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * drivers - kernel modules for the hypervisors that the plain image does not know.
 *
 * They are loaded when their device is there (lab/guest/devices.h), so an image that boots anywhere
 * pays for one machine's hardware only. What a kernel has built in, or has not, needs no line.
 */
#include "lab/image/files.h"

/* Adds the modules and the list DEVICES_DRIVERS. */
MUST_CHECK bool drivers_add(struct image_files *set, const char *version, struct error *e);
