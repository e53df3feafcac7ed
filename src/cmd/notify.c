/* SPDX-License-Identifier: MIT */
#include "cmd/notify.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LISTEN_FDS_START = 3 /* sd_listen_fds(3) */ };

void notify_tell(const char *state)
{
	const char *path = secure_getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = path != NULL ? strlen(path) : 0;

	if (len == 0 || len >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (to.sun_path[0] == '@') /* an abstract socket */
		to.sun_path[0] = '\0';
	auto_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) /* when systemd does not listen, its own timeout will say so */
		(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

void notify_tell_reloading(uint64_t mono_ns)
{
	char state[64];

	(void)snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, mono_ns / 1000);
	notify_tell(state);
}

static bool listed_number(const char *name, uint64_t most, uint64_t *ret)
{
	const char *text = secure_getenv(name);

	return text != NULL && slice_number(slice_of(text), most, ret);
}

bool notify_sockets(struct notify_fd ret[NOTIFY_FDS_MAX], size_t *ret_count, struct error *e)
{
	const char *names = secure_getenv("LISTEN_FDNAMES");
	uint64_t pid, count;

	*ret_count = 0;
	if (!listed_number("LISTEN_PID", INT32_MAX, &pid) || pid != (uint64_t)getpid() ||
		!listed_number("LISTEN_FDS", INT32_MAX, &count))
		return true;
	if (count > NOTIFY_FDS_MAX)
		return fail(e, FAULT_NEVER, "take sockets from LISTEN_FDS: %u are more than %u",
			(unsigned)count, (unsigned)NOTIFY_FDS_MAX);
	struct slice left = slice_of(names);
	for (size_t i = 0; i < count; i++) {
		struct slice name = slice_first(left, slice_find(left, ':'));
		int fd = LISTEN_FDS_START + (int)i;

		left = slice_skip(left, name.len + 1);
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return fail(e, FAULT_NEVER, "take socket %d from LISTEN_FDS: %m", fd);
		ret[i] = (struct notify_fd){ .fd = fd, .name = name };
	}
	*ret_count = count;
	return true;
}
