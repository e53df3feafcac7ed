/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * pages - where bytes lie in the files of a folder, and whether this machine has them on its disk yet.
 *
 * A page of a file that was written and not yet synced is *dirty* in the kernel's memory. The kernel
 * tells it of each page: /proc/self/pagemap says which, /proc/kpageflags how it is (Linux,
 * Documentation/admin-guide/mm/pagemap.rst). Needs root; nothing is traced and nobody is slowed down.
 * Not here: what follows from it (durability.h). Threads: one.
 * Limits: PAGES_FILES_MAX files, PAGES_PLACES_MAX places of a text.
 */
#include "base/error.h"
#include "base/slice.h"

#include <stdint.h>

enum { PAGES_FILES_MAX = 10000, PAGES_PLACES_MAX = 64, PAGES_TEXT_BYTES_MAX = 512 };

enum pages_state {
	PAGES_ABSENT,  /* the text is in no file */
	PAGES_DIRTY,   /* only in pages that are still to be written */
	PAGES_CLEAN,   /* at least once in pages that are on disk */
	PAGES_UNKNOWN, /* it is there, but the kernel does not tell us more */
};

/* Looks for the text in all regular files below the folder, except *.log. */
MUST_CHECK bool pages_find(
	const char *folder, struct slice text, enum pages_state *ret, struct error *e);
/* Does the kernel tell this user? */
bool pages_are_told(void);
