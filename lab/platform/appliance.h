/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * appliance - what every virtual machine shares that boots our image: its data disk, what PID 1 says.
 *
 * Not here: making the image (lab/image), starting the machine (qemu.c, uml.c).
 * Threads: the lab's main thread.
 */
#include "lab/platform/site.h"

#define APPLIANCE_DISK "data.disk" /* in the work directory */

/* Is there an image, and what makes a disk? The reason is a sentence. */
bool appliance_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES]);
/* A raw disk with the plan's file system and the setup file in it, made without root and without mounting. */
MUST_CHECK bool appliance_disk_make(
	const struct deploy_plan *plan, char ret[PLATFORM_PATH_BYTES], struct error *e);
/* Notes the stages that the console has printed since the last look; for site.watch. */
MUST_CHECK bool appliance_console_watch(struct site *s, struct deployment *d, struct error *e);
/* The same, and the address that PID 1 says it has becomes the deployment's, once. */
MUST_CHECK bool appliance_address_watch(struct site *s, struct deployment *d, struct error *e);
/* The address in PID 1's line "mailvisor-guest: state=network … ip=A.B.C.D …"; false: not that line. */
MUST_CHECK bool appliance_address(struct slice line, char *room, size_t size);
/* Into the facts: which initramfs; which kernel, for machines that boot the image's own. */
void appliance_note(struct site *s);
void appliance_kernel_note(struct site *s);
