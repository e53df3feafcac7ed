/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "cmd/notify.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void test_tell(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char name[64], told[128];
	auto_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)state;
	int len = snprintf(name, sizeof name, "@notify-test-%d", (int)getpid());
	memcpy(at.sun_path + 1, name + 1, (size_t)len - 1);
	check(bind(fd, (const struct sockaddr *)&at,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)) == 0);
	check(unsetenv("NOTIFY_SOCKET") == 0);
	notify_tell("READY=1");
	check(recv(fd, told, sizeof told, 0) < 0);
	check(setenv("NOTIFY_SOCKET", "relative", 1) == 0);
	notify_tell("READY=1");
	check(recv(fd, told, sizeof told, 0) < 0);
	check(setenv("NOTIFY_SOCKET", name, 1) == 0);
	notify_tell("READY=1");
	check(recv(fd, told, sizeof told, 0) == 7 && memcmp(told, "READY=1", 7) == 0);
	notify_tell_reloading(1234567);
	ssize_t got = recv(fd, told, sizeof told - 1, 0);
	check(got > 0);
	told[got] = '\0';
	check(strcmp(told, "RELOADING=1\nMONOTONIC_USEC=1234") == 0);
}

static void test_sockets(void **state)
{
	static const struct {
		const char *pid, *count, *names;
		bool is_good;
		size_t given;
	} rows[] = {
		{ NULL, NULL, NULL, true, 0 },
		{ "1", "1", "smtp", true, 0 }, /* meant for another process */
		{ "self", NULL, "smtp", true, 0 },
		{ "self", "x", "smtp", true, 0 },
		{ "self", "33", "smtp", false, 0 },
		{ "self", "2", "smtp:pop3", true, 2 },
		{ "self", "2", "smtp", true, 2 },
	};
	struct notify_fd fds[NOTIFY_FDS_MAX];
	char self[32];

	(void)state;
	check(dup2(STDERR_FILENO, 3) == 3 && dup2(STDERR_FILENO, 4) == 4);
	(void)snprintf(self, sizeof self, "%d", (int)getpid());
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { .fault = FAULT_NONE };
		size_t count = 99;
		const char *pid = rows[i].pid;

		if (pid != NULL && strcmp(pid, "self") == 0)
			pid = self;
		check_row((pid ? setenv("LISTEN_PID", pid, 1) : unsetenv("LISTEN_PID")) == 0, i);
		check_row((rows[i].count ? setenv("LISTEN_FDS", rows[i].count, 1)
					 : unsetenv("LISTEN_FDS")) == 0,
			i);
		check_row((rows[i].names ? setenv("LISTEN_FDNAMES", rows[i].names, 1)
					 : unsetenv("LISTEN_FDNAMES")) == 0,
			i);
		check_row(notify_sockets(fds, &count, &e) == rows[i].is_good, i);
		check_row(count == rows[i].given, i);
		check_row(count < 2 || (fds[0].fd == 3 && slice_same(fds[0].name, S("smtp")) &&
					       fds[1].fd == 4),
			i);
	}
	check(slice_same(fds[1].name, S("")));
	check((fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_tell),
		cmocka_unit_test(test_sockets) };

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
