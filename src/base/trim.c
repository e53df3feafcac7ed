/* SPDX-License-Identifier: MIT */
#include "base/trim.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
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
	for (size_t i = 0; i < library->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &library->dlpi_phdr[i];

		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0)
			trim_segment(library->dlpi_addr + segment->p_vaddr, segment->p_memsz);
	}
	return 0;
}

void trim_memory(void)
{
	(void)malloc_trim(0);
	(void)dl_iterate_phdr(trim_library, NULL);
}
