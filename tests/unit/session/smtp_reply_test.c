/* SPDX-License-Identifier: MIT */
#include "room.h"

#include "session/smtp.h"

/* Who can mend it decides the code; the cause stays in the log. */
static void test_failures(void **state)
{
	static const struct {
		enum fault fault;
		struct slice start;
	} rows[] = {
		{ FAULT_LATER, S_INIT("451 4.3.0 ") },
		{ FAULT_NEVER, S_INIT("554 5.3.0 ") },
		{ FAULT_GONE, S_INIT("451 4.3.0 ") },
	};
	struct room r;
	struct smtp *s;

	(void)state;
	room_open(&r, SESSION_SMTP);
	s = (struct smtp *)r.work;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { .fault = FAULT_NONE };
		struct slice reply;

		check_row(!fail(&e, rows[i].fault, "write '/var/lib/secret': broken"), i);
		reply = smtp_reply_for(s, &e);
		check_row(slice_starts(reply, rows[i].start), i);
		check_row(slice_find(reply, '/') == reply.len, i);
		check_row(atomic_load(&r.counters.at[COUNT_STORE_FAILURES]) == i + 1, i);
	}
	room_close(&r);
}

static void test_errors_run_out(void **state)
{
	struct room r;
	struct smtp *s;

	(void)state;
	room_open(&r, SESSION_SMTP);
	s = (struct smtp *)r.work;
	for (unsigned i = 1; i < r.host.errors_max; i++)
		check_row(smtp_wrong(s, S("500 5.5.2 wrong")) == NEXT_AGAIN, i);
	check(smtp_wrong(s, S("500 5.5.2 wrong")) == NEXT_CLOSE);
	check(atomic_load(&r.counters.at[COUNT_TOO_MANY_ERRORS]) == 1);
	check(atomic_load(&r.counters.at[COUNT_REFUSED_SYNTAX]) == r.host.errors_max);
	room_close(&r);
}

/* A reply that is too long is cut and stays one line. */
static void test_long_reply(void **state)
{
	char name[2 * LIMIT_REPLY_BYTES];
	struct room r;
	char got[2 * LIMIT_REPLY_BYTES];
	ssize_t len;

	(void)state;
	memset(name, 'x', sizeof name);
	name[sizeof name - 1] = '\0';
	room_open(&r, SESSION_SMTP);
	check(smtp_say_format((struct smtp *)r.work, "250 %s", name) == NEXT_AGAIN);
	r.work->end(r.work);
	len = read(r.client_fd, got, sizeof got);
	check(len == LIMIT_REPLY_BYTES - 1 + 2);
	check(got[len - 2] == '\r' && got[len - 1] == '\n');
	check(close(r.client_fd) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_errors_run_out),
		cmocka_unit_test(test_long_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
