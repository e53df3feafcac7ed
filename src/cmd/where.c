/* SPDX-License-Identifier: MIT */
#include "cmd/where.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool where_join(
	const char *directory, struct slice name, char ret[WHERE_PATH_BYTES], struct error *e)
{
	bool is_absolute = slice_starts(name, S("/"));
	int len = is_absolute ? snprintf(ret, WHERE_PATH_BYTES, "%.*s", S_FMT(name))
			      : snprintf(ret, WHERE_PATH_BYTES, "%s/%.*s", directory, S_FMT(name));

	if (len < 0 || len >= WHERE_PATH_BYTES)
		return fail(e, FAULT_NEVER, "path '%.*s' in '%s': too long",
			S_FMT(slice_first(name, 80)), directory);
	return true;
}

/* secure_getenv: the answer is also used while we are root. Set once, read before any thread. */
static const char *environment(const char *name)
{
	const char *value = secure_getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* The XDG base directory specification: $XDG_…_HOME, else a place under $HOME. */
static bool user_directory(const char *variable, const char *under_home, struct slice name,
	char ret[WHERE_PATH_BYTES], struct error *e)
{
	const char *base = environment(variable), *home = environment("HOME");
	char joined[WHERE_PATH_BYTES];

	if (base != NULL && base[0] == '/')
		return where_join(base, name, ret, e);
	if (home == NULL || home[0] != '/')
		return fail(e, FAULT_NEVER,
			"find '%.*s': neither $%s nor $HOME is set; say --data DIR", S_FMT(name),
			variable);
	if (!where_join(home, slice_of(under_home), joined, e))
		return false;
	return where_join(joined, name, ret, e);
}

bool where_from_here(const char *path, char ret[WHERE_PATH_BYTES], struct error *e)
{
	char here[WHERE_PATH_BYTES];

	if (path[0] == '/')
		return where_join("", slice_of(path), ret, e);
	if (getcwd(here, sizeof here) == NULL)
		return fail(e, FAULT_NEVER, "find the current directory: %m");
	return where_join(here, slice_of(path), ret, e);
}

bool where_data(const char *given, char ret[WHERE_PATH_BYTES], struct error *e)
{
	const char *path = given != NULL ? given : environment("MAILVISOR_DATA");

	if (path == NULL && geteuid() == 0)
		path = "/var/lib/mailvisor";
	if (path == NULL)
		return user_directory("XDG_DATA_HOME", ".local/share", S("mailvisor"), ret, e);
	if (path[0] == '\0')
		return fail(e, FAULT_NEVER, "data directory '': the name is empty");
	return where_from_here(path, ret, e);
}

/* Empties the path when nothing is there; a file that cannot be read is a failure, not a missing one. */
static bool is_there(char path[WHERE_PATH_BYTES], struct error *e)
{
	if (access(path, R_OK) == 0)
		return true;
	if (errno != ENOENT && errno != ENOTDIR)
		return fail(e, FAULT_NEVER, "read '%s': %m", path);
	path[0] = '\0';
	return true;
}

bool where_config(char ret[WHERE_PATH_BYTES], struct error *e)
{
	struct error homeless = { .fault = FAULT_NONE };

	if (geteuid() != 0 && user_directory("XDG_CONFIG_HOME", ".config",
				      S("mailvisor/mailvisor.conf"), ret, &homeless)) {
		if (!is_there(ret, e) || ret[0] != '\0')
			return e->fault == FAULT_NONE;
	}
	return where_join("", S("/etc/mailvisor/mailvisor.conf"), ret, e) && is_there(ret, e);
}
