/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "cmd/where.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_join(void **state)
{
	static char long_name[WHERE_PATH_BYTES];
	static const struct {
		const char *directory;
		struct slice name;
		const char *path;
	} rows[] = {
		{ "/a", S_INIT("b"), "/a/b" },
		{ "/a", S_INIT("/b"), "/b" },
		{ "/a", S_INIT(""), "/a/" },
	};
	char path[WHERE_PATH_BYTES];
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(where_join(rows[i].directory, rows[i].name, path, &e) &&
				  strcmp(path, rows[i].path) == 0,
			i);
	memset(long_name, 'x', sizeof long_name);
	check(where_join("/a", (struct slice){ long_name, sizeof long_name - 4 }, path, &e));
	check(!where_join("/a", (struct slice){ long_name, sizeof long_name - 3 }, path, &e));
}

static void set(const char *name, const char *value)
{
	check((value != NULL ? setenv(name, value, 1) : unsetenv(name)) == 0);
}

static void test_data(void **state)
{
	const char *usual = geteuid() == 0 ? "/var/lib/mailvisor" : NULL;
	const struct {
		const char *given, *variable, *xdg, *home, *path;
	} rows[] = {
		{ "/given", "/variable", "/xdg", "/home", "/given" },
		{ NULL, "/variable", "/xdg", "/home", "/variable" },
		{ NULL, "", "/xdg", "/home", usual != NULL ? usual : "/xdg/mailvisor" },
		{ NULL, NULL, "", "/home", usual != NULL ? usual : "/home/.local/share/mailvisor" },
		{ NULL, NULL, NULL, NULL, usual },
		{ "", NULL, NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { .fault = FAULT_NONE };
		char path[WHERE_PATH_BYTES] = "";

		set("MAILVISOR_DATA", rows[i].variable);
		set("XDG_DATA_HOME", rows[i].xdg);
		set("HOME", rows[i].home);
		check_row(where_data(rows[i].given, path, &e) == (rows[i].path != NULL), i);
		check_row(rows[i].path == NULL || strcmp(path, rows[i].path) == 0, i);
	}
}

static void test_from_here(void **state)
{
	char path[WHERE_PATH_BYTES];
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	check(chdir("/tmp") == 0);
	check(where_from_here("x", path, &e) && strcmp(path, "/tmp/x") == 0);
	check(where_from_here("/x", path, &e) && strcmp(path, "/x") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_join),
		cmocka_unit_test(test_data), cmocka_unit_test(test_from_here) };

	return cmocka_run_group_tests_name("where", tests, NULL, NULL);
}
