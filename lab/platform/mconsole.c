/* SPDX-License-Identifier: MIT */
#include "lab/platform/mconsole.h"

#include "base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	MAGIC = (int)0xcafebabe,
	VERSION = 2,
	PART_COUNT = 256, /* datagrams of one answer: 128 KiB of a file in /proc */
};

/* As the kernel has them: whole on the wire, in the machine's own byte order. */
struct question {
	uint32_t magic, version, length;
	char command[MCONSOLE_COMMAND_BYTES];
};
struct answer {
	uint32_t is_no, has_more, length; /* length counts a NUL at the end */
	char text[MCONSOLE_COMMAND_BYTES];
};

/* A socket with a name of its own, to which the guest's kernel can answer. */
static int socket_open(const char *path, struct error *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX }, own = { .sun_family = AF_UNIX };
	auto_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!slice_text(slice_of(path), to.sun_path, sizeof to.sun_path)) {
		(void)fail(e, FAULT_NEVER, "open '%s': the path is too long for a socket", path);
		return -1;
	}
	/* Only the family: the kernel chooses a name (unix(7), autobind). */
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own.sun_family) < 0 ||
		connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
		(void)fail(e, FAULT_GONE, "open the management console '%s': %m", path);
		return -1;
	}
	return fd_give(&fd);
}

static bool part_read(int fd, uint64_t until_ns, struct answer *ret, struct error *e)
{
	uint64_t now = clock_mono_ns(&clock_real);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int wait_ms = now >= until_ns ? 0 : (int)((until_ns - now) / NS_PER_MS) + 1;

	if (poll(&p, 1, wait_ms) <= 0)
		return fail(e, FAULT_LATER, "ask the management console: no answer in time");
	ssize_t got = recv(fd, ret, sizeof *ret, 0);
	ssize_t head = (ssize_t)offsetof(struct answer, text);

	if (got < head || ret->length > (size_t)(got - head))
		return fail(e, FAULT_NEVER, "ask the management console: not an answer");
	return true;
}

static void part_keep(const struct answer *part, struct buf *to)
{
	size_t room = to->max - to->len;
	size_t len = strnlen(part->text, part->length);

	(void)!buf_add(to, (struct slice){ part->text, len > room ? room : len });
}

bool mconsole_call(const char *path, const char *command, uint64_t until_ns, struct buf *answer,
	struct error *e)
{
	struct question q = { .magic = (uint32_t)MAGIC, .version = VERSION };
	auto_fd fd = socket_open(path, e);
	struct answer part = { .has_more = 1 };

	if (fd < 0)
		return false;
	if (!slice_text(slice_of(command), q.command, sizeof q.command))
		return fail(e, FAULT_NEVER, "ask the management console: too long a command");
	q.length = (uint32_t)strlen(command);
	if (send(fd, &q, sizeof q, MSG_NOSIGNAL) != (ssize_t)sizeof q)
		return fail(e, FAULT_GONE, "ask the management console '%s': %m", path);
	for (unsigned i = 0; i < PART_COUNT && part.has_more != 0; i++) {
		if (!part_read(fd, until_ns, &part, e))
			return false;
		if (part.is_no != 0)
			return fail(e, FAULT_NEVER, "ask '%.40s' of the management console: %.*s",
				command, (int)strnlen(part.text, part.length), part.text);
		part_keep(&part, answer);
	}
	return true;
}
