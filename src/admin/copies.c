/* SPDX-License-Identifier: MIT */
/*
 * A copy is COPIES/copy-NUMBER, a flat directory of files, made by the store. Whoever asked for it
 * reads the files and then removes it; what nobody removed goes with the next start.
 */
#include "admin/request.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_START S("copy-")

static void directory_close(DIR **directory)
{
	if (*directory != NULL)
		(void)closedir(*directory);
}
#define auto_directory ON_EXIT(directory_close) DIR

static bool is_entry(const struct dirent *at)
{
	return strcmp(at->d_name, ".") != 0 && strcmp(at->d_name, "..") != 0;
}

/* Its files, and then itself. */
static bool copy_remove(const char *path, struct error *e)
{
	auto_directory *files = opendir(path);
	const struct dirent *at;

	if (files == NULL)
		return fail(e, FAULT_NEVER, "open '%s': %m", path);
	while ((at = readdir(files)) != NULL) {
		if (is_entry(at) && unlinkat(dirfd(files), at->d_name, 0) < 0)
			return fail(e, FAULT_LATER, "remove '%s' in '%s': %m", at->d_name, path);
	}
	return rmdir(path) == 0 || fail(e, FAULT_LATER, "remove '%s': %m", path);
}

bool admin_copies_open(const char *path, struct error *e)
{
	char name[PATH_MAX];
	const struct dirent *at;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail(e, FAULT_NEVER, "make directory '%s': %m", path);
	auto_directory *copies = opendir(path);
	if (copies == NULL)
		return fail(e, FAULT_NEVER, "open '%s': %m", path);
	while ((at = readdir(copies)) != NULL) {
		if (!is_entry(at))
			continue;
		(void)snprintf(name, sizeof name, "%s/%s", path, at->d_name);
		if (!copy_remove(name, e))
			return false;
	}
	return true;
}

static bool copies_count(const char *path, unsigned *ret_count, struct error *e)
{
	auto_directory *copies = opendir(path);
	const struct dirent *at;

	if (copies == NULL)
		return fail(e, FAULT_NEVER, "open '%s': %m", path);
	*ret_count = 0;
	while ((at = readdir(copies)) != NULL)
		*ret_count += is_entry(at);
	return true;
}

void route_copy_add(struct request *r, struct answer *a)
{
	const char *copies = r->options->copies;
	struct error e = { .fault = FAULT_NONE };
	char name[ID_TEXT_BYTES + 16], id[ID_TEXT_BYTES + 1], path[PATH_MAX];
	unsigned count = 0;

	if (copies == NULL) {
		answer_problem(a, ANSWER_NOT_FOUND, "there is no place for copies", S("copies"));
		return;
	}
	if (!copies_count(copies, &count, &e)) {
		answer_failure(a, &e);
		return;
	}
	if (count >= LIMIT_ADMIN_COPIES) {
		answer_problem(a, ANSWER_CONFLICT,
			"four copies are there already: other backups run, or were killed; "
			"remove what nobody needs",
			slice_of(copies));
		return;
	}
	(void)snprintf(name, sizeof name, "%.*s%.*s", S_FMT(NAME_START),
		S_FMT(id_text(id_new(r->options->clock), id)));
	(void)snprintf(path, sizeof path, "%s/%s", copies, name);
	if (store_copy(r->options->mail->store, path, &e))
		answer_json(a, ANSWER_CREATED, json_pack("{s:s, s:s}", "name", name, "path", path));
	else
		answer_failure(a, &e);
}

void route_copy_remove(struct request *r, struct answer *a)
{
	struct error e = { .fault = FAULT_NONE };
	struct stat status;
	char path[PATH_MAX];

	/* A name that we gave: it cannot lead out of the directory. */
	bool is_ours = slice_starts(r->name, NAME_START) &&
		       r->name.len == NAME_START.len + ID_TEXT_BYTES &&
		       slice_find(r->name, '/') == r->name.len && r->options->copies != NULL;

	if (is_ours)
		(void)snprintf(path, sizeof path, "%s/%.*s", r->options->copies, S_FMT(r->name));
	if (!is_ours || lstat(path, &status) < 0 || !S_ISDIR(status.st_mode)) {
		answer_problem(a, ANSWER_NOT_FOUND, "no such copy", r->name);
		return;
	}
	if (copy_remove(path, &e))
		answer_json(a, ANSWER_OK, json_object());
	else
		answer_failure(a, &e);
}
