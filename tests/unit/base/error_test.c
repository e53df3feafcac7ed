/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "check.h"

#include <errno.h>
#include <string.h>

static void test_fail(void **state)
{
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	errno = ENOENT;
	check(!fail(&e, FAULT_LATER, "open '%s': %m", "x"));
	check(e.fault == FAULT_LATER && strcmp(e.text, "open 'x': No such file or directory") == 0);
	check(!fail_in(&e, "start '%d'", 7));
	check(e.fault == FAULT_LATER);
	check(strcmp(e.text, "start '7': open 'x': No such file or directory") == 0);
	error_clear(&e);
	check(e.fault == FAULT_NONE && e.text[0] == '\0');
}

/* Longer texts are cut, and stay texts. */
static void test_long(void **state)
{
	struct error e = { .fault = FAULT_NONE };
	char word[600];

	(void)state;
	memset(word, 'a', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	check(!fail(&e, FAULT_NEVER, "%s", word));
	check(strlen(e.text) == sizeof e.text - 1);
	check(!fail_in(&e, "%s", word));
	check(strlen(e.text) == sizeof e.text - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_fail),
		cmocka_unit_test(test_long) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
