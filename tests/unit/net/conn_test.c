/* SPDX-License-Identifier: MIT */
#include "net/conn.h"

#include "net_check.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>

/* Answers as letters: O ok, Q quiet, L too long, B bare, G gone. Quiet is left out of transcripts. */
static char letter_of(enum conn_answer answer)
{
	switch (answer) {
	case CONN_OK:
		return 'O';
	case CONN_QUIET:
		return 'Q';
	case CONN_TOO_LONG:
		return 'L';
	case CONN_BARE:
		return 'B';
	case CONN_GONE:
		break;
	}
	return 'G';
}

/* Adds "O<line>" and so on to the transcript until nothing more comes. */
static void read_lines(struct conn *c, size_t max, uint64_t until_ns, char *transcript)
{
	for (size_t i = 0;; i++) {
		struct slice line = S("");
		enum conn_answer answer = conn_line(c, max, until_ns, &line);
		size_t len = strlen(transcript);

		if (answer == CONN_QUIET)
			return;
		(void)snprintf(
			transcript + len, 200 - len, "%c%.*s|", letter_of(answer), S_FMT(line));
		if (answer == CONN_GONE)
			return;
		check_row(i < 20, i); /* the lines end */
	}
}

static const struct {
	struct slice bytes;
	size_t max;
	const char *transcript;
} line_rows[] = {
	{ S_INIT(""), 10, "G|" }, { S_INIT("\r\n"), 10, "O|G|" },
	{ S_INIT("a\r\nbc\r\n"), 10, "Oa|Obc|G|" }, { S_INIT("half"), 10, "G|" },
	{ S_INIT("a\r\nhalf"), 10, "Oa|G|" }, { S_INIT("a\nb\r\n"), 10, "Ba|Ob|G|" },
	{ S_INIT("\n\n"), 10, "B|B|G|" }, { S_INIT("a\rb\r\nc\r\n"), 10, "Ba\rb|Oc|G|" },
	{ S_INIT("a\r\r\n"), 10, "Ba\r|G|" }, { S_INIT("a\rb\n"), 10, "Ba\rb|G|" },
	{ S_INIT("12345\r\n"), 5, "O12345|G|" }, { S_INIT("123456\r\nok\r\n"), 5, "L|Ook|G|" },
	{ S_INIT("12345\n123456\n"), 5, "B12345|L|G|" },
	{ S_INIT("12345678901234567890\r\nok\r\n"), 5, "L|Ook|G|" },
	{ S_INIT("12345678901234567890\nok\r\n"), 5, "L|Ook|G|" },
	{ S_INIT("1234567890"), 5, "G|" }, { S_INIT("\r\n"), 0, "O|G|" },
	{ S_INIT("1\r\n\r\n"), 0, "L|O|G|" },
	{ S_INIT("a\0b\r\n"), 5, "Oa" }, /* printf stops at the NUL; the rest is checked below */
};

static struct conn *open_kind(bool is_pipe, int *ret_far, int *ret_drain)
{
	int in[2], out[2];
	struct error e = { .fault = FAULT_NONE };
	struct conn *c = NULL;

	*ret_drain = -1;
	if (!is_pipe)
		return open_half(ret_far);
	check(pipe(in) == 0 && pipe(out) == 0);
	*ret_far = in[1];
	*ret_drain = out[0];
	check(conn_open_pair(in[0], out[1], &c, &e));
	return c;
}

/* All at once, and split at every byte, through a socket and through pipes. */
static void test_lines(void **state)
{
	(void)state;
	for (size_t row = 0; row + 1 < COUNT(line_rows); row++) {
		struct slice bytes = line_rows[row].bytes;

		for (size_t split = 0; split <= 2 * bytes.len + 1; split++) {
			char transcript[200] = "";
			int far, drain;
			struct conn *c = open_kind(split % 2 == 1, &far, &drain);

			feed(far, slice_first(bytes, split / 2));
			read_lines(c, line_rows[row].max, 0, transcript);
			feed(far, slice_skip(bytes, split / 2));
			fd_close(&far);
			read_lines(c, line_rows[row].max, in_time(), transcript);
			check_row(strcmp(transcript, line_rows[row].transcript) == 0, row);
			conn_close(c);
			fd_close(&drain);
		}
	}
}

static void test_line_with_nul(void **state)
{
	int far;
	struct conn *c = open_half(&far);
	struct slice line;

	(void)state;
	feed(far, S("a\0b\r\n"));
	check(conn_line(c, 5, in_time(), &line) == CONN_OK && slice_same(line, S("a\0b")));
	conn_close(c);
	fd_close(&far);
}

