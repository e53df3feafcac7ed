/* SPDX-License-Identifier: MIT */
#include "net/listen.h"

#include "net_check.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

static char folder[64];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof folder, "/tmp/mailvisor-listen-test-XXXXXX");
	check(mkdtemp(folder) != NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	check(rmdir(folder) == 0);
	return 0;
}

static struct listener bind_good(const char *address)
{
	struct error e = { .fault = FAULT_NONE };
	struct listener l = { .fd = -1 };

	if (!listen_bind(slice_of(address), &l, &e))
		print_error("%s\n", e.text);
	check(e.fault == FAULT_NONE && l.fd >= 0);
	return l;
}

static void test_bad_addresses(void **state)
{
	static const struct {
		struct slice address;
		const char *cause;
	} rows[] = {
		{ S_INIT(""), "not an address" },
		{ S_INIT("25"), "not an address" },
		{ S_INIT("0.0.0.0"), "not an address" },
		{ S_INIT("0.0.0.0:"), "not an address" },
		{ S_INIT("0.0.0.0:65536"), "not an address" },
		{ S_INIT("0.0.0.0:25x"), "not an address" },
		{ S_INIT("::1:25"), "not an address" },
		{ S_INIT("[127.0.0.1]:25"), "not an address" },
		{ S_INIT("a.example:25"), "not an address" },
		{ S_INIT("unix:"), "the path must have" },
		{ S_INIT("fd:x"), "write fd: and a number" },
		{ S_INIT("fd:999999"), "Bad file descriptor" },
		{ S_INIT("192.0.2.77:2525"), "Cannot assign" },
		{ S_INIT("unix:/nowhere/x.sock"), "No such file" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { .fault = FAULT_NONE };
		struct listener l = { .fd = 7 };

		check_row(!listen_bind(rows[i].address, &l, &e), i);
		check_row(strncmp(e.text, "listen on '", 11) == 0 && l.fd == -1, i);
		check_row(strstr(e.text, rows[i].cause) != NULL, i);
	}
}

static void test_busy_port(void **state)
{
	struct listener first = bind_good("127.0.0.1:0"), second;
	struct error e = { .fault = FAULT_NONE };
	char address[64];

	(void)state;
	check(first.port != 0);
	(void)snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)first.port);
	check(!listen_bind(slice_of(address), &second, &e));
	check(strstr(e.text, address) != NULL && strstr(e.text, "Address already in use") != NULL);
	fd_close(&first.fd);
}

/* A dead server's socket file is replaced, a living one's and any other file are not. */
static void test_unix_files(void **state)
{
	struct error e = { .fault = FAULT_NONE };
	struct listener l, second;
	struct stat about;
	char address[100];
	const char *path = address + 5;

	(void)state;
	(void)snprintf(address, sizeof address, "unix:%s/s", folder);
	l = bind_good(address);
	check(stat(path, &about) == 0 && (about.st_mode & 0777) == 0660 && l.port == 0);
	check(!listen_bind(slice_of(address), &second, &e));
	check(strstr(e.text, "another server answers there") != NULL);
	error_clear(&e);
	fd_close(&l.fd); /* without unlink, as if killed */
	l = bind_good(address);
	fd_close(&l.fd);
	check(unlink(path) == 0);
	l.fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	fd_close(&l.fd);
	check(!listen_bind(slice_of(address), &second, &e) && strstr(e.text, "no socket") != NULL);
	check(unlink(path) == 0);
}

/* What a server would do with its clients: remembers, and sends one letter. */
enum { CLIENTS = 64 };
static struct host {
	struct listen *listen;
	atomic_uint welcomed, refused_total, refused_address;
	int fds[CLIENTS];
	bool refuses; /* on_client says no */
} host;

