/* SPDX-License-Identifier: MIT */
#include "net/tls.h"

#include "net_check.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

static char cert_path[100], key_path[100], folder[64];
static struct tls_config *config;

static int set_up(void **state)
{
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	(void)snprintf(folder, sizeof folder, "/tmp/mailvisor-tls-test-XXXXXX");
	check(mkdtemp(folder) != NULL);
	(void)snprintf(cert_path, sizeof cert_path, "%s/cert.pem", folder);
	(void)snprintf(key_path, sizeof key_path, "%s/key.pem", folder);
	check(tls_make_self_signed(cert_path, key_path, S("mail.a.example"), &e));
	check(tls_config_open(cert_path, key_path, &config, &e));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tls_config_close(config);
	(void)unlink(cert_path);
	(void)unlink(key_path);
	check(rmdir(folder) == 0); /* no temporary file was left */
	return 0;
}

/* A client thread: handshake, then sends and expects what its script says. */
struct client {
	int fd;
	size_t echo_bytes;
	bool is_good;
	pthread_t thread;
};

static bool client_talk(struct client *k, struct conn *c)
{
	struct error e = { .fault = FAULT_NONE };
	struct slice got;
	size_t left = k->echo_bytes;

	if (!conn_start_tls_client(c, S("mail.a.example"), NULL, in_time(), &e) ||
		!conn_write(c, S("first\r\nsecond\r\n")))
		return false;
	while (left > 0) {
		if (conn_some(c, 100000, in_time(), &got) != CONN_OK)
			return false;
		left -= got.len;
	}
	return conn_write(c, S("QUIT\r\n")) && conn_line(c, 10, in_time(), &got) == CONN_GONE;
}

static void *client_main(void *context)
{
	struct client *k = context;
	struct conn *c = open_conn(k->fd);

	k->is_good = client_talk(k, c);
	conn_close(c);
	return NULL;
}

static struct conn *open_served(struct client *k)
{
	struct error e = { .fault = FAULT_NONE };
	struct conn *c = open_half(&k->fd);

	check(pthread_create(&k->thread, NULL, client_main, k) == 0);
	check(conn_start_tls(c, config, in_time(), &e));
	return c;
}

static void test_talk(void **state)
{
	static char big[300000];
	struct client k = { .echo_bytes = sizeof big + 3 };
	struct conn *c = open_served(&k);
	struct slice line;

	(void)state;
	check(conn_has_tls(c) && slice_starts(conn_tls_text(c), S("TLSv1.3 TLS_")));
	check(conn_line(c, 10, in_time(), &line) == CONN_OK && slice_same(line, S("first")));
	check(conn_has_input(c) && !conn_may_park(c));
	check(conn_line(c, 10, in_time(), &line) == CONN_OK && slice_same(line, S("second")));
	check(conn_line(c, 10, in_ms(30), &line) == CONN_QUIET && conn_may_park(c));
	conn_rest(c);
	check(conn_write(c, S("abc")) && conn_write(c, (struct slice){ big, sizeof big }));
	check(conn_line(c, 10, in_time(), &line) == CONN_OK && slice_same(line, S("QUIT")));
	conn_close(c); /* says goodbye: the client's read ends */
	check(pthread_join(k.thread, NULL) == 0 && k.is_good);
}

/* CVE-2011-0411: what was pipelined behind STARTTLS in plain text is not read as if it were inside. */
static void test_plaintext_is_dropped(void **state)
{
	struct error e = { .fault = FAULT_NONE };
	struct client k = { .echo_bytes = 1 };
	struct conn *c = open_half(&k.fd);
	struct slice line;

	(void)state;
	feed(k.fd, S("STARTTLS\r\nRSET\r\nMAIL FROM:<x@evil.example>\r\n"));
	check(conn_line(c, 100, in_time(), &line) == CONN_OK && slice_same(line, S("STARTTLS")));
	check(conn_has_input(c));
	check(pthread_create(&k.thread, NULL, client_main, &k) == 0);
	check(conn_start_tls(c, config, in_time(), &e));
	check(conn_line(c, 10, in_time(), &line) == CONN_OK && slice_same(line, S("first")));
	check(conn_line(c, 10, in_time(), &line) == CONN_OK && slice_same(line, S("second")));
	check(conn_write(c, S("x")) && conn_line(c, 10, in_time(), &line) == CONN_OK);
	conn_close(c);
	check(pthread_join(k.thread, NULL) == 0 && k.is_good);
}

