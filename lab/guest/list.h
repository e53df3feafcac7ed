/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * list - what PID 1 is to start when it is not our server: a file on the data disk, a line a thing.
 *
 *     folder UID:GID MODE PATH       made when it is not there, and given that owner and mode (octal)
 *     run UID:GID PROGRAM WORD...    a service, started as that user, again when it dies
 * In that order; empty lines and lines with # in front are skipped. Users are numbers: PID 1 has no names.
 * A line that is neither is a failure that names it.
 * Pure but for list_folders_make. Ownership: words borrow from the text. Limits: LIST_*.
 */
#include "base/error.h"
#include "base/slice.h"

#include <sys/types.h>

#define LIST_PATH "/data/services"

enum {
	LIST_BYTES_MAX = 8192,
	LIST_FOLDER_COUNT = 32,
	LIST_SERVICE_COUNT = 4, /* Postfix and Dovecot are two */
	LIST_WORD_COUNT = 12,
};

struct list_folder {
	const char *path;
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

struct list_service {
	uid_t uid;
	gid_t gid;
	char *words[LIST_WORD_COUNT + 1]; /* ends with NULL */
};

struct guest_list {
	struct list_folder folders[LIST_FOLDER_COUNT];
	unsigned folder_count;
	struct list_service services[LIST_SERVICE_COUNT];
	unsigned service_count; /* 0: ours */
};

/* Cuts the text, which ends with a NUL, into words. */
MUST_CHECK bool list_read(char *text, struct guest_list *ret, struct error *e);
MUST_CHECK bool list_folders_make(const struct guest_list *list, struct error *e);
