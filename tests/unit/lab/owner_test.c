/* SPDX-License-Identifier: MIT */
/* Whose is it: marks of processes that live, ended, are zombies, have another's number, or are elsewhere. */
#include "lab/files/owner.h"

#include "lab/files/file.h"

#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that waits to be killed, and its mark. */
static pid_t child_start(char ret_mark[OWNER_MARK_BYTES])
{
	pid_t child = fork();

	if (child == 0) {
		for (;;)
			(void)pause();
	}
	check(child > 0 && owner_mark_of(child, ret_mark));
	return child;
}

static void child_end(pid_t child)
{
	check(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
}

static void test_life(void **state)
{
	char mark[OWNER_MARK_BYTES], again[OWNER_MARK_BYTES], longer[OWNER_MARK_BYTES + 8];
	pid_t child = child_start(mark);
	siginfo_t info;

	(void)state;
	check(owner_mark_of(getpid(), again) && strcmp(again, owner_mark()) == 0);
	check(!owner_is_gone(slice_of(owner_mark())) && !owner_is_gone(slice_of(mark)));
	check(kill(child, SIGKILL) == 0);
	check(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
	check(owner_is_gone(slice_of(mark))); /* a zombie */
	check(waitpid(child, NULL, 0) == child && owner_is_gone(slice_of(mark)));
	check(!owner_mark_of(child, again));
	(void)snprintf(longer, sizeof longer, "%s-7", mark);
	check(owner_is_gone(slice_of(longer)));
}

/* Our own number, but another start: the number came round. */
static void test_same_number(void **state)
{
	char mark[OWNER_MARK_BYTES];
	char *last;

	(void)state;
	(void)snprintf(mark, sizeof mark, "%s", owner_mark());
	last = mark + strlen(mark) - 1;
	*last = *last == '1' ? '2' : '1';
	check(owner_is_gone(slice_of(mark)));
}

static void test_elsewhere(void **state)
{
	char mark[OWNER_MARK_BYTES];
	pid_t child = child_start(mark);
	static const struct slice rows[] = { S_INIT(""), S_INIT("-"), S_INIT("1-2-3"),
		S_INIT("somebody's machine"), S_INIT("4711-1"), S_INIT("xxxxxxxx-1-1") };

	(void)state;
	child_end(child);
	check(owner_is_gone(slice_of(mark)));
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(!owner_is_gone(rows[i]), i);
	for (size_t len = 0; len < 10; len++) /* place, and not a whole process number yet */
		check_row(!owner_is_gone(slice_first(slice_of(mark), len)), len);
	mark[0] = mark[0] == '0' ? '1' : '0'; /* another machine's */
	check(!owner_is_gone(slice_of(mark)));
}

static void make(const char *root, const char *name, mode_t mode)
{
	char path[PATH_MAX];
	struct error e = { .fault = FAULT_NONE };

	check(path_join(root, name, path, &e) && mkdir(path, 0700) == 0 && chmod(path, mode) == 0);
}

/* Each folder that is left is found once, and nothing else: not ours, not others', no links, no open ones. */
static void test_folders(void **state)
{
	char root[] = "/tmp/mailvisor-owner-XXXXXX", mark[OWNER_MARK_BYTES];
	char name[NAME_MAX + 1], path[PATH_MAX], after[NAME_MAX + 1] = "";
	struct error e = { .fault = FAULT_NONE };
	unsigned found = 0;

	(void)state;
	check(mkdtemp(root) != NULL);
	child_end(child_start(mark));
	for (unsigned i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof name, "%s-%s-%u", i == 2 ? "other" : "lab", mark, i);
		make(root, name, 0700);
	}
	(void)snprintf(name, sizeof name, "lab-%s-open", mark);
	make(root, name, 0777); /* others may change what is in it */
	(void)snprintf(name, sizeof name, "lab-%s-link", mark);
	check(path_join(root, name, path, &e) && symlink("/", path) == 0);
	check(owner_folder_make(root, "lab", path, &e) && access(path, W_OK) == 0);
	while (found < 10 && owner_folder_left(root, "lab", after, path)) {
		(void)snprintf(name, sizeof name, "%s/lab-%s-%u", root, mark, found++);
		check(strcmp(name, path) == 0);
	}
	check(found == 2);
	after[0] = '\0';
	check(!owner_folder_left("/nowhere", "lab", after, path));
	check(!owner_folder_make("/nowhere", "lab", path, &e) && path[0] == '\0');
	error_clear(&e);
	check(folder_remove(root, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_same_number),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
