/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include "check.h"

#include <string.h>

static void test_counter_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < SESSION_COUNTERS; i++) {
		check_row(session_counter_names[i] != NULL, i);
		for (size_t k = 0; k < i; k++)
			check_row(
				strcmp(session_counter_names[i], session_counter_names[k]) != 0, i);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		enum session_kind kind;
		bool is_per_address;
		struct slice start;
	} rows[] = {
		{ SESSION_SMTP, false, S_INIT("421 4.3.2 ") },
		{ SESSION_SMTP, true, S_INIT("421 4.7.0 ") },
		{ SESSION_SUBMISSION, false, S_INIT("421 4.3.2 ") },
		{ SESSION_LMTP, true, S_INIT("421 4.7.0 ") },
		{ SESSION_POP3, false, S_INIT("-ERR [SYS/TEMP] ") },
		{ SESSION_POP3, true, S_INIT("-ERR [SYS/TEMP] ") },
		{ SESSION_IMAP, false, S_INIT("* BYE [UNAVAILABLE] ") },
		{ SESSION_IMAP, true, S_INIT("* BYE [UNAVAILABLE] ") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice line = session_refusal(rows[i].kind, rows[i].is_per_address);

		check_row(slice_starts(line, rows[i].start), i);
		check_row(slice_ends_nocase(line, S("\r\n")), i);
		check_row(slice_find(line, '\n') == line.len - 1, i);
	}
}

/* The sanitizers see it when the last reference does not free. */
static void test_host_references(void **state)
{
	struct session_host *h = calloc(1, sizeof *h);

	(void)state;
	check(h != NULL);
	atomic_init(&h->users, 1);
	check(session_host_take(h) == h);
	session_host_drop(h);
	check(atomic_load(&h->users) == 1);
	session_host_drop(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counter_names),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_host_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
