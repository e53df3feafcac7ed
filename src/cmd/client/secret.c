/* SPDX-License-Identifier: MIT */
#include "cmd/client/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* One line, byte by byte: what follows belongs to somebody else. */
static bool read_line(int fd, char ret[SECRET_BYTES])
{
	size_t len = 0;

	while (len < SECRET_BYTES) {
		ssize_t count = read(fd, ret + len, 1);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 || (count == 0 && len == 0))
			return false;
		if (count == 0 || ret[len] == '\n') {
			ret[len] = '\0';
			if (len > 0 && ret[len - 1] == '\r')
				ret[len - 1] = '\0';
			return true;
		}
		len++;
	}
	return false;
}

/* On the terminal itself, so that standard input and output may be anything. */
static bool ask(int terminal, const char *question, char ret[SECRET_BYTES])
{
	struct termios before, silent;

	if (tcgetattr(terminal, &before) < 0)
		return false;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	/* Before the question: what is typed ahead of it is thrown away, what answers it is not. */
	if (tcsetattr(terminal, TCSAFLUSH, &silent) < 0)
		return false;
	(void)!write(terminal, question, strlen(question));
	bool is_read = read_line(terminal, ret);
	(void)tcsetattr(terminal, TCSAFLUSH, &before);
	(void)!write(terminal, "\n", 1);
	return is_read;
}

bool secret_prompt(const char *for_whom, char ret[SECRET_BYTES])
{
	char question[400], again[SECRET_BYTES] = "";
	auto_fd terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (terminal < 0) {
		(void)fputs("mailvisor: there is no terminal to ask for the password: say "
			    "--password-stdin, "
			    "or --no-password\n",
			stderr);
		return false;
	}
	(void)snprintf(question, sizeof question, "Password for %s: ", for_whom);
	bool is_same = ask(terminal, question, ret) && ask(terminal, "The same again: ", again) &&
		       strcmp(ret, again) == 0;
	explicit_bzero(again, sizeof again);
	if (!is_same)
		(void)fputs("mailvisor: the two passwords differ; nothing was changed\n", stderr);
	return is_same;
}

bool secret_stdin(char ret[SECRET_BYTES])
{
	if (read_line(STDIN_FILENO, ret) && ret[0] != '\0')
		return true;
	(void)fputs("mailvisor: --password-stdin: no password of 1 to 512 bytes came\n", stderr);
	return false;
}