/* The longest line that is allowed at all passes, one byte more does not. */
static void test_longest_line(void **state)
{
	static char text[LIMIT_CONN_IN_BYTES];
	size_t max = LIMIT_CONN_IN_BYTES - 2;
	int far;
	struct conn *c = open_half(&far);
	struct slice line;

	(void)state;
	memset(text, 'x', sizeof text);
	feed(far, (struct slice){ text, max });
	feed(far, S("\r\n"));
	check(conn_line(c, max, in_time(), &line) == CONN_OK && line.len == max);
	feed(far, (struct slice){ text, max + 1 });
	feed(far, S("\r\nnext\r\n"));
	check(conn_line(c, max, in_time(), &line) == CONN_TOO_LONG);
	check(conn_line(c, max, in_time(), &line) == CONN_OK && slice_same(line, S("next")));
	conn_close(c);
	fd_close(&far);
}

static void test_some_and_peek(void **state)
{
	int far;
	struct conn *c = open_half(&far);
	struct slice got;

	(void)state;
	check(conn_some(c, 10, 0, &got) == CONN_QUIET && conn_peek(c, 0, &got) == CONN_QUIET);
	feed(far, S("abcdef"));
	check(conn_peek(c, in_time(), &got) == CONN_OK && slice_same(got, S("abcdef")));
	conn_take(c, 1);
	check(conn_some(c, 2, 0, &got) == CONN_OK && slice_same(got, S("bc")));
	check(conn_has_input(c) && !conn_may_park(c));
	check(conn_peek(c, 0, &got) == CONN_OK && slice_same(got, S("def")));
	feed(far, S("\r\nrest"));
	check(conn_line(c, 10, in_time(), &got) == CONN_OK && slice_same(got, S("def")));
	check(conn_some(c, 100, in_time(), &got) == CONN_OK && slice_same(got, S("rest")));
	check(conn_bytes_in(c) == 12);
	fd_close(&far);
	check(conn_some(c, 1, in_time(), &got) == CONN_GONE && conn_peek(c, 0, &got) == CONN_GONE);
	conn_close(c);
}

static int bytes_waiting(int fd)
{
	int count = -1;

	check(ioctl(fd, FIONREAD, &count) == 0);
	return count;
}

/* Answers wait for each other, and leave before we wait for the peer. */
static void test_flush_before_read(void **state)
{
	int far;
	struct conn *c = open_half(&far);
	struct slice line;

	(void)state;
	feed(far, S("one\r\ntwo\r\n"));
	check(conn_line(c, 9, in_time(), &line) == CONN_OK && conn_write(c, S("1\r\n")));
	check(conn_line(c, 9, in_time(), &line) == CONN_OK && conn_write(c, S("2\r\n")));
	check(conn_has_output(c) && bytes_waiting(far) == 0 && !conn_may_park(c));
	check(conn_line(c, 9, 0, &line) == CONN_QUIET && !conn_has_output(c));
	expect_bytes(far, S("1\r\n2\r\n"));
	check(conn_bytes_out(c) == 6 && conn_write(c, S("bye")));
	conn_close(c);
	expect_bytes(far, S("bye"));
	fd_close(&far);
}

struct reader {
	int fd;
	uint64_t bytes, sum;
};

static void *read_all(void *context)
{
	struct reader *r = context;
	char room[5000];
	ssize_t count;

	while ((count = read(r->fd, room, sizeof room)) > 0) {
		for (ssize_t i = 0; i < count; i++)
			r->sum = r->sum * 31 + (unsigned char)room[i];
		r->bytes += (uint64_t)count;
	}
	return NULL;
}

/* Small and big pieces arrive whole and in order at a peer slower than we are. */
static void test_big_writes(void **state)
{
	static const size_t sizes[] = { 1, 100000, 5, 40000, 32767, 32768, 300000, 200000, 2,
		65536 };
	static char text[300000];

	(void)state;
	for (size_t is_pipe = 0; is_pipe < 2; is_pipe++) {
		struct reader reader = { .fd = -1 };
		int far, drain;
		struct conn *c = open_kind(is_pipe == 1, &far, &drain);
		uint64_t sum = 0, bytes = 0;
		pthread_t thread;

		reader.fd = is_pipe == 1 ? drain : far;
		check(pthread_create(&thread, NULL, read_all, &reader) == 0);
		for (size_t i = 0; i < COUNT(sizes); i++) {
			for (size_t k = 0; k < sizes[i]; k++) {
				text[k] = (char)(i + k * 7);
				sum = sum * 31 + (unsigned char)text[k];
			}
			check_row(conn_write(c, (struct slice){ text, sizes[i] }), i);
			bytes += sizes[i];
		}
		check(conn_flush(c) && conn_bytes_out(c) == bytes);
		conn_close(c);
		check(pthread_join(thread, NULL) == 0);
		check(reader.bytes == bytes && reader.sum == sum);
		fd_close(&far);
		fd_close(&drain);
	}
}

