/* SPDX-License-Identifier: MIT */
/* The QMP client against a scripted QEMU at the other end of a socket pair. */
#include "base/clock.h"
#include "lab/platform/qmp.h"

#include "check.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
#define READY GREETING "{\"return\": {}}\r\n"
#define EVENT "{\"event\": \"RESUME\", \"timestamp\": {\"seconds\": 1, \"microseconds\": 2}}\r\n"

enum { SHORT_MS = 50, LONG_MS = 10000 };

static uint64_t in_ms(uint64_t ms)
{
	return clock_mono_ns(&clock_real) + ms * NS_PER_MS;
}

/* What QEMU will say in all is written before; the socket holds it. Returns the far end. */
static int script_open(struct slice script, int *ret_near)
{
	int ends[2];

	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	check(send(ends[1], script.at, script.len, MSG_NOSIGNAL) == (ssize_t)script.len);
	*ret_near = ends[0];
	return ends[1];
}

static void test_open(void **state)
{
	static const struct {
		struct slice script;
		bool is_closed, is_good;
	} rows[] = {
		{ S_INIT(READY), false, true },
		{ S_INIT(GREETING EVENT "{\"return\": {}}\r\n"), false, true },
		{ S_INIT(GREETING), false, false },
		{ S_INIT(GREETING), true, false },
		{ S_INIT("{\"return\": {}}\r\n"), false, false },
		{ S_INIT("SMTP\r\n"), false, false },
		{ S_INIT("[1]\r\n"), false, false },
		{ S_INIT(""), true, false },
		{ S_INIT(GREETING
			  "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}\r\n"),
			false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { 0 };
		struct qmp q;
		int near, far = script_open(rows[i].script, &near);

		if (rows[i].is_closed)
			check_row(shutdown(far, SHUT_WR) == 0, i);
		check_row(qmp_open(near, in_ms(rows[i].is_good ? LONG_MS : SHORT_MS), &q, &e) ==
				  rows[i].is_good,
			i);
		check_row((e.fault == FAULT_NONE) == rows[i].is_good, i);
		if (rows[i].is_good)
			qmp_close(&q);
		(void)close(far);
	}
}

static void test_call(void **state)
{
	static const struct {
		struct slice answer;
		bool is_good;
		const char *reason;
	} rows[] = {
		{ S_INIT("{\"return\": {\"status\": \"running\"}}\r\n"), true, NULL },
		{ S_INIT(EVENT EVENT "{\"return\": {\"status\": \"running\"}}\r\n"), true, NULL },
		{ S_INIT("{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"The command is "
			 "unknown\"}}"
			 "\r\n"),
			false, "The command is unknown" },
		{ S_INIT("{\"id\": 1}\r\n"), false, "neither" },
		{ S_INIT("{\"return\"\r\n"), false, "not a JSON object" },
		{ S_INIT(EVENT), false, "no answer in time" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { 0 };
		json_t *value = NULL;
		struct qmp q;
		char said[256] = "";
		int near, far = script_open(S(READY), &near);

		check_row(qmp_open(near, in_ms(LONG_MS), &q, &e), i);
		check_row(send(far, rows[i].answer.at, rows[i].answer.len, 0) > 0, i);
		check_row(qmp_call(&q, "query-status", json_pack("{s:i}", "n", 7),
				  in_ms(rows[i].is_good ? LONG_MS : SHORT_MS), &value,
				  &e) == rows[i].is_good,
			i);
		check_row(rows[i].is_good || strstr(e.text, rows[i].reason) != NULL, i);
		check_row(!rows[i].is_good ||
				  strcmp(json_string_value(json_object_get(value, "status")),
					  "running") == 0,
			i);
		check_row(recv(far, said, sizeof said - 1, 0) > 0, i);
		check_row(strcmp(said,
				  "{\"execute\":\"qmp_capabilities\"}\n"
				  "{\"execute\":\"query-status\",\"arguments\":{\"n\":7}}\n") == 0,
			i);
		json_decref(value);
		qmp_close(&q);
		(void)close(far);
	}
}

/* Answers come in whatever pieces the socket likes. */
static void test_split(void **state)
{
	static const char script[] = READY EVENT "{\"return\": 5}\r\n";

	(void)state;
	for (size_t at = 1; at < sizeof script - 1; at++) {
		struct error e = { 0 };
		json_t *value = NULL;
		struct qmp q = { .fd = -1 };
		int near, far = script_open((struct slice){ script, at }, &near);
		pid_t child = fork();

		if (child == 0) {
			(void)usleep(500);
			_exit(send(far, script + at, sizeof script - 1 - at, MSG_NOSIGNAL) < 0);
		}
		check_row(qmp_open(near, in_ms(LONG_MS), &q, &e), at);
		check_row(qmp_call(&q, "x", NULL, in_ms(LONG_MS), &value, &e), at);
		check_row(json_integer_value(value) == 5, at);
		json_decref(value);
		qmp_close(&q);
		(void)close(far);
		check_row(waitpid(child, NULL, 0) == child, at);
	}
}

/* The far end gets a descriptor of its own to the same file, with the command. */
static void test_give_fd(void **state)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char said[256];
	struct iovec part = { .iov_base = said, .iov_len = sizeof said };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof control.room };
	struct error e = { 0 };
	struct qmp q;
	const struct slice wanted =
		S("{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"state\"}}");
	int ends[2], fd = -1, near, far = script_open(S(READY "{\"return\": {}}\r\n"), &near);

	(void)state;
	check(pipe(ends) == 0 && qmp_open(near, in_ms(LONG_MS), &q, &e));
	check(recv(far, said, sizeof said, 0) > 0);
	check(qmp_give_fd(&q, "state", ends[1], in_ms(LONG_MS), &e));
	check(recvmsg(far, &message, 0) > 0 && message.msg_controllen > 0);
	check(memcmp(said, wanted.at, wanted.len) == 0);
	memcpy(&fd, CMSG_DATA(&control.head), sizeof fd);
	check(fd > 0 && fd != ends[1] && write(fd, "x", 1) == 1 && read(ends[0], said, 1) == 1);
	for (size_t i = 0; i < COUNT(ends); i++)
		(void)close(ends[i]);
	(void)close(fd);
	(void)close(far);
	qmp_close(&q);
}

