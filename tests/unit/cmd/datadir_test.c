/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "cmd/datadir.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/datadir-test-XXXXXX";

static int open_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int close_folder(void **state)
{
	static const char *const names[] = { "/x/y/secret", "/x/y/lock", "/x/y", "/x", "/file",
		"" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		(void)snprintf(path, sizeof path, "%s%s", folder, names[i]);
		(void)remove(path);
	}
	return 0;
}

static void test_make(void **state)
{
	char path[128], file[128];
	struct error e = { .fault = FAULT_NONE };
	struct stat status;
	bool is_new = false;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/x/y", folder);
	check(datadir_make(path, geteuid(), getegid(), &is_new, &e) && is_new);
	check(stat(path, &status) == 0 && (status.st_mode & 0777) == 0700);
	check(datadir_make(path, geteuid(), getegid(), &is_new, &e) && !is_new);
	(void)snprintf(file, sizeof file, "%s/file", folder);
	check(close(open(file, O_CREAT | O_WRONLY, 0600)) == 0);
	check(!datadir_make(file, geteuid(), getegid(), &is_new, &e));
	check(strstr(e.text, "not a directory") != NULL);
}

static void test_lock(void **state)
{
	char path[128], pid[32];
	struct error e = { .fault = FAULT_NONE };
	int first = -1, second = -1;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/x/y", folder);
	check(datadir_peek(path, &e));
	check(datadir_lock(path, &first, &e));
	check(!datadir_lock(path, &second, &e) && second == -1 && e.fault == FAULT_LATER);
	(void)snprintf(pid, sizeof pid, "process %d", (int)getpid());
	check(strstr(e.text, pid) != NULL && strstr(e.text, path) != NULL);
	error_clear(&e);
	check(!datadir_peek(path, &e) && strstr(e.text, pid) != NULL);
	error_clear(&e);
	check(close(first) == 0);
	check(datadir_peek(path, &e) && datadir_lock(path, &second, &e));
	check(close(second) == 0);
}

static void test_secret(void **state)
{
	char path[128], name[160], first[DATADIR_SECRET_BYTES], again[DATADIR_SECRET_BYTES];
	struct error e = { .fault = FAULT_NONE };
	struct stat status;
	bool is_new = false;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/x/y", folder);
	(void)snprintf(name, sizeof name, "%s/secret", path);
	check(datadir_secret(path, first, &is_new, &e) && is_new);
	check(stat(name, &status) == 0 && (status.st_mode & 0777) == 0600);
	check(datadir_secret(path, again, &is_new, &e) && !is_new);
	check(memcmp(first, again, sizeof first) == 0);
	check(truncate(name, DATADIR_SECRET_BYTES - 1) == 0);
	check(!datadir_secret(path, again, &is_new, &e) && strstr(e.text, "backup") != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_make),
		cmocka_unit_test(test_lock), cmocka_unit_test(test_secret) };

	return cmocka_run_group_tests_name("datadir", tests, open_folder, close_folder);
}
