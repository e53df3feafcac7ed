/* SPDX-License-Identifier: MIT */
/* The management console's client against a scripted User-mode Linux behind a socket. */
#include "base/clock.h"
#include "lab/platform/mconsole.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHORT_MS = 50, LONG_MS = 10000, PART_BYTES = 16, ANSWER_BYTES = 12 };

struct part {
	uint32_t is_no, has_more, length; /* what it says it has */
	const char *text;
	bool is_short; /* sent without its head */
};

static uint64_t in_ms(uint64_t ms)
{
	return clock_mono_ns(&clock_real) + ms * NS_PER_MS;
}

static int listener_open(char path[64])
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(path, 64, "/tmp/mailvisor-mconsole-%d", (int)getpid());
	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	(void)unlink(path);
	check(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
	return fd;
}

/* In a child: takes one question, checks it, and says the parts. */
_Noreturn static void guest_be(int fd, const char *command, const struct part *parts, size_t count)
{
	struct sockaddr_un from;
	socklen_t from_len = sizeof from;
	uint32_t question[3 + MCONSOLE_COMMAND_BYTES / sizeof(uint32_t)];
	ssize_t got =
		recvfrom(fd, question, sizeof question, 0, (struct sockaddr *)&from, &from_len);
	bool is_good = got == (ssize_t)sizeof question && question[0] == 0xcafebabe &&
		       question[1] == 2 && question[2] == strlen(command) &&
		       memcmp(question + 3, command, strlen(command)) == 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t answer[3 + PART_BYTES / sizeof(uint32_t)] = { parts[i].is_no,
			parts[i].has_more, parts[i].length };
		size_t len = 3 * sizeof *answer + strlen(parts[i].text) + 1;

		memcpy(answer + 3, parts[i].text, strlen(parts[i].text));
		(void)!sendto(fd, answer, parts[i].is_short ? 5 : len, 0, (struct sockaddr *)&from,
			from_len);
	}
	_exit(is_good ? 0 : 1);
}

static void test_call(void **state)
{
	static const struct {
		struct part parts[3];
		size_t count;
		bool is_good;
		const char *answer, *reason;
	} rows[] = {
		{ { { 0, 0, 3, "OK", false } }, 1, true, "OK", NULL },
		{ { { 0, 1, 5, "one ", false }, { 0, 1, 5, "two ", false },
			  { 0, 0, 1, "", false } },
			3, true, "one two ", NULL },
		/* More than the buffer holds: its beginning. */
		{ { { 0, 1, 11, "0123456789", false }, { 0, 0, 11, "abcdefghij", false } }, 2, true,
			"0123456789ab", NULL },
		{ { { 1, 0, 8, "Unknown", false } }, 1, false, "", "Unknown" },
		{ { { 0, 0, 500, "x", false } }, 1, false, "", "not an answer" },
		{ { { 0, 0, 0xffffffff, "x", false } }, 1, false, "", "not an answer" },
		{ { { 0, 0, 2, "x", true } }, 1, false, "", "not an answer" },
		{ { { 0, 1, 2, "x", false } }, 1, false, "x", "no answer in time" },
		{ { { 0, 0, 0, "", false } }, 0, false, "", "no answer in time" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf answer = { .max = ANSWER_BYTES };
		struct error e = { 0 };
		char path[64];
		int fd = listener_open(path), status = 1;
		bool is_silent = rows[i].reason != NULL && strstr(rows[i].reason, "time") != NULL;
		pid_t pid = fork();

		check_row(pid >= 0, i);
		if (pid == 0)
			guest_be(fd, "proc version", rows[i].parts, rows[i].count);
		check_row(mconsole_call(path, "proc version", in_ms(is_silent ? SHORT_MS : LONG_MS),
				  &answer, &e) == rows[i].is_good,
			i);
		check_row(waitpid(pid, &status, 0) == pid && status == 0, i);
		/* Under load a silent guest may not even have said its part. */
		check_row(is_silent || slice_same(buf_slice(&answer), slice_of(rows[i].answer)), i);
		check_row(rows[i].is_good || strstr(e.text, rows[i].reason) != NULL, i);
		(void)close(fd);
		(void)unlink(path);
	}
}

static void test_refused(void **state)
{
	auto_buf answer = { .max = ANSWER_BYTES };
	char path[300], command[MCONSOLE_COMMAND_BYTES + 1];
	struct error e = { 0 };
	int fd = listener_open(path);

	(void)state;
	memset(command, 'x', sizeof command);
	command[MCONSOLE_COMMAND_BYTES] = '\0';
	check(!mconsole_call(path, command, in_ms(LONG_MS), &answer, &e));
	check(strstr(e.text, "too long a command") != NULL);
	(void)close(fd);
	(void)unlink(path);
	error_clear(&e);
	check(!mconsole_call(path, "cad", in_ms(LONG_MS), &answer, &e) && e.fault == FAULT_GONE);
	memset(path, 'x', sizeof path);
	path[sizeof path - 1] = '\0';
	error_clear(&e);
	check(!mconsole_call(path, "cad", in_ms(LONG_MS), &answer, &e) && e.fault == FAULT_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_call),
		cmocka_unit_test(test_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
