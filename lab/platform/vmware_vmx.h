/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * vmware_vmx - the file that describes a machine to VMware, and what vmrun and the guest print.
 *
 * Lines KEY = "VALUE". A byte that would end the value, or is none of ASCII's visible ones, is written
 * as |XX, as VMware's own files have it. Text to text; no files, no programs.
 */
#include "base/buf.h"

struct vmware_plan {
	const char *name;
	unsigned cpu_count;
	uint64_t memory_bytes;
	const char *boot_path, *data_path, *console_path;
};

enum { VMWARE_VMX_BYTES = 8192, VMWARE_MEMORY_STEP_MIB = 4 };

/* False: it does not fit. */
MUST_CHECK bool vmware_vmx_write(const struct vmware_plan *plan, struct buf *to);
/* The next line of `vmrun list` that is a path; takes it from *rest. */
MUST_CHECK bool vmware_list_next(struct slice *rest, struct slice *ret_path);
/* What follows "Error: " in vmrun's answer; "" when it did not complain. */
struct slice vmware_complaint(struct slice text);
