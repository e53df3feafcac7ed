/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * host - what this machine is, as one JSON object for the report's environment section.
 *
 * Read once when an experiment is planned; a resumed run adds a second file when it differs.
 * Unknown facts are left out. Nothing in it identifies the machine's owner or network.
 */
#include <jansson.h>
#include <stdbool.h>

/* folder: where trials keep their disks. Owned by the caller; NULL only without memory. */
json_t *host_facts(const char *folder);
/* "ext4", "tmpfs", ... of the file system that holds the folder; "unknown". */
const char *host_file_system(const char *folder);
/* The processor says that it is virtual itself. */
bool host_is_virtual(void);
