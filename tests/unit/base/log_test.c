/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_quoting(void **state)
{
	const struct {
		struct log_field field;
		struct slice text;
	} rows[] = {
		{ LOG_COUNT("n", 12), S(" n=12") },
		{ LOG_COUNT("n", UINT64_MAX), S(" n=18446744073709551615") },
		{ LOG_TEXT("a", S("plain")), S(" a=plain") },
		{ LOG_TEXT("a", S("")), S(" a=\"\"") },
		{ LOG_TEXT("a", S("two words")), S(" a=\"two words\"") },
		{ LOG_TEXT("a", S("x=y")), S(" a=\"x=y\"") },
		{ LOG_TEXT("a", S("q\"\\")), S(" a=\"q\\\"\\\\\"") },
		{ LOG_TEXT("a", S("a\r\nev=b")), S(" a=\"a\\x0d\\x0aev=b\"") },
		{ LOG_TEXT("a", S("\0\x7f\xc3\xa4")), S(" a=\"\\x00\\x7f\\xc3\\xa4\"") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf line = { .max = 100 };

		check_row(log_add_field(&line, &rows[i].field), i);
		check_row(slice_same(buf_slice(&line), rows[i].text), i);
	}
}

/* A field that does not fit is left out, whole. */
static void test_field_too_long(void **state)
{
	const struct log_field fields[] = { LOG_TEXT("name", S("0123456789")),
		LOG_TEXT("name", S("01 3456789")), LOG_COUNT("name", 1234567890) };

	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++) {
		char room[12];
		struct buf line = BUF_OVER(room);

		check_row(buf_add(&line, S("ev=x")) && !log_add_field(&line, &fields[i]), i);
		check_row(slice_same(buf_slice(&line), S("ev=x")), i);
	}
}

static void read_file(const char *path, struct buf *ret)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char block[4096];
	ssize_t len = fd < 0 ? -1 : 1;

	while (len > 0) {
		len = read(fd, block, sizeof block);
		check(len >= 0 && buf_add(ret, (struct slice){ block, (size_t)len }));
	}
	check(len == 0);
}

static size_t count_text(struct slice s, struct slice part)
{
	size_t count = 0;

	for (; s.len > 0; s = slice_skip(s, 1))
		count += slice_starts(s, part) ? 1 : 0;
	return count;
}

static void *write_many(void *nothing)
{
	(void)nothing;
	for (unsigned i = 0; i < 200; i++)
		log_event(LOG_LEVEL_INFO, "test.many", LOG_COUNT("i", i), LOG_TEXT("t", S("a\nb")));
	return NULL;
}

static void test_file_threads_levels(void **state)
{
	char path[] = "/tmp/mailvisor-log-test-XXXXXX", moved[sizeof path + 8];
	auto_fd fd = mkstemp(path);
	auto_buf text = { .max = 1 << 20 }, text_after = { .max = 1 << 20 };
	struct error e = { .fault = FAULT_NONE };
	pthread_t writers[3];

	(void)state;
	check(fd >= 0 && log_start(path, LOG_LEVEL_INFO, &e));
	check(log_is_on(LOG_LEVEL_WARN) && !log_is_on(LOG_LEVEL_DEBUG));
	for (size_t i = 0; i < COUNT(writers); i++)
		check_row(pthread_create(&writers[i], NULL, write_many, NULL) == 0, i);
	for (size_t i = 0; i < COUNT(writers); i++)
		check_row(pthread_join(writers[i], NULL) == 0, i);
	log_event(LOG_LEVEL_DEBUG, "test.hidden", LOG_COUNT("n", 1));
	log_stop();
	read_file(path, &text);
	check(count_text(buf_slice(&text), S(" ev=test.many i=")) == 600);
	check(count_text(buf_slice(&text), S("\n")) == 600 && log_dropped_count() == 0);
	check(count_text(buf_slice(&text), S("test.hidden")) == 0);

	/* Rotation: the file is moved away, and after log_reopen() lines go to a new one. */
	(void)snprintf(moved, sizeof moved, "%s.1", path);
	check(log_start(path, LOG_LEVEL_INFO, &e) && rename(path, moved) == 0);
	log_reopen(LOG_LEVEL_DEBUG);
	while (access(path, F_OK) != 0)
		(void)usleep(1000); /* bounded by the test's own time limit */
	log_event(LOG_LEVEL_DEBUG, "test.after", LOG_COUNT("n", 1));
	log_stop();
	read_file(path, &text_after);
	check(count_text(buf_slice(&text_after), S("ev=test.after")) == 1);
	check(unlink(path) == 0 && unlink(moved) == 0);
}

/* Nobody reads the pipe: the writer stands still, the ring fills, lines are dropped, and the log says how many. */
static void test_dropped(void **state)
{
	char path[] = "/tmp/mailvisor-log-test-XXXXXX", room[4096];
	struct error e = { .fault = FAULT_NONE };
	auto_buf text = { .max = 8 << 20 };
	auto_fd fd = -1, reader = -1;
	uint64_t before = log_dropped_count(), dropped;
	size_t written = 0;
	ssize_t got;

	(void)state;
	fd = mkstemp(path);
	check(fd >= 0 && unlink(path) == 0 && mkfifo(path, 0600) == 0);
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	check(reader >= 0 && log_start(path, LOG_LEVEL_INFO, &e));
	memset(room, 'x', sizeof room);
	room[sizeof room - 1] = '\n';
	for (; log_dropped_count() == before && written < 10000; written++)
		log_lines((struct slice){ room, sizeof room });
	dropped = log_dropped_count() - before;
	check(dropped == 1);
	check(fcntl(reader, F_SETFL, 0) == 0);
	/* All lines but the dropped one, and somewhere between them the line that says so. */
	while (text.len <= (written - 1) * sizeof room || text.at[text.len - 1] != '\n') {
		got = read(reader, room, sizeof room);
		check(got > 0 && buf_add(&text, (struct slice){ room, (size_t)got }));
	}
	log_stop();
	check(count_text(buf_slice(&text), S("ev=log.dropped lines=1\n")) == 1);
	check(unlink(path) == 0);
}

static void test_bad_path(void **state)
{
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	check(!log_start("/nowhere/at/all/log", LOG_LEVEL_INFO, &e));
	check(e.fault == FAULT_NEVER && strstr(e.text, "/nowhere/at/all/log") != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_quoting),
		cmocka_unit_test(test_field_too_long), cmocka_unit_test(test_file_threads_levels),
		cmocka_unit_test(test_dropped), cmocka_unit_test(test_bad_path) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