static void test_handshake_failures(void **state)
{
	static const struct {
		struct slice bytes;
		bool is_closed;
		const char *cause;
	} rows[] = {
		{ S_INIT(""), false, "no answer in time" },
		{ S_INIT("\x16\x03\x01"), false, "no answer in time" },
		{ S_INIT(""), true, "" },
		{ S_INIT("EHLO client.example\r\n"), false, "" },
		{ S_INIT("GET / HTTP/1.0\r\n\r\n"), false, "http request" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { .fault = FAULT_NONE };
		int far;
		struct conn *c = open_half(&far);
		struct slice line;

		feed(far, rows[i].bytes);
		if (rows[i].is_closed)
			fd_close(&far);
		check_row(!conn_start_tls(c, config, in_ms(50), &e), i);
		check_row(e.fault == FAULT_GONE && strstr(e.text, rows[i].cause) != NULL, i);
		check_row(strncmp(e.text, "TLS handshake: ", 15) == 0, i);
		check_row(!conn_has_tls(c) && conn_line(c, 10, 0, &line) == CONN_GONE, i);
		check_row(!conn_write(c, S("x")), i);
		conn_close(c);
		fd_close(&far);
	}
}

static void test_peer_breaks_off(void **state)
{
	struct error e = { .fault = FAULT_NONE };
	struct client k = { .echo_bytes = 100 };
	int ends[2], raw;
	struct conn *c;
	struct slice line;

	(void)state;
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	c = open_conn(ends[0]);
	k.fd = ends[1];
	raw = dup(ends[1]);
	check(pthread_create(&k.thread, NULL, client_main, &k) == 0);
	check(conn_start_tls(c, config, in_time(), &e));
	check(conn_line(c, 10, in_time(), &line) == CONN_OK);
	check(shutdown(raw, SHUT_RDWR) == 0); /* without goodbye */
	check(conn_line(c, 10, in_time(), &line) == CONN_OK);
	check(conn_line(c, 10, in_time(), &line) == CONN_GONE && !conn_write(c, S("x")));
	conn_close(c);
	check(pthread_join(k.thread, NULL) == 0);
	fd_close(&raw);
}

static void test_files(void **state)
{
	struct error e = { .fault = FAULT_NONE };
	struct stat about;
	uint64_t in_s = tls_config_expires_s(config) - clock_wall_ns(&clock_real) / NS_PER_S;
	char command[256];

	(void)state;
	check(stat(key_path, &about) == 0 && (about.st_mode & 0777) == 0600);
	check(stat(cert_path, &about) == 0 && (about.st_mode & 0777) == 0644);
	check(in_s > UINT64_C(3650) * 86400 && in_s < UINT64_C(3654) * 86400);
	(void)snprintf(command, sizeof command, "%s/nowhere/cert.pem", folder);
	check(!tls_make_self_signed(command, key_path, S("a.example"), &e));
	check(e.fault != FAULT_NONE && strstr(e.text, "nowhere") != NULL);
}

static void test_bad_hosts(void **state)
{
	static const struct slice rows[] = { S_INIT(""), S_INIT("a,DNS:b"), S_INIT("a\0b"),
		S_INIT("a\nb") };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { .fault = FAULT_NONE };

		check_row(!tls_make_self_signed(cert_path, key_path, rows[i], &e), i);
		check_row(strstr(e.text, "not a host name") != NULL, i);
	}
}

static void test_reload(void **state)
{
	struct error e = { .fault = FAULT_NONE };
	struct client k = { .echo_bytes = 1 };
	struct conn *old = open_served(&k);
	struct tls_config *none = NULL;
	struct slice line;

	(void)state;
	check(tls_make_self_signed(cert_path, key_path, S("192.0.2.1"), &e));
	check(tls_config_reload(config, &e));
	check(truncate(cert_path, 10) == 0);
	check(!tls_config_reload(config, &e) && strstr(e.text, cert_path) != NULL);
	error_clear(&e);
	check(!tls_config_open("/nowhere/cert.pem", key_path, &none, &e) && none == NULL);
	check(strcmp(e.text,
		      "read the certificate '/nowhere/cert.pem': No such file or directory") == 0);
	/* The session from before goes on, and new ones still find a certificate. */
	check(conn_line(old, 10, in_time(), &line) == CONN_OK);
	check(conn_line(old, 10, in_time(), &line) == CONN_OK && conn_write(old, S("x")));
	check(conn_line(old, 10, in_time(), &line) == CONN_OK);
	conn_close(old);
	check(pthread_join(k.thread, NULL) == 0 && k.is_good);
	k.is_good = false;
	old = open_served(&k);
	check(conn_write(old, S("x")) && conn_line(old, 10, in_time(), &line) == CONN_OK);
	check(conn_line(old, 10, in_time(), &line) == CONN_OK);
	check(conn_line(old, 10, in_time(), &line) == CONN_OK && slice_same(line, S("QUIT")));
	conn_close(old);
	check(pthread_join(k.thread, NULL) == 0 && k.is_good);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talk),
		cmocka_unit_test(test_plaintext_is_dropped),
		cmocka_unit_test(test_handshake_failures),
		cmocka_unit_test(test_peer_breaks_off),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_bad_hosts),
		cmocka_unit_test(test_reload),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
