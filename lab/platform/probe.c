/* SPDX-License-Identifier: MIT */
#include "lab/platform/probe.h"

#include "lab/files/owner.h"
#include "lab/platform/sweep.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	LOOK_MS = 20,
	CONSOLE_BYTES = 16384,
	REASON_LINE_BYTES = 150, /* of what the program said */
	GRACE_MS = 1000,
	WALK_FILES = 4,
};

bool probe_open(struct probe *ret, char ret_reason[PLATFORM_REASON_BYTES])
{
	struct error e = { 0 };
	struct probe p;
	char directory[PATH_MAX];

	if (!owner_folder_make(SWEEP_PROBE_ROOT, SWEEP_PROBE, directory, &e)) {
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "%s", e.text);
		return false;
	}
	p = (struct probe){ .keeper = { 0 } };
	(void)snprintf(p.directory, sizeof p.directory, "%.120s", directory);
	(void)snprintf(p.console, sizeof p.console, "%.120s/console.log", directory);
	(void)snprintf(p.log, sizeof p.log, "%.120s/program.log", directory);
	*ret = p;
	return true;
}

/* What a file holds, as far as it fits. */
static struct slice file_text(const char *path, char room[CONSOLE_BYTES])
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, room, CONSOLE_BYTES);

	return slice_trim((struct slice){ room, got < 0 ? 0 : (size_t)got });
}

static bool guest_spoke(const struct probe *p)
{
	char room[CONSOLE_BYTES];
	struct slice text = file_text(p->console, room);

	return text.len > 0 && memmem(text.at, text.len, "mailvisor-guest: state=", 23) != NULL;
}

/* The program's last line is mostly why it ended. */
static void reason_give(const struct probe *p, const char *who, const char *what,
	char ret_reason[PLATFORM_REASON_BYTES])
{
	char room[CONSOLE_BYTES];
	struct slice said = file_text(p->log, room);
	size_t newline = slice_find_last(said, '\n');

	if (newline < said.len)
		said = slice_skip(said, newline + 1);
	said = slice_first(said, REASON_LINE_BYTES);
	(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "%s %s%s%.*s", who, what,
		said.len > 0 ? ": " : "", S_FMT(said));
}

static bool guest_wait(struct probe *p, const char *who, const struct deploy_plan *plan,
	char ret_reason[PLATFORM_REASON_BYTES])
{
	char what[PLATFORM_REASON_BYTES];

	for (unsigned waited_ms = 0; waited_ms < PROBE_WAIT_MS; waited_ms += LOOK_MS) {
		if (guest_spoke(p))
			return true;
		if (!keeper_is_alive(&p->keeper, what, sizeof what)) {
			reason_give(p, who, "did not start", ret_reason);
			return false;
		}
		if (plan->is_cancelled != NULL && *plan->is_cancelled)
			break;
		(void)poll(NULL, 0, LOOK_MS);
	}
	(void)snprintf(what, sizeof what, "did not start within %d s", PROBE_WAIT_MS / 1000);
	reason_give(p, who, what, ret_reason);
	return false;
}

bool probe_run(struct probe *p, const char *const *words, const char *who,
	const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	struct keeper_plan keep = { .words = words, .log_path = p->log, .grace_ms = GRACE_MS };
	struct error e = { 0 };

	/* In a group, so that what it starts ends with it. */
	keep.joins_group = cgroup_name(&keep.group);
	if (keeper_start(&keep, &p->keeper, &e))
		return guest_wait(p, who, plan, ret_reason);
	(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "%s", e.text);
	return false;
}

static int path_remove(const char *path, const struct stat *meta, int kind, struct FTW *where)
{
	(void)meta;
	(void)kind;
	(void)where;
	(void)remove(path);
	return 0;
}

void probe_close(struct probe *p)
{
	keeper_stop(&p->keeper);
	(void)nftw(p->directory, path_remove, WALK_FILES, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
