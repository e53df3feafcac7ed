/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

_Noreturn void die(const char *format, ...)
{
	va_list words;

	va_start(words, format);
	(void)fprintf(stderr, "load: ");
	(void)vfprintf(stderr, format, words);
	(void)fputc('\n', stderr);
	va_end(words);
	exit(1);
}

bool client_dial(struct client *c, unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1;

	c->at = c->len = 0;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die("socket: %s", strerror(errno));
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(c->fd, (const struct sockaddr *)&to, sizeof to) == 0)
		return true;
	fd_close(&c->fd);
	return false;
}

bool client_fill(struct client *c)
{
	ssize_t got = recv(c->fd, c->in, sizeof c->in, 0);

	c->at = 0;
	c->len = got > 0 ? (size_t)got : 0;
	return got > 0;
}

bool client_line(struct client *c, char line[LINE_BYTES])
{
	size_t len = 0;

	for (;;) {
		if (c->at == c->len && !client_fill(c))
			return false;
		char byte = c->in[c->at++];

		if (byte == '\n') {
			line[len > 0 && line[len - 1] == '\r' ? len - 1 : len] = '\0';
			return true;
		}
		if (len < LINE_BYTES - 1)
			line[len++] = byte;
	}
}

void client_send(struct client *c, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t put = send(c->fd, bytes, len, MSG_NOSIGNAL);

		if (put <= 0)
			die("send: %s", strerror(errno));
		bytes += put;
		len -= (size_t)put;
	}
}

void client_say(struct client *c, const char *format, ...)
{
	char line[512];
	va_list words;
	int len;

	va_start(words, format);
	len = vsnprintf(line, sizeof line, format, words);
	va_end(words);
	client_send(c, line, (size_t)len);
}

void client_smtp(struct client *c, char digit)
{
	char line[LINE_BYTES];

	do {
		if (!client_line(c, line))
			die("the server hung up");
	} while (line[0] == digit && line[3] == '-');
	if (line[0] != digit)
		die("unexpected reply: %s", line);
}

void client_pop3(struct client *c, char line[LINE_BYTES])
{
	if (!client_line(c, line) || line[0] != '+')
		die("unexpected POP3 reply: %s", line);
}