static bool on_client(void *context, const struct listener *l, int fd)
{
	struct host *h = context;
	unsigned at = atomic_fetch_add(&h->welcomed, 1);

	check(at < CLIENTS && l->kind == 42);
	h->fds[at] = fd;
	feed(fd, S("w"));
	if (h->refuses)
		fd_close(&h->fds[at]);
	return !h->refuses;
}

static void on_refused(void *context, const struct listener *l, int fd, bool is_per_address)
{
	struct host *h = context;

	(void)l;
	(void)atomic_fetch_add(is_per_address ? &h->refused_address : &h->refused_total, 1);
	feed(fd, is_per_address ? S("a") : S("t"));
}

static void start(
	struct listener *listeners, size_t count, unsigned session_max, unsigned per_address_max)
{
	struct listen_options options = { .listeners = listeners,
		.listener_count = count,
		.session_max = session_max,
		.per_address_max = per_address_max,
		.on_client = on_client,
		.on_refused = on_refused,
		.context = &host };
	struct error e = { .fault = FAULT_NONE };

	host = (struct host){ .listen = NULL };
	for (size_t i = 0; i < count; i++)
		listeners[i].kind = 42;
	check(listen_start(&options, &host.listen, &e));
}

/* Connects and returns the letter that the server says. */
static char dial(const char *at, uint16_t port, struct conn **ret)
{
	struct error e = { .fault = FAULT_NONE };
	struct slice word = S("");

	if (!conn_dial(slice_of(at), port, in_time(), ret, &e))
		print_error("%s\n", e.text);
	check(e.fault == FAULT_NONE && conn_some(*ret, 1, in_time(), &word) == CONN_OK);
	return word.at[0];
}

static void test_all_kinds(void **state)
{
	char unix_address[100], fd_address[20];
	struct listener listeners[4], given = bind_good("127.0.0.1:0");
	struct conn *clients[4];
	struct listen_stats stats;
	struct stat about;

	(void)state;
	(void)snprintf(unix_address, sizeof unix_address, "unix:%s/s", folder);
	(void)snprintf(fd_address, sizeof fd_address, "fd:%d", given.fd);
	listeners[0] = bind_good("127.0.0.1:0");
	listeners[1] = bind_good("[::1]:0");
	listeners[2] = bind_good(unix_address);
	listeners[3] = bind_good(fd_address);
	check(listeners[3].port == given.port);
	start(listeners, 4, 100, 100);
	check(dial("127.0.0.1", listeners[0].port, &clients[0]) == 'w');
	check(dial("::1", listeners[1].port, &clients[1]) == 'w');
	check(dial(unix_address, 0, &clients[2]) == 'w');
	check(dial("localhost", listeners[3].port, &clients[3]) == 'w');
	check(slice_starts(conn_peer(clients[0]), S("[127.0.0.1]:")) &&
		conn_is_loopback(clients[1]));
	listen_stats_get(host.listen, &stats);
	check(stats.accepted == 4 && stats.open == 4 && stats.pauses == 0);
	listen_stop(host.listen);
	check(listeners[0].fd == -1 && stat(unix_address + 5, &about) != 0);
	for (size_t i = 0; i < 4; i++) {
		fd_close(&host.fds[i]);
		conn_close(clients[i]);
		listen_client_gone(host.listen, i == 1   ? S("::1")
						: i == 2 ? S("")
							 : S("127.0.0.1"));
	}
	listen_stats_get(host.listen, &stats);
	check(stats.open == 0);
	listen_free(host.listen);
}