#define EVENT_AT(name, seconds, us)                                                                \
	"{\"event\": \"" name "\", \"timestamp\": {\"seconds\": " seconds                          \
	", \"microseconds\": " us "}}\r\n"

static void test_events(void **state)
{
	static const struct {
		struct slice before; /* the answer */
		uint64_t stops, paused_us;
	} rows[] = {
		{ S_INIT(""), 0, 0 },
		{ S_INIT(EVENT_AT("STOP", "5", "100") EVENT_AT("RESUME", "5", "350")), 1, 250 },
		{ S_INIT(EVENT_AT("STOP", "5", "999999") EVENT_AT("JOB_STATUS_CHANGE", "6", "0")
				  EVENT_AT("RESUME", "6", "2")),
			1, 3 },
		{ S_INIT(EVENT_AT("STOP", "5", "1") EVENT_AT("RESUME", "5", "2")
				  EVENT_AT("STOP", "7", "10") EVENT_AT("RESUME", "7", "20")),
			2, 10 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { 0 };
		struct qmp q;
		int near, far = script_open(S(READY), &near);
		const struct slice answer = S("{\"return\": {}}\r\n");

		check_row(qmp_open(near, in_ms(LONG_MS), &q, &e), i);
		check_row(send(far, rows[i].before.at, rows[i].before.len, 0) ==
				  (ssize_t)rows[i].before.len,
			i);
		check_row(send(far, answer.at, answer.len, 0) == (ssize_t)answer.len, i);
		check_row(qmp_call(&q, "x", NULL, in_ms(LONG_MS), NULL, &e), i);
		check_row(q.stop_count == rows[i].stops, i);
		check_row(q.resumed_us - q.stopped_us == rows[i].paused_us, i);
		qmp_close(&q);
		(void)close(far);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_open),
		cmocka_unit_test(test_call), cmocka_unit_test(test_split),
		cmocka_unit_test(test_give_fd), cmocka_unit_test(test_events) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
