/* SPDX-License-Identifier: MIT */
/*
 * load - the generator and the client of `make bench`: drives any server over its sockets, and
 * prints one line of key=value.
 *
 *   load deliver  --smtp P --pop3 P --clients C --per-session M --count N --size S   sent and
 * visible in the mailboxes, per second load latency  --smtp P --pop3 P --count N --size S       one
 * at a time, from connect to seen by a polling POP3 client load download --pop3 P --user U --count
 * N                whole maildrops, RETR after RETR load fill     --smtp P --count N --size S
 * --user U       N mails to one user load start    --smtp P -- COMMAND...                     time
 * from exec to the banner
 *
 * Users are u000@d0.test, u001@d1.test, ... (number modulo 2 is the domain) with the password
 * "secret". Limits: blocking sockets, a thread a client; times are
 * monotonic.
 */
#include "base/clock.h"
#include "base/own.h"
#include "client.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	USERS = 100,          /* what bench/peer.sh makes */
	BASE_USERS = 80,      /* the delivery runs use these; the others keep their mailboxes */
	WAIT_S = 60,          /* longest wait for mail to become visible */
	POLL_NS = 500 * 1000, /* between two looks into a mailbox */
};

static struct {
	unsigned smtp, pop3, clients, per_session, count, size, user;
} given = {
	.smtp = 20025, .pop3 = 20110, .clients = 1, .per_session = 1, .count = 100, .size = 1024
};

/* ---- SMTP ---- */

static void user_name(unsigned user, char room[64])
{
	(void)snprintf(room, 64, "u%03u@d%u.test", user, user % 2);
}

static void smtp_open(struct client *c)
{
	if (!client_dial(c, given.smtp))
		die("connect to port %u: %s", given.smtp, strerror(errno));
	client_smtp(c, '2');
	client_say(c, "EHLO bench.test\r\n");
	client_smtp(c, '2');
}

static void smtp_mail(struct client *c, unsigned user, const char *text, size_t len)
{
	char name[64];

	user_name(user, name);
	client_say(c, "MAIL FROM:<sender@origin.test>\r\n");
	client_smtp(c, '2');
	client_say(c, "RCPT TO:<%s>\r\n", name);
	client_smtp(c, '2');
	client_say(c, "DATA\r\n");
	client_smtp(c, '3');
	client_send(c, text, len);
	client_smtp(c, '2');
}

static void smtp_quit(struct client *c)
{
	client_say(c, "QUIT\r\n");
	client_smtp(c, '2');
	fd_close(&c->fd);
}

/* A message of exactly `size` octets, and the end of DATA behind it. */
static char *message_new(unsigned size, size_t *ret_len)
{
	static const char head[] =
		"From: <sender@origin.test>\r\nTo: <bench@d0.test>\r\nSubject: bench\r\n\r\n";
	size_t at = sizeof head - 1;
	char *text = malloc(size + 8u);

	if (text == NULL || size < at + 2)
		die("a message of %u octets", size);
	memcpy(text, head, at);
	for (size_t column = 0; at < size - 2u; at++, column++) {
		bool is_break = column >= 76 && at + 1 < size - 2u;

		text[at] = is_break ? '\r' : (char)('a' + at % 26);
		if (is_break) {
			text[++at] = '\n';
			column = (size_t)-1;
		}
	}
	memcpy(text + at, "\r\n.\r\n", 5);
	*ret_len = at + 5;
	return text;
}

/* ---- POP3 ---- */

static void pop3_open(struct client *c, unsigned user)
{
	char line[LINE_BYTES], name[64];

	user_name(user, name);
	if (!client_dial(c, given.pop3))
		die("connect to port %u: %s", given.pop3, strerror(errno));
	client_pop3(c, line);
	client_say(c, "USER %s\r\n", name);
	client_pop3(c, line);
	client_say(c, "PASS secret\r\n");
	client_pop3(c, line);
}

static unsigned pop3_stat(struct client *c)
{
	char line[LINE_BYTES];

	client_say(c, "STAT\r\n");
	client_pop3(c, line);
	return (unsigned)strtoul(line + 4, NULL, 10);
}

