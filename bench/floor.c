/* SPDX-License-Identifier: MIT */
/* bench-floor PORT COUNT SIZE: a POP3 server with nothing behind it.
 *
 * One thread, blocking; a maildrop of COUNT messages which are the same SIZE bytes from memory; one recv and one send a
 * command. What it costs is what the kernel and the processor take for the conversation itself, so no server that
 * answers command by command can cost less: the floor under every figure of a download. Ends by SIGTERM.
 */
#include "client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE = 76, BACKLOG = 16, COMMAND_BYTES = 512 };

static char *message; /* "+OK" to the final dot */
static size_t message_len;

static void message_make(size_t size)
{
	char *at = message = malloc(size + 32);

	if (message == NULL)
		die("out of memory");
	at += sprintf(at, "+OK\r\n");
	for (size_t left = size; left >= LINE; left -= LINE, at += LINE) {
		memset(at, 'x', LINE - 2);
		memcpy(at + LINE - 2, "\r\n", 2);
	}
	at += sprintf(at, ".\r\n");
	message_len = (size_t)(at - message);
}

static bool say(int fd, const char *text, size_t len)
{
	return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool answer(int fd, const char *command, const char *stat)
{
	if (strncmp(command, "RETR", 4) == 0)
		return say(fd, message, message_len);
	if (strncmp(command, "STAT", 4) == 0)
		return say(fd, stat, strlen(stat));
	return say(fd, "+OK\r\n", 5) && strncmp(command, "QUIT", 4) != 0;
}

static void converse(int fd, const char *stat)
{
	char command[COMMAND_BYTES];
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (!say(fd, "+OK floor\r\n", 11))
		return;
	while (recv(fd, command, sizeof command, 0) > 0 && answer(fd, command, stat))
		;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char stat[64];

	if (argc != 4)
		die("usage: bench-floor PORT COUNT SIZE");
	at.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	message_make(strtoul(argv[3], NULL, 10));
	(void)snprintf(stat, sizeof stat, "+OK %s %s\r\n", argv[2], argv[3]);
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) != 0 ||
		listen(listener, BACKLOG) != 0)
		die("port %s: cannot listen", argv[1]);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			return 1;
		converse(fd, stat);
		(void)close(fd);
	}
}
