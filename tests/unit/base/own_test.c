/* SPDX-License-Identifier: MIT */
#include "base/own.h"
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int open_null(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	check(fd >= 0);
	return fd;
}

static void test_fd(void **state)
{
	int closed, given;

	(void)state;
	{
		auto_fd fd = open_null();

		closed = fd;
	}
	check(fcntl(closed, F_GETFD) < 0);
	{
		auto_fd fd = open_null();

		given = fd_give(&fd);
		check(fd == -1);
	}
	check(fcntl(given, F_GETFD) >= 0);
	fd_close(&given);
	check(given == -1);
	fd_close(&given);
}

/* LeakSanitizer is the judge of the first; the second must not be freed twice. */
static void test_memory(void **state)
{
	auto_free char *text = malloc(10);
	auto_free char *nothing = NULL;

	(void)state;
	check(text != NULL);
	memory_free(&text);
	check(text == NULL && nothing == NULL);
	text = malloc(10);
	check(text != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_fd),
		cmocka_unit_test(test_memory) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
