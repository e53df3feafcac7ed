/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "cmd/nearest.h"

#include <string.h>

static const char *name_at(const void *context, size_t at)
{
	static const char *const names[] = { "serve", "status", "session", "domain", "account",
		NULL };

	(void)context;
	return names[at];
}

static void test_nearest(void **state)
{
	static const struct {
		struct slice word;
		const char *near;
	} rows[] = {
		{ S_INIT("serve"), "serve" },
		{ S_INIT("sevre"), "serve" },
		{ S_INIT("SERVE"), "serve" },
		{ S_INIT("stats"), "status" },
		{ S_INIT("domian"), "domain" },
		{ S_INIT("acount"), "account" },
		{ S_INIT("accounts"), "account" },
		{ S_INIT("xyzzy"), NULL },
		{ S_INIT(""), NULL },
		{ S_INIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
			NULL },
		{ S_INIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
			NULL },
	};

	(void)state;
	for (size_t i = 0; i + 2 < COUNT(rows); i++) {
		const char *near = nearest(rows[i].word, name_at, NULL);

		check_row((near == NULL) == (rows[i].near == NULL), i);
		check_row(near == NULL || strcmp(near, rows[i].near) == 0, i);
	}
	(void)nearest(
		rows[COUNT(rows) - 2].word, name_at, NULL); /* the longest that is looked at */
	check(nearest(rows[COUNT(rows) - 1].word, name_at, NULL) == NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_nearest) };

	return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
