/* SPDX-License-Identifier: MIT */
#include "lab/guest/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NUMBER_MAX = 1 << 24, MODE_MAX = 07777 };

/* "12:34"; the word is whole or it is none. */
static bool owner_read(const char *word, uid_t *ret_uid, gid_t *ret_gid)
{
	struct slice text = slice_of(word == NULL ? "" : word);
	size_t colon = slice_find(text, ':');
	uint64_t uid, gid;

	if (!slice_number(slice_first(text, colon), NUMBER_MAX, &uid) ||
		!slice_number(slice_skip(text, colon + 1), NUMBER_MAX, &gid))
		return false;
	*ret_uid = (uid_t)uid;
	*ret_gid = (gid_t)gid;
	return true;
}

static bool mode_read(const char *word, mode_t *ret)
{
	char *end = NULL;
	unsigned long mode = word == NULL ? 0 : strtoul(word, &end, 8);

	*ret = (mode_t)mode;
	return end != NULL && end != word && *end == '\0' && mode <= MODE_MAX;
}

static bool folder_read(char **rest, struct guest_list *to)
{
	struct list_folder *f = &to->folders[to->folder_count];

	if (to->folder_count == LIST_FOLDER_COUNT ||
		!owner_read(strtok_r(NULL, " ", rest), &f->uid, &f->gid) ||
		!mode_read(strtok_r(NULL, " ", rest), &f->mode))
		return false;
	f->path = strtok_r(NULL, " ", rest);
	if (f->path == NULL || f->path[0] != '/' || strtok_r(NULL, " ", rest) != NULL)
		return false;
	to->folder_count++;
	return true;
}

static bool service_read(char **rest, struct guest_list *to)
{
	struct list_service *s = &to->services[to->service_count];
	unsigned count = 0;

	if (to->service_count == LIST_SERVICE_COUNT ||
		!owner_read(strtok_r(NULL, " ", rest), &s->uid, &s->gid))
		return false;
	for (char *word; (word = strtok_r(NULL, " ", rest)) != NULL; count++) {
		if (count == LIST_WORD_COUNT)
			return false;
		s->words[count] = word;
	}
	s->words[count] = NULL;
	if (count == 0 || s->words[0][0] != '/')
		return false;
	to->service_count++;
	return true;
}

static bool line_read(char *line, struct guest_list *to)
{
	char *rest = NULL;
	const char *verb = strtok_r(line, " ", &rest);

	if (verb == NULL || verb[0] == '#')
		return true;
	if (strcmp(verb, "folder") == 0)
		return folder_read(&rest, to);
	return strcmp(verb, "run") == 0 && service_read(&rest, to);
}

bool list_read(char *text, struct guest_list *ret, struct error *e)
{
	struct guest_list list = { .folder_count = 0 };
	char *rest = NULL;
	unsigned number = 0;

	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		number++;
		if (!line_read(line, &list))
			return fail(e, FAULT_NEVER,
				"read the services: entry %u ('%.40s ...') is none like 'folder "
				"0:0 0755 /data/x' "
				"or 'run 0:0 /program', or one too many",
				number, line);
	}
	*ret = list;
	return true;
}

/* What is there keeps its contents, and gets its owner and mode again. */
bool list_folders_make(const struct guest_list *list, struct error *e)
{
	for (unsigned i = 0; i < list->folder_count; i++) {
		const struct list_folder *f = &list->folders[i];

		if ((mkdir(f->path, 0700) < 0 && errno != EEXIST) ||
			chown(f->path, f->uid, f->gid) < 0 || chmod(f->path, f->mode) < 0)
			return fail(e, FAULT_NEVER, "make the folder '%s': %m", f->path);
	}
	return true;
}