/* A peer that does not read costs us no longer than the deadline, and then the conn is broken. */
static void test_peer_that_stops_reading(void **state)
{
	static char text[100000];

	(void)state;
	for (size_t is_pipe = 0; is_pipe < 2; is_pipe++) {
		int far, drain, i = 0;
		struct conn *c = open_kind(is_pipe == 1, &far, &drain);
		struct slice line;

		conn_write_until(c, in_ms(50));
		while (i < 1000 && conn_write(c, (struct slice){ text, sizeof text }))
			i++;
		check(i < 1000);
		check(!conn_write(c, S("more")) && !conn_flush(c));
		check(conn_line(c, 10, in_time(), &line) == CONN_GONE);
		conn_close(c);
		fd_close(&far);
		fd_close(&drain);
	}
}

struct waiting {
	unsigned began, asked, ended;
};

static void note_begin(void *context)
{
	((struct waiting *)context)->began++;
}

static void note_end(void *context)
{
	((struct waiting *)context)->ended++;
}

static bool grant_two(void *context, uint64_t silent_ns)
{
	struct waiting *w = context;

	check(w->began == 1 && w->ended == 0 && (w->asked == 0) == (silent_ns < NS_PER_MS * 500));
	return ++w->asked < 3;
}

/* Asked each second, and never when the peer reads. */

static void test_wait(void **state)
{
	static char text[100000];
	static const struct conn_wait wait = { note_begin, grant_two, note_end };
	struct waiting w = { 0 };
	int far, i = 0;
	struct conn *c = open_half(&far);

	(void)state;
	conn_write_until(c, in_ms(3600 * 1000));
	conn_on_wait(c, &wait, &w);
	check(conn_write(c, S("small")) && conn_flush(c) && w.began == 0);
	while (i < 1000 && conn_write(c, (struct slice){ text, sizeof text }))
		i++;
	check(i < 1000 && w.asked == 3 && w.ended == 1);
	conn_close(c);
	fd_close(&far);
}

static void test_peer_that_left(void **state)
{
	int far;
	struct conn *c = open_half(&far);
	struct slice line;

	(void)state;
	feed(far, S("last\r\n"));
	fd_close(&far);
	check(conn_line(c, 10, in_time(), &line) == CONN_OK && slice_same(line, S("last")));
	check(conn_write(c, S("too late\r\n"))); /* nobody knows yet */
	check(conn_line(c, 10, in_time(), &line) == CONN_GONE);
	check(!conn_may_park(c));
	conn_close(c);
}

static void test_park_and_rest(void **state)
{
	int far;
	struct conn *c = open_half(&far);
	struct slice line;

	(void)state;
	check(conn_may_park(c));
	conn_rest(c);
	for (size_t round = 0; round < 3; round++) {
		feed(far, S("ha"));
		check_row(conn_line(c, 10, in_ms(30), &line) == CONN_QUIET, round);
		check_row(!conn_may_park(c), round); /* half a line */
		feed(far, S("lf\r\n"));
		check_row(conn_line(c, 10, in_time(), &line) == CONN_OK, round);
		check_row(slice_same(line, S("half")) && conn_may_park(c), round);
		conn_rest(c);
		check_row(conn_write(c, S("x")) && conn_flush(c) && conn_may_park(c), round);
		conn_rest(c);
	}
	feed(far, S("12345678901234567890"));
	check(conn_line(c, 5, 0, &line) == CONN_QUIET &&
		!conn_may_park(c)); /* inside a long line */
	conn_close(c);
	fd_close(&far);
}

static void test_names(void **state)
{
	int far, drain;
	struct conn *c = open_half(&far);

	(void)state;
	check(slice_same(conn_peer(c), S("unix")) && conn_peer_address(c).len == 0);
	check(conn_is_loopback(c) && conn_local_port(c) == 0 && !conn_has_tls(c));
	check(conn_tls_text(c).len == 0 && conn_fd(c) >= 0);
	conn_close(c);
	fd_close(&far);
	c = open_kind(true, &far, &drain);
	check(slice_same(conn_peer(c), S("stdio")) && conn_is_loopback(c));
	conn_close(c);
	fd_close(&far);
	fd_close(&drain);
	conn_close(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_line_with_nul),
		cmocka_unit_test(test_longest_line),
		cmocka_unit_test(test_some_and_peek),
		cmocka_unit_test(test_flush_before_read),
		cmocka_unit_test(test_big_writes),
		cmocka_unit_test(test_peer_that_stops_reading),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_peer_that_left),
		cmocka_unit_test(test_park_and_rest),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
