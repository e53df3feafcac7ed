/* SPDX-License-Identifier: MIT */
/* Pages that are on disk and pages that are not; and what follows from what was seen. */
#include "check.h"

#include "lab/durability/durability.h"
#include "lab/durability/pages.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEEDLE S("a text that stands in no other file of this folder 5f1c")

static enum pages_state state_of(const char *folder, struct slice text)
{
	struct error e = { .fault = FAULT_NONE };
	enum pages_state state = PAGES_ABSENT;

	check(pages_find(folder, text, &state, &e));
	return state;
}

/* Over a page's border, behind a hole: as in a sparse disk. */
static void test_pages(void **state)
{
	/* On a disk: in memory nothing is ever clean. */
	char folder[] = "/var/tmp/labd-pages-XXXXXX", path[64];
	bool is_told = pages_are_told();

	(void)state;
	check(mkdtemp(folder) != NULL);
	(void)snprintf(path, sizeof path, "%s/disk", folder);
	auto_fd fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	check(fd >= 0 && ftruncate(fd, 64 << 20) == 0);
	check(state_of(folder, NEEDLE) == PAGES_ABSENT);
	check(pwrite(fd, NEEDLE.at, NEEDLE.len, (32 << 20) - 10) == (ssize_t)NEEDLE.len);
	check(state_of(folder, NEEDLE) == (is_told ? PAGES_DIRTY : PAGES_UNKNOWN));
	check(fdatasync(fd) == 0);
	check(state_of(folder, NEEDLE) == (is_told ? PAGES_CLEAN : PAGES_UNKNOWN));
	/* One page of the two is written again. */
	check(pwrite(fd, "x", 1, 32 << 20 | 200) == 1);
	check(state_of(folder, NEEDLE) == (is_told ? PAGES_DIRTY : PAGES_UNKNOWN));
	check(unlink(path) == 0);
	check(rmdir(folder) == 0);
}

static void test_verdicts(void **state)
{
	static const double none = (double)NAN;
	const struct {
		struct durability_seen seen;
		enum durability class;
	} rows[] = {
		{ { true, true, true, false, 500, 400 }, DURABILITY_HONEST },
		{ { true, true, true, false, none, none }, DURABILITY_HONEST },
		{ { true, true, false, false, 500, 400 }, DURABILITY_IGNORED },
		{ { true, false, false, true, 500, 400 }, DURABILITY_IGNORED },
		{ { true, false, false, false, 500, 400 }, DURABILITY_UNKNOWN },
		{ { false, true, false, false, 500, 400 }, DURABILITY_UNKNOWN },
		{ { false, true, false, false, 199, 400 }, DURABILITY_UNKNOWN },
		{ { false, true, false, false, 200, 400 }, DURABILITY_UNKNOWN },
		{ { true, true, true, false, 199, 400 }, DURABILITY_UNKNOWN },
		{ { true, true, true, false, 200, 400 }, DURABILITY_HONEST },
		{ { true, true, false, false, 199, 400 }, DURABILITY_IGNORED },
		/* A disk so quick that its flush says nothing. */
		{ { true, true, true, false, 10, 49 }, DURABILITY_HONEST },
		{ { true, true, true, false, 10, 50 }, DURABILITY_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *reason = NULL;

		check_row(durability_judge(&rows[i].seen, &reason) == rows[i].class, i);
		check_row(reason != NULL, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
