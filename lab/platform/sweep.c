/* SPDX-License-Identifier: MIT */
#include "lab/platform/sweep.h"

#include "lab/files/file.h"
#include "lab/files/owner.h"
#include "lab/platform/cgroup.h"
#include "lab/platform/list.h"
#include "lab/platform/uml_words.h"

#include <poll.h>

enum {
	FOLDER_COUNT = 1000, /* of one root; a lab leaves two or three */
	REMOVE_TRY_COUNT = 30,
	REMOVE_WAIT_MS = 100, /* a program that the lab had called may still write for a moment */
};

static void folder_sweep(const char *path, struct buf *said)
{
	struct error e = { .fault = FAULT_NONE };

	for (unsigned i = 0; i < REMOVE_TRY_COUNT; i++) {
		error_clear(&e);
		if (folder_remove(path, &e)) {
			(void)!buf_add_format(said, "the folder '%s'\n", path);
			return;
		}
		(void)poll(NULL, 0, REMOVE_WAIT_MS);
	}
	(void)!buf_add_format(said, "not the whole folder: %s\n", e.text);
}

static void folders_sweep(const char *root, const char *kind, struct buf *said)
{
	char after[NAME_MAX + 1] = "", path[PATH_MAX];

	for (unsigned i = 0; i < FOLDER_COUNT && owner_folder_left(root, kind, after, path); i++)
		folder_sweep(path, said);
}

/* Machines first: their disks lie in the folders. */
void sweep(const char *work_root, struct buf *said)
{
	for (size_t i = 0; platforms[i] != NULL; i++) {
		if (platforms[i]->sweep != NULL)
			platforms[i]->sweep(said);
	}
	cgroups_sweep(said);
	folders_sweep(UML_DIRECTORY, UML_NAME, said);
	folders_sweep(SWEEP_PROBE_ROOT, SWEEP_PROBE, said);
	folders_sweep(work_root, SWEEP_WORK, said);
}
