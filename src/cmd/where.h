/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * where - which data directory, which configuration file: the same answer for the server and for its
 * clients.
 */
#include "base/error.h"
#include "base/slice.h"

enum { WHERE_PATH_BYTES = 512 };

/*
 * given (by --data, may be NULL), else $MAILVISOR_DATA, else /var/lib/mailvisor for root, else
 * $XDG_DATA_HOME/mailvisor, else ~/.local/share/mailvisor. As an absolute path.
 */
MUST_CHECK bool where_data(const char *given, char ret[WHERE_PATH_BYTES], struct error *e);
/*
 * The first of these that is there: for others than root, $XDG_CONFIG_HOME or ~/.config and mailvisor/mailvisor.conf;
 * for all, /etc/mailvisor/mailvisor.conf. Empty when there is none. Never in the data directory: the server may write
 * there, and its next start as root must not obey what it wrote.
 */
MUST_CHECK bool where_config(char ret[WHERE_PATH_BYTES], struct error *e);
/* name, when it is absolute, else directory/name. */
MUST_CHECK bool where_join(
	const char *directory, struct slice name, char ret[WHERE_PATH_BYTES], struct error *e);
/* path, when it is absolute, else below the current directory: daemons may be reloaded from anywhere. */
MUST_CHECK bool where_from_here(const char *path, char ret[WHERE_PATH_BYTES], struct error *e);