static void test_limits(void **state)
{
	struct listener listeners[2] = { bind_good("127.0.0.1:0"), bind_good("[::1]:0") };
	struct conn *clients[6];
	struct listen_stats stats;

	(void)state;
	start(listeners, 2, 3, 2);
	check(dial("127.0.0.1", listeners[0].port, &clients[0]) == 'w');
	check(dial("127.0.0.1", listeners[0].port, &clients[1]) == 'w');
	check(dial("127.0.0.1", listeners[0].port, &clients[2]) == 'a');
	check(dial("::1", listeners[1].port, &clients[3]) == 'w');
	check(dial("::1", listeners[1].port, &clients[4]) == 't');
	listen_client_gone(host.listen, S("127.0.0.1"));
	check(dial("127.0.0.1", listeners[0].port, &clients[5]) == 'w');
	listen_stats_get(host.listen, &stats);
	check(stats.accepted == 4 && stats.open == 3 && stats.refused_total == 1);
	check(stats.refused_per_address == 1);
	listen_stop(host.listen);
	for (size_t i = 0; i < 6; i++)
		conn_close(clients[i]);
	for (size_t i = 0; i < 4; i++)
		fd_close(&host.fds[i]);
	listen_free(host.listen);
}

/* Clients of whom no session came do not count. */
static void test_client_not_taken(void **state)
{
	struct listener listeners[1] = { bind_good("127.0.0.1:0") };
	struct conn *client;
	struct listen_stats stats;

	(void)state;
	start(listeners, 1, 1, 1);
	host.refuses = true;
	for (size_t i = 0; i < 3; i++) {
		check_row(dial("127.0.0.1", listeners[0].port, &client) == 'w', i);
		conn_close(client);
	}
	listen_stop(host.listen);
	listen_stats_get(host.listen, &stats);
	check(stats.accepted == 3 && stats.open == 0 && stats.refused_total == 0);
	listen_free(host.listen);
}

/* Out of descriptors: clients wait, we pause instead of spinning, and go on when there are some. */
static void test_no_descriptors(void **state)
{
	struct listener listeners[1] = { bind_good("127.0.0.1:0") };
	struct rlimit before, few;
	struct listen_stats stats = { 0 };
	struct conn *client = NULL;
	struct error e = { .fault = FAULT_NONE };
	struct slice word;
	uint64_t until_ns = in_time();
	int spare;

	(void)state;
	start(listeners, 1, 10, 10);
	check(getrlimit(RLIMIT_NOFILE, &before) == 0);
	spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	few = (struct rlimit){ .rlim_cur = (rlim_t)spare + 1, .rlim_max = before.rlim_max };
	fd_close(&spare);
	check(setrlimit(RLIMIT_NOFILE, &few) == 0); /* one is left: the client's */
	check(conn_dial(S("127.0.0.1"), listeners[0].port, in_time(), &client, &e));
	while (stats.pauses < 2 && clock_mono_ns(&clock_real) < until_ns) {
		(void)usleep(5000);
		listen_stats_get(host.listen, &stats);
	}
	check(stats.pauses >= 2 && stats.pauses < 100 && stats.accepted == 0);
	check(setrlimit(RLIMIT_NOFILE, &before) == 0);
	check(conn_some(client, 1, in_time(), &word) == CONN_OK && word.at[0] == 'w');
	conn_close(client);
	listen_stop(host.listen);
	fd_close(&host.fds[0]);
	listen_free(host.listen);
}

static void test_dial_failures(void **state)
{
	struct listener closed = bind_good("127.0.0.1:0");
	struct rows {
		const char *host;
		uint16_t port;
		const char *text;
	} rows[] = {
		{ "127.0.0.1", closed.port, "connect to '127.0.0.1' port " },
		{ "unix:/nowhere/s", 0, "connect to 'unix:/nowhere/s': No such file" },
		{ "", 25, "not a host name" },
		{ "name with blanks", 25, "find the address of 'name with blanks': " },
	};

	(void)state;
	fd_close(&closed.fd);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { .fault = FAULT_NONE };
		struct conn *c = NULL;

		check_row(!conn_dial(slice_of(rows[i].host), rows[i].port, in_time(), &c, &e), i);
		check_row(c == NULL && strstr(e.text, rows[i].text) != NULL, i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_busy_port),
		cmocka_unit_test(test_unix_files),
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_client_not_taken),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_dial_failures),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
