/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "cmd/client/client.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What table_print() writes to stdout. */
static void printed(struct table *t, char *room, size_t size)
{
	int pipes[2], before = dup(STDOUT_FILENO);

	check(before >= 0 && pipe2(pipes, O_CLOEXEC) == 0);
	check(fflush(stdout) == 0 && dup2(pipes[1], STDOUT_FILENO) >= 0 && close(pipes[1]) == 0);
	table_print(t);
	check(fflush(stdout) == 0 && dup2(before, STDOUT_FILENO) >= 0 && close(before) == 0);
	ssize_t count = read(pipes[0], room, size - 1);
	check(count >= 0 && close(pipes[0]) == 0);
	room[count] = '\0';
}

static void test_table(void **state)
{
	struct table t = {
		.column_count = 3, .names = { "NAME", "SIZE", "WHAT" }, .is_right = { [1] = true }
	};
	char text[512];

	(void)state;
	table_add(&t, "gr\xc3\xbc\xc3\x9f"
		      "e");
	table_add_size(&t, 0, "none");
	table_add(&t, "a\x1b[2Jb\n");
	table_add(&t, "a-longer-name");
	table_add_size(&t, 10 << 20, "none");
	table_add_number(&t, 7, NULL);
	printed(&t, text, sizeof text);
	assert_string_equal(text, "NAME           SIZE  WHAT\n"
				  "gr\xc3\xbc\xc3\x9f"
				  "e          none  a?[2Jb?\n"
				  "a-longer-name   10M  7\n");
}

static void test_many_cells(void **state)
{
	struct table t = { .column_count = 1, .names = { "N" }, .is_right = { true } };
	static char text[65536];

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		table_add_number(&t, i, "zero");
	printed(&t, text, sizeof text);
	check(strncmp(text, "   N\nzero\n   1\n", 15) == 0 && strstr(text, "\n 999\n") != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_table),
		cmocka_unit_test(test_many_cells) };

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
