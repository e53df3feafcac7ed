/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * uml_words - User-mode Linux's command line for one guest, in an arena of its own.
 *
 * Console on standard output, the server's log on a serial line, one disk, one tap; all other consoles
 * and lines are off. Its words are also the kernel's: PID 1 reads those that begin with "mailvisor.".
 */
#include "base/arena.h"
#include "lab/platform/site.h"

/* Where a guest keeps pid and console while it runs; short, because a socket's name must be. */
#define UML_DIRECTORY "/run"
#define UML_NAME "mailvisor-lab" /* and its lab's mark */

enum { UML_WORD_COUNT = 48, UML_WORDS_BYTES = 16 << 10 };

struct uml_plan {
	uint64_t memory_bytes;
	const char *image_path;
	const char *directory, *umid; /* pid and management console: DIRECTORY/UMID */
	/* What follows is NULL or -1 in a guest that only shows that it starts. */
	const char *disk_path;
	const struct site *site;
	int log_fd;
};

/* False: the arena is full, or a path has a byte that separates options. */
MUST_CHECK bool uml_words(
	const struct uml_plan *plan, struct arena *arena, const char *ret_words[UML_WORD_COUNT]);
