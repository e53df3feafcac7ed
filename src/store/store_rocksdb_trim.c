/* SPDX-License-Identifier: MIT */
/*
 * Linking and opening RocksDB touches almost all of its 11 MB: symbol tables, relocations, parsers
 * of options. Serving mail touches four. What was only needed to begin is given back to the kernel,
 * which brings a page back when it is wanted after all: they are clean pages of a file, so nothing
 * can be lost.
 */
#include "store/store_rocksdb.h"

#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void trim_segment(uintptr_t from, size_t bytes)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t first = (from + page - 1) / page * page;
	uintptr_t end = (from + bytes) / page * page;
	void *at;

	memcpy(&at, &first, sizeof at);
	if (end > first)
		(void)madvise(at, end - first, MADV_DONTNEED); /* only advice: failing is fine */
}

static int trim_library(struct dl_phdr_info *library, size_t info_bytes, void *context)
{
	(void)info_bytes;
	(void)context;
	if (strstr(library->dlpi_name, "librocksdb") == NULL)
		return 0;
	for (size_t i = 0; i < library->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &library->dlpi_phdr[i];

		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0)
			trim_segment(library->dlpi_addr + segment->p_vaddr, segment->p_memsz);
	}
	return 1;
}

void rocks_trim(void)
{
	(void)dl_iterate_phdr(trim_library, NULL);
}
