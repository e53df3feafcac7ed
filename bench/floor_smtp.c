/* SPDX-License-Identifier: MIT */
/* bench-floor-smtp SMTP-PORT POP3-PORT FILE: an SMTP server that only makes durable what it is sent.
 *
 * One thread and poll(); it looks at no address, parses nothing, and finds nothing again. The mails that came whole in one
 * round are appended to FILE with one fdatasync, then all of them are acknowledged: what a delivery costs when it is
 * nothing but the conversation and a shared sync. On the POP3 port it says how many it has, so that `load deliver` can
 * ask. For the generator beside it only: a body ends where a read ends. Ends by SIGTERM.
 */
#include "client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SESSIONS = 66, LISTENERS = 2, READ_BYTES = 64 << 10, END_BYTES = 5, GROUP_BYTES = 8 << 20 };

static struct session {
	bool is_pop3, is_in_body, is_waiting;
	char end[END_BYTES]; /* the last bytes of the body */
} sessions[SESSIONS];
static struct pollfd polled[SESSIONS];
static size_t session_count;

static char group[GROUP_BYTES]; /* bodies that came since the last sync */
static size_t group_bytes;
static unsigned long mails;

static bool say(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL) > 0;
}

static void listen_on(const char *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, SESSIONS) != 0)
		die("port %s: cannot listen", port);
	polled[session_count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void session_begin(size_t listener)
{
	int on = 1, fd = accept(polled[listener].fd, NULL, NULL);

	if (fd < 0 || session_count == SESSIONS)
		die("accept");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	sessions[session_count] = (struct session){ .is_pop3 = listener == 1 };
	polled[session_count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	(void)say(fd, listener == 1 ? "+OK floor\r\n" : "220 floor\r\n");
}

static void session_end(size_t i)
{
	(void)close(polled[i].fd);
	session_count--;
	polled[i] = polled[session_count];
	sessions[i] = sessions[session_count];
}

static void body_came(struct session *s, size_t len)
{
	const char *at = group + group_bytes;
	size_t kept = len < END_BYTES ? END_BYTES - len : 0, fresh = END_BYTES - kept;

	memmove(s->end, s->end + END_BYTES - kept, kept);
	memcpy(s->end + kept, at + len - fresh, fresh);
	group_bytes += len;
	s->is_waiting = memcmp(s->end, "\r\n.\r\n", END_BYTES) == 0;
	s->is_in_body = !s->is_waiting;
}

/* False when the session is over. */
static bool command_came(struct session *s, int fd, const char *command)
{
	char stat[64];

	if (s->is_pop3) {
		(void)snprintf(stat, sizeof stat, "+OK %lu 1\r\n", mails);
		return say(fd, stat) && strncmp(command, "QUIT", 4) != 0;
	}
	s->is_in_body = strncmp(command, "DATA", 4) == 0;
	return say(fd, s->is_in_body ? "354 go\r\n" : "250 ok\r\n") &&
	       strncmp(command, "QUIT", 4) != 0;
}

static void session_read(size_t i)
{
	ssize_t len;

	if (group_bytes + READ_BYTES > sizeof group)
		die("a group of more than %d bytes", GROUP_BYTES);
	len = recv(polled[i].fd, group + group_bytes, READ_BYTES, 0);
	if (len > 0 && sessions[i].is_in_body)
		body_came(&sessions[i], (size_t)len);
	else if (len <= 0 || !command_came(&sessions[i], polled[i].fd, group + group_bytes))
		session_end(i);
}

static void acknowledge(int file)
{
	size_t waiting = 0;

	for (size_t i = LISTENERS; i < session_count; i++)
		waiting += sessions[i].is_waiting;
	if (waiting == 0)
		return;
	if (write(file, group, group_bytes) != (ssize_t)group_bytes || fdatasync(file) != 0)
		die("the disk does not take it");
	group_bytes = 0;
	mails += waiting;
	for (size_t i = LISTENERS; i < session_count; i++) {
		if (sessions[i].is_waiting)
			(void)say(polled[i].fd, "250 kept\r\n");
		sessions[i].is_waiting = false;
	}
}

int main(int argc, char **argv)
{
	int file;

	if (argc != 4)
		die("usage: bench-floor-smtp SMTP-PORT POP3-PORT FILE");
	file = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (file < 0)
		die("open '%s'", argv[3]);
	listen_on(argv[1]);
	listen_on(argv[2]);
	while (poll(polled, session_count, -1) > 0) {
		/* Downwards: who ends gives its place to one that was looked at. */
		for (size_t i = session_count; i-- > LISTENERS;)
			if (polled[i].revents != 0)
				session_read(i);
		for (size_t i = 0; i < LISTENERS; i++)
			if (polled[i].revents != 0)
				session_begin(i);
		acknowledge(file);
	}
	return 1;
}
