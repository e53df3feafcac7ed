/* SPDX-License-Identifier: MIT */
#include "base/own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void invariant_broken(const char *claim, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: broken: %s\n", file, line, claim);
	abort();
}

void fd_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

int fd_give(int *fd)
{
	int given = *fd;

	*fd = -1;
	return given;
}

void memory_free(void *memory)
{
	void *at;

	memcpy(&at, memory, sizeof at);
	free(at);
	at = NULL;
	memcpy(memory, &at, sizeof at);
}
