/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "check.h"

#include <string.h>

static void test_text(void **state)
{
	static const struct {
		uint64_t wall_ns;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ 1999, "1970-01-01T00:00:00.000001Z" },
		{ UINT64_C(1795411590) * NS_PER_S + 123456789, "2026-11-23T05:26:30.123456Z" },
		{ UINT64_C(951782400) * NS_PER_S, "2000-02-29T00:00:00.000000Z" },
		{ UINT64_MAX, "2554-07-21T23:34:33.709551Z" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char room[CLOCK_TEXT_BYTES];

		check_row(strcmp(clock_text(rows[i].wall_ns, room), rows[i].text) == 0, i);
	}
}

static void test_real(void **state)
{
	uint64_t before_ns = clock_mono_ns(&clock_real);

	(void)state;
	check(clock_mono_ns(&clock_real) >= before_ns);
	check(clock_wall_ns(&clock_real) > UINT64_C(1600000000) * NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_text),
		cmocka_unit_test(test_real) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
