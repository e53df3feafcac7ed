/* SPDX-License-Identifier: MIT */
/*
 * dial - conn_dial(): a connection to somebody else's port. Addresses of a name are tried in the order
 * of getaddrinfo (RFC 6724) until one answers or the time is up.
 */
#include "net/conn.h"
#include "net/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { HOST_BYTES = 256 }; /* RFC 1035 2.3.4: a name has at most 255 octets */

/* A connected, blocking socket, or -1 with errno. */
static int connect_until(int family, const struct sockaddr *to, socklen_t to_len, uint64_t until_ns)
{
	auto_fd fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof errno;
	int off = 0, cause = 0;

	if (fd < 0)
		return -1;
	if (connect(fd, to, to_len) != 0) {
		if (errno != EINPROGRESS && errno != EINTR)
			return -1;
		if (!wire_wait(fd, POLLOUT, until_ns)) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &len) != 0)
			return -1;
		if (cause != 0) {
			errno = cause;
			return -1;
		}
	}
	if (ioctl(fd, FIONBIO, &off) != 0)
		return -1;
	return fd_give(&fd);
}

static bool dial_unix(struct slice path, uint64_t until_ns, struct conn **ret, struct error *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd;

	if (!slice_text(path, to.sun_path, sizeof to.sun_path))
		return fail(e, FAULT_NEVER, "connect to 'unix:%.*s': the path is too long",
			path.len > 150 ? 150 : (int)path.len, path.at);
	fd = connect_until(AF_UNIX, (const struct sockaddr *)&to, sizeof to, until_ns);
	if (fd < 0)
		return fail(e, FAULT_LATER, "connect to 'unix:%s': %m", to.sun_path);
	return conn_open(fd, ret, e);
}

bool conn_dial(
	struct slice host, uint16_t port, uint64_t until_ns, struct conn **ret, struct error *e)
{
	struct addrinfo wish = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found;
	char name[HOST_BYTES], service[8];
	int rc, fd = -1;

	if (slice_starts(host, S("unix:")))
		return dial_unix(slice_skip(host, 5), until_ns, ret, e);
	if (!slice_text(host, name, sizeof name) || name[0] == '\0')
		return fail(e, FAULT_NEVER, "connect to '%.*s': not a host name",
			host.len > 100 ? 100 : (int)host.len, host.at);
	(void)snprintf(service, sizeof service, "%u", (unsigned)port);
	rc = getaddrinfo(name, service, &wish, &found);
	if (rc != 0)
		return fail(e, rc == EAI_NONAME ? FAULT_NEVER : FAULT_LATER,
			"find the address of '%.100s': %s", name, gai_strerror(rc));
	for (const struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next)
		fd = connect_until(a->ai_family, a->ai_addr, a->ai_addrlen, until_ns);
	rc = errno;
	freeaddrinfo(found);
	errno = rc;
	if (fd < 0)
		return fail(e, FAULT_LATER, "connect to '%.100s' port %s: %m", name, service);
	return conn_open(fd, ret, e);
}
