/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * format - the containers that a disk may be in, by the names that qemu-img and people use.
 *
 * raw, qcow2 (QEMU), vdi (VirtualBox), vmdk (VMware), vhdx (Hyper-V), and ova (a whole machine with two
 * disks, ova.h). Threads: none.
 */
#include "base/error.h"

/* Can `image build` make it? */
bool format_is_known(const char *name);
bool format_is_machine(const char *name);
/* "raw, qcow2, …" */
extern const char format_names[];
/* raw -> any of them but ova, by qemu-img. */
MUST_CHECK bool format_convert(
	const char *from, const char *format, const char *to, struct error *e);
/* raw -> the VMDK that OVF names: compressed, written once, for import (streamOptimized). */
MUST_CHECK bool format_pack(const char *from, const char *to, struct error *e);
