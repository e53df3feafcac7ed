/* SPDX-License-Identifier: MIT */
/* A conn that deflates: pipelined, parked, garbled, bombed. */
#include "net/conn.h"

#include "net_check.h"

static void open_ends(struct conn **ret_near, struct conn **ret_far)
{
	int fd;

	*ret_near = open_half(&fd);
	*ret_far = open_conn(fd);
}

static void say(struct conn *c, struct slice s)
{
	check(conn_write(c, s) && conn_flush(c));
}

static void hear(struct conn *c, struct slice line)
{
	struct slice got;

	check(conn_line(c, 1000, in_time(), &got) == CONN_OK && slice_same(got, line));
}

static void close_ends(struct conn *near, struct conn *far)
{
	conn_close(near);
	conn_close(far);
}

/* The far end begins to deflate at once; its bytes stand behind the plain line in the near end's input already. */
static void test_begin(void **state)
{
	struct conn *near, *far;

	(void)state;
	open_ends(&near, &far);
	say(far, S("compress\r\n"));
	check(conn_start_deflate(far));
	say(far, S("first\r\nsec"));
	hear(near, S("compress"));
	check(!conn_is_deflated(near));
	check(conn_write(near, S("ok\r\n")) && conn_start_deflate(near) && conn_is_deflated(near));
	hear(near, S("first"));
	check(!conn_may_park(near)); /* half a line */
	say(far, S("ond\r\n"));
	hear(near, S("second"));
	check(conn_may_park(near));
	close_ends(near, far);
}

/* Each answer can be read when it was flushed; parking gives the states back. */
static void test_park(void **state)
{
	struct conn *near, *far;
	uint64_t sent;

	(void)state;
	open_ends(&near, &far);
	check(conn_start_deflate(near) && conn_start_deflate(far));
	for (size_t i = 0; i < 5; i++) {
		say(far, S("question\r\n"));
		hear(near, S("question"));
		check(conn_write(near, S("answer\r\n")) && conn_has_output(near));
		check(!conn_may_park(near));
		check(conn_flush(near) && conn_may_park(near) && !conn_has_output(near));
		sent = conn_bytes_out(near);
		check(conn_flush(near) && conn_bytes_out(near) == sent);
		conn_rest(near);
		hear(far, S("answer"));
		if (i % 2 == 1)
			conn_rest(far);
	}
	close_ends(near, far);
}

/* Output that overflows its buffer is sent on the way, and nothing of it stays behind at the flush. */
static void test_big(void **state)
{
	static char text[400 << 10];
	struct conn *near, *far;
	struct slice got;

	(void)state;
	memset(text, 'x', sizeof text);
	open_ends(&near, &far);
	check(conn_start_deflate(near) && conn_start_deflate(far));
	for (size_t i = 0; i < sizeof text; i += 20 << 10)
		check(conn_write(near, (struct slice){ text + i, 20 << 10 }));
	say(near, S("end\r\n"));
	for (size_t left = sizeof text; left > 0; left -= got.len)
		check(conn_some(far, left, in_time(), &got) == CONN_OK);
	hear(far, S("end"));
	close_ends(near, far);
}

/* What does not inflate ends the reading; a last word can be said. */
static void test_garbled(void **state)
{
	struct conn *near, *far;
	struct slice got;

	(void)state;
	open_ends(&near, &far);
	check(conn_start_deflate(near));
	say(far, S("a1 NOOP\r\n"));
	check(conn_line(near, 100, in_time(), &got) == CONN_GONE && conn_is_garbled(near));
	check(conn_start_deflate(far));
	say(near, S("bye\r\n"));
	hear(far, S("bye"));
	conn_close(near);
	check(conn_line(far, 100, in_time(), &got) == CONN_GONE && !conn_is_garbled(far));
	conn_close(far);
}

/* A line of 17 MB, which is 17 KB on the wire: it is dropped so far, and then the peer. */
static void test_endless_line(void **state)
{
	static char text[1 << 20];
	struct conn *near, *far;
	struct slice got;

	(void)state;
	memset(text, 'x', sizeof text);
	open_ends(&near, &far);
	check(conn_start_deflate(near) && conn_start_deflate(far));
	for (size_t i = 0; i < 17; i++)
		check(conn_write(far, (struct slice){ text, sizeof text }));
	say(far, S("\r\n"));
	check(conn_line(near, 100, in_time(), &got) == CONN_GONE && !conn_is_garbled(near));
	close_ends(near, far);
}

/* Blocks without a byte in them do not hold the reader. */
static void test_nothing_in_it(void **state)
{
	static char blocks[5 * 1000];
	struct conn *near;
	struct slice got;
	int far;

	(void)state;
	near = open_half(&far);
	check(conn_start_deflate(near));
	for (size_t i = 0; i < sizeof blocks; i++)
		blocks[i] = "\x00\x00\x00\xff\xff"[i % 5];
	feed(far, (struct slice){ blocks, sizeof blocks });
	check(conn_line(near, 100, 0, &got) == CONN_QUIET && conn_may_park(near));
	conn_rest(near);
	feed(far, S("\x00\x04\x00\xfb\xffok\r\n"));
	hear(near, S("ok"));
	conn_close(near);
	fd_close(&far);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_park),
		cmocka_unit_test(test_big),
		cmocka_unit_test(test_garbled),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_nothing_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