static void pop3_quit(struct client *c)
{
	char line[LINE_BYTES];

	client_say(c, "QUIT\r\n");
	client_pop3(c, line);
	fd_close(&c->fd);
}

static unsigned mailbox_count(unsigned user)
{
	struct client c;
	unsigned count;

	pop3_open(&c, user);
	count = pop3_stat(&c);
	pop3_quit(&c);
	return count;
}

static void sleep_ns(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S) };

	(void)nanosleep(&t, NULL);
}

/* ---- figures ---- */

static uint64_t now_ns(void)
{
	return clock_mono_ns(&clock_real);
}

static int order_doubles(const void *a, const void *b)
{
	double x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return (x > y) - (x < y);
}

/* ---- deliver ---- */

static atomic_uint sessions_left;
static size_t text_len;
static char *text_bytes;

static void *deliver_client(void *context)
{
	unsigned user = (unsigned)(uintptr_t)context;

	while (atomic_load(&sessions_left) > 0) {
		struct client c;

		if ((int)atomic_fetch_sub(&sessions_left, 1) <= 0)
			break;
		smtp_open(&c);
		for (unsigned i = 0; i < given.per_session; i++)
			smtp_mail(&c, user, text_bytes, text_len);
		smtp_quit(&c);
	}
	return NULL;
}

static unsigned mailboxes_total(unsigned users)
{
	unsigned total = 0;

	for (unsigned u = 0; u < users; u++)
		total += mailbox_count(u);
	return total;
}

static int cmd_deliver(char **command)
{
	unsigned users = given.clients < BASE_USERS ? given.clients : BASE_USERS;
	unsigned before = mailboxes_total(users), sessions = given.count / given.per_session;
	pthread_t *threads = calloc(given.clients, sizeof *threads);
	double accepted_s, seen_s;
	uint64_t begin = now_ns();

	(void)command;
	if (threads == NULL)
		die("out of memory");
	text_bytes = message_new(given.size, &text_len);
	atomic_store(&sessions_left, sessions);
	for (unsigned i = 0; i < given.clients; i++) {
		if (pthread_create(
			    &threads[i], NULL, deliver_client, (void *)(uintptr_t)(i % users)) != 0)
			die("start a thread");
	}
	for (unsigned i = 0; i < given.clients; i++)
		(void)pthread_join(threads[i], NULL);
	accepted_s = (double)(now_ns() - begin) / 1e9;
	while (mailboxes_total(users) < before + sessions * given.per_session) {
		if (now_ns() - begin > WAIT_S * NS_PER_S)
			die("not all mail became visible within %d s", WAIT_S);
		sleep_ns(POLL_NS);
	}
	seen_s = (double)(now_ns() - begin) / 1e9;
	printf("cmd=deliver size=%u clients=%u per_session=%u count=%u accepted_per_s=%.1f "
	       "delivered_per_s=%.1f\n",
		given.size, given.clients, given.per_session, given.count, given.count / accepted_s,
		given.count / seen_s);
	free(text_bytes);
	free(threads);
	return 0;
}

/* ---- latency, download, fill ---- */

static int cmd_latency(char **command)
{
	unsigned seen = mailbox_count(given.user);
	double *ms = calloc(given.count, sizeof *ms);
	char *text = message_new(given.size, &text_len);

	(void)command;
	if (ms == NULL)
		die("out of memory");
	for (unsigned i = 0; i < given.count; i++) {
		uint64_t begin = now_ns();
		struct client c;

		smtp_open(&c);
		smtp_mail(&c, given.user, text, text_len);
		smtp_quit(&c);
		for (seen++; mailbox_count(given.user) < seen; sleep_ns(POLL_NS)) {
			if (now_ns() - begin > WAIT_S * NS_PER_S)
				die("a mail did not become visible within %d s", WAIT_S);
		}
		ms[i] = (double)(now_ns() - begin) / 1e6;
	}
	qsort(ms, given.count, sizeof *ms, order_doubles);
	printf("cmd=latency size=%u count=%u visible_p50_ms=%.3f visible_max_ms=%.3f\n", given.size,
		given.count, ms[given.count / 2], ms[given.count - 1]);
	free(ms);
	free(text);
	return 0;
}

