/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * server_files - the server and all it needs to run where nothing else is.
 *
 * usr/bin/mailvisor without its debug information, its libraries and loader, and the few files of
 * etc that libc looks at. The loader of this machine lists the libraries (`ld.so --list`); the
 * server itself is not run. Used by the image and by the container platform.
 */
#include "lab/image/files.h"
#include "lab/server/server.h"

/* The server's user and group in the image. */
enum { SERVER_FILES_UID = 993 };
#define SERVER_FILES_UID_TEXT "993"

MUST_CHECK bool server_files_add(struct image_files *set, const char *server_path, struct error *e);
/* The few files of etc and the empty folders that any server wants, with these users (lines of passwd and group). */
MUST_CHECK bool system_files_add(
	struct image_files *set, struct slice users, struct slice groups, struct error *e);
/* Another server's programs with their libraries and users. */
MUST_CHECK bool other_files_add(
	struct image_files *set, const struct server *other, const char *packages, struct error *e);
/* Adds a program at `path`, cut as above; ret_loader (IMAGE_PATH_BYTES) is "" for a static one. */
MUST_CHECK bool program_add(struct image_files *set, const char *path, const char *source,
	char *ret_loader, struct error *e);
