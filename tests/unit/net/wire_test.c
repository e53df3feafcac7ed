/* SPDX-License-Identifier: MIT */
#include "net/wire.h"

#include "net_check.h"

#include <poll.h>

static void test_read(void **state)
{
	int ends[2], pipes[2];

	(void)state;
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && pipe(pipes) == 0);
	for (size_t i = 0; i < 2; i++) {
		int far = i == 0 ? ends[1] : pipes[1];
		struct wire w;
		char room[8];
		size_t count = 99;

		wire_open(&w, i == 0 ? ends[0] : pipes[0], i == 0 ? ends[0] : pipes[0]);
		check_row(wire_read(&w, room, sizeof room, 0, &count) == CONN_QUIET, i);
		check_row(wire_read(&w, room, sizeof room, in_ms(30), &count) == CONN_QUIET, i);
		check_row(count == 99, i);
		feed(far, S("0123456789"));
		check_row(wire_read(&w, room, sizeof room, 0, &count) == CONN_OK && count == 8, i);
		check_row(wire_read(&w, room, sizeof room, in_time(), &count) == CONN_OK, i);
		check_row(count == 2 && memcmp(room, "89", 2) == 0, i);
		fd_close(&far);
		check_row(wire_read(&w, room, sizeof room, in_time(), &count) == CONN_GONE, i);
		wire_close(&w);
		check_row(w.in_fd == -1, i);
	}
}

/* Longer than a tick: the wait goes on, with the long tick, and ends in time. */
static void test_long_wait(void **state)
{
	int ends[2];
	struct wire w;
	char room[8];
	size_t count;
	uint64_t before_ns = clock_mono_ns(&clock_real);

	(void)state;
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	wire_open(&w, ends[0], ends[0]);
	check(wire_read(&w, room, sizeof room, in_ms(1200), &count) == CONN_QUIET);
	check(clock_mono_ns(&clock_real) - before_ns >= 1200 * NS_PER_MS);
	check(w.tick_ms == WIRE_TICK_MS);
	wire_close(&w);
	fd_close(&ends[1]);
}

static void test_write(void **state)
{
	static const struct {
		struct slice head, body, both;
	} rows[] = {
		{ S_INIT(""), S_INIT(""), S_INIT("") },
		{ S_INIT("ab"), S_INIT(""), S_INIT("ab") },
		{ S_INIT(""), S_INIT("cdef"), S_INIT("cdef") },
		{ S_INIT("ab"), S_INIT("cdef"), S_INIT("abcdef") },
	};
	int ends[2];
	struct wire w;

	(void)state;
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	wire_open(&w, ends[0], ends[0]);
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(wire_write(&w, rows[i].head, rows[i].body, 0) == CONN_OK, i);
		expect_bytes(ends[1], rows[i].both);
	}
	fd_close(&ends[1]);
	check(wire_write(&w, S("x"), S(""), in_time()) == CONN_GONE); /* and no SIGPIPE */
	wire_close(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_long_wait),
		cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
