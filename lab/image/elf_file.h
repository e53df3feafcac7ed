/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * elf_file - what we need to know of a 64-bit ELF program: its loader, its way in, which bytes run.
 *
 * Not here: symbols, relocations, libraries (the loader itself lists those, see server_files.c).
 */
#include "base/slice.h"

struct elf_view {
	struct slice loader; /* PT_INTERP without its NUL; empty: statically linked */
	size_t run_bytes;    /* end of the last byte that a program header names */
	bool has_pvh;        /* a kernel that a hypervisor may enter directly: a PVH note */
};

/* False when it is not a well-formed ELF file of this machine's word size. */
MUST_CHECK bool elf_read(struct slice file, struct elf_view *ret);
/*
 * Cuts off what only debuggers read (section headers, symbols, debug sections) and takes the
 * section table out of the header. The program runs as before. Returns the new length.
 */
size_t elf_cut(char *file, const struct elf_view *view);
