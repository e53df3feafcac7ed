/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * datadir - the data directory: making it, holding it alone, and the secret in it.
 *
 *     lock         held (flock) while a server or a check runs; holds its process number
 *     secret       32 random bytes, keys the digests of passwords; losing it loses quick hashes only
 *     store/       the store
 *     copies/      copies of the store while a backup takes them away; emptied by the next start
 *     cert.pem key.pem   made when the settings name these and they are missing
 *     control.sock lmtp.sock
 *
 * datadir_make() and datadir_peek() may run as root, the rest after root is dropped.
 */
#include "base/error.h"
#include "base/slice.h"

#include <sys/types.h>

enum { DATADIR_SECRET_BYTES = 32 };

/* Makes the directory (0700, also its parents 0755) when it is missing, for that owner when we are root. */
MUST_CHECK bool datadir_make(
	const char *path, uid_t owner, gid_t group, bool *ret_is_new, struct error *e);
/* Is somebody else holding it? Says so with the directory and the process. Changes nothing. */
MUST_CHECK bool datadir_peek(const char *path, struct error *e);
/* Holds it until *ret_fd is closed. */
MUST_CHECK bool datadir_lock(const char *path, int *ret_fd, struct error *e);
/* Reads the secret, or makes it with the first start. */
MUST_CHECK bool datadir_secret(
	const char *path, char ret[DATADIR_SECRET_BYTES], bool *ret_is_new, struct error *e);
