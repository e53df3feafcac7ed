/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * uki - a unified kernel image: an UEFI program that carries kernel, initramfs and command line.
 *
 * systemd's stub with four more sections, added by objcopy behind its own (UAPI group, "Unified
 * Kernel Image"). Where they go is computed from the stub's section table: a fixed place would
 * let the kernel, unpacking itself, run over the initramfs.
 */
#include "lab/image/files.h"

#define UKI_STUB "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"

enum { UKI_SECTION_COUNT = 4 };

/* Files with what the sections hold, in the order of their addresses. */
struct uki_section {
	const char *name, *path;
};

/* The first free address behind a PE program's sections, and the alignment; false: not such a file. */
MUST_CHECK bool uki_end(struct slice program, uint64_t *ret_end, uint64_t *ret_alignment);
MUST_CHECK bool uki_write(const char *stub_path,
	const struct uki_section sections[UKI_SECTION_COUNT], const char *to, struct error *e);