static void download_one(struct client *c, unsigned number)
{
	char line[LINE_BYTES];

	client_say(c, "RETR %u\r\n", number);
	client_pop3(c, line);
	do {
		if (!client_line(c, line))
			die("the server hung up in a message");
	} while (strcmp(line, ".") != 0);
}

static int cmd_download(char **command)
{
	uint64_t begin = now_ns();
	unsigned messages = 0;

	(void)command;
	for (unsigned i = 0; i < given.count; i++) {
		struct client c;
		unsigned count;

		pop3_open(&c, given.user);
		count = pop3_stat(&c);
		for (unsigned n = 1; n <= count; n++)
			download_one(&c, n);
		pop3_quit(&c);
		messages += count;
	}
	printf("cmd=download sessions=%u messages=%u wall_ms_per_session=%.2f\n", given.count,
		messages, (double)(now_ns() - begin) / 1e6 / given.count);
	return 0;
}

static int cmd_fill(char **command)
{
	char *text = message_new(given.size, &text_len);
	unsigned wanted = mailbox_count(given.user) + given.count;
	struct client c;

	(void)command;
	smtp_open(&c);
	for (unsigned i = 0; i < given.count; i++)
		smtp_mail(&c, given.user, text, text_len);
	smtp_quit(&c);
	free(text);
	for (unsigned i = 0; i < WAIT_S * 100; i++) {
		if (mailbox_count(given.user) >= wanted)
			return 0;
		sleep_ns(10 * NS_PER_MS);
	}
	die("not all mail became visible within %d s", WAIT_S);
}

/* ---- start ---- */

static int cmd_start(char **command)
{
	uint64_t begin = now_ns();
	pid_t pid;
	struct client c;

	if (command[0] == NULL)
		die("start what?");
	pid = fork();
	if (pid == 0) {
		(void)execvp(command[0], command);
		_exit(127);
	}
	while (!client_dial(&c, given.smtp) || !client_fill(&c)) {
		if (now_ns() - begin > WAIT_S * NS_PER_S)
			die("no banner within %d s", WAIT_S);
		sleep_ns(POLL_NS / 5);
	}
	printf("cmd=start banner_ms=%.2f\n", (double)(now_ns() - begin) / 1e6);
	fd_close(&c.fd);
	return 0;
}

static unsigned number_of(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value > 100000000)
		die("'%s' is no number", text);
	return (unsigned)value;
}

static void options_read(int argc, char **argv)
{
	static const struct option names[] = { { "smtp", 1, NULL, 0 }, { "pop3", 1, NULL, 1 },
		{ "clients", 1, NULL, 2 }, { "per-session", 1, NULL, 3 }, { "count", 1, NULL, 4 },
		{ "size", 1, NULL, 5 }, { "user", 1, NULL, 6 }, { 0 } };
	unsigned *const numbers[] = { &given.smtp, &given.pop3, &given.clients, &given.per_session,
		&given.count, &given.size, &given.user };
	int name;

	while ((name = getopt_long(argc, argv, "+", names, NULL)) != -1) {
		if (name == '?')
			die("unknown option");
		*numbers[name] = number_of(optarg);
	}
	if (given.clients == 0 || given.per_session == 0 || given.count == 0 || given.user >= USERS)
		die("--clients, --per-session and --count are at least 1, --user under %d", USERS);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(char **command);
	} commands[] = { { "deliver", cmd_deliver }, { "latency", cmd_latency },
		{ "download", cmd_download }, { "fill", cmd_fill }, { "start", cmd_start } };

	if (argc < 2)
		die("deliver, latency, download, fill or start?");
	options_read(argc - 1, argv + 1);
	for (size_t i = 0; i < COUNT(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argv + 1 + optind);
	}
	die("no command '%s'", argv[1]);
}
