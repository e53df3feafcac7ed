/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * ova - a whole machine in one file for import: description, checksums, two disks (DMTF DSP0243 1.1).
 *
 * A tar archive with mailvisor.ovf, mailvisor.mf (SHA-256), and the boot and the data disk as compressed
 * VMDKs, in the order the standard wants. The machine is one that VirtualBox and VMware both offer: two
 * disks on PIIX4 IDE, one network card. Threads: none.
 * Limits: OVA_MEMORY_MIB and one processor as a start; who imports it changes them.
 */
#include "base/error.h"

enum { OVA_MEMORY_MIB = 512 };

struct ova_plan {
	const char *boot_path, *data_path; /* raw disks */
	const char *nic;       /* "E1000" or "VmxNet3": what the image has a driver for */
	const char *work_path; /* an existing directory for what is made on the way */
	const char *to;
};

MUST_CHECK bool ova_write(const struct ova_plan *plan, struct error *e);
