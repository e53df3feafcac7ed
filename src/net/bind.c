/* SPDX-License-Identifier: MIT */
/*
 * bind - listen_bind(): from an address as an operator writes it to a socket that listens. Made before
 * root is dropped, so every failure says which address and what to do.
 */
#include "net/listen.h"
#include "net/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	BACKLOG = 4096, /* the kernel cuts it to net.core.somaxconn */
	SOCKET_MODE = 0660,
	PRIVILEGED_PORTS = 1024,
	FD_MAX = 1 << 20,
};

/* "192.0.2.1:25" or "[2001:db8::1]:25". */
static bool parse_ip(struct slice address, union peer_name *name, socklen_t *len)
{
	size_t colon = slice_find_last(address, ':');
	struct slice host = slice_first(address, colon);
	char text[INET6_ADDRSTRLEN];
	uint64_t port;
	bool is_in6 = host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';

	if (colon == address.len ||
		!slice_number(slice_skip(address, colon + 1), UINT16_MAX, &port))
		return false;
	if (is_in6)
		host = slice_first(slice_skip(host, 1), host.len - 2);
	if (!slice_text(host, text, sizeof text))
		return false;
	*name = (union peer_name){ .room = { .ss_family = AF_UNSPEC } };
	if (is_in6) {
		name->in6.sin6_family = AF_INET6;
		name->in6.sin6_port = htons((uint16_t)port);
		*len = sizeof name->in6;
		return inet_pton(AF_INET6, text, &name->in6.sin6_addr) == 1;
	}
	name->in.sin_family = AF_INET;
	name->in.sin_port = htons((uint16_t)port);
	*len = sizeof name->in;
	return inet_pton(AF_INET, text, &name->in.sin_addr) == 1;
}

static bool cannot(const char *address, struct error *e)
{
	return fail(e, FAULT_NEVER, "listen on '%s': %m", address);
}

static bool bind_ip(
	const union peer_name *name, socklen_t len, struct listener *ret, struct error *e)
{
	union peer_name bound;
	socklen_t bound_len = sizeof bound;
	int on = 1;
	auto_fd fd = socket(name->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return cannot(ret->address, e);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	/* So that "[::]:25" and "0.0.0.0:25" can stand side by side. */
	if (name->any.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, &name->any, len) != 0) {
		if (errno == EACCES && peer_port(name) < PRIVILEGED_PORTS)
			return fail(e, FAULT_NEVER,
				"listen on '%s': %m (ports below %d need root or "
				"CAP_NET_BIND_SERVICE)",
				ret->address, PRIVILEGED_PORTS);
		if (errno == EADDRINUSE)
			return fail(e, FAULT_NEVER, "listen on '%s': %m (by another server?)",
				ret->address);
		return cannot(ret->address, e);
	}
	if (listen(fd, BACKLOG) != 0 || getsockname(fd, &bound.any, &bound_len) != 0)
		return cannot(ret->address, e);
	ret->port = peer_port(&bound);
	ret->fd = fd_give(&fd);
	return true;
}

/* Removes a socket file that nobody listens on any more. False when it must stay. */
static bool remove_stale(const struct sockaddr_un *name, const char *address, struct error *e)
{
	struct stat about;
	auto_fd fd = -1;

	if (lstat(name->sun_path, &about) != 0)
		return errno == ENOENT || cannot(address, e);
	if (!S_ISSOCK(about.st_mode))
		return fail(e, FAULT_NEVER,
			"listen on '%s': a file that is no socket is in the way", address);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return cannot(address, e);
	/* EAGAIN is a server whose queue is full: alive too. */
	if (connect(fd, (const struct sockaddr *)name, sizeof *name) == 0 || errno == EAGAIN)
		return fail(
			e, FAULT_NEVER, "listen on '%s': another server answers there", address);
	if (errno != ECONNREFUSED)
		return cannot(address, e);
	return unlink(name->sun_path) == 0 || errno == ENOENT || cannot(address, e);
}

static bool bind_unix(struct slice path, struct listener *ret, struct error *e)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	const struct sockaddr *any = (const struct sockaddr *)&name;
	auto_fd fd = -1;

	if (path.len == 0 || !slice_text(path, name.sun_path, sizeof name.sun_path))
		return fail(e, FAULT_NEVER, "listen on '%s': the path must have 1 to %zu bytes",
			ret->address, sizeof name.sun_path - 1);
	if (!remove_stale(&name, ret->address, e))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The mode is set before listen(): until then nobody can connect. */
	if (fd < 0 || bind(fd, any, sizeof name) != 0 || chmod(name.sun_path, SOCKET_MODE) != 0 ||
		listen(fd, BACKLOG) != 0)
		return cannot(ret->address, e);
	ret->fd = fd_give(&fd);
	return true;
}

/* "fd:3": made, bound and perhaps already listening, by whoever started us. */
static bool bind_given(struct slice number, struct listener *ret, struct error *e)
{
	union peer_name name;
	socklen_t len = sizeof name;
	uint64_t value;
	int fd, flags;

	if (!slice_number(number, FD_MAX, &value))
		return fail(e, FAULT_NEVER, "listen on '%s': write fd: and a number", ret->address);
	fd = (int)value;
	if (getsockname(fd, &name.any, &len) != 0)
		return cannot(ret->address, e);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || listen(fd, BACKLOG) != 0)
		return cannot(ret->address, e);
	ret->port = peer_port(&name);
	ret->fd = fd;
	return true;
}

bool listen_bind(struct slice address, struct listener *ret, struct error *e)
{
	union peer_name name;
	socklen_t len;

	ret->fd = -1;
	ret->port = 0;
	if (!slice_text(address, ret->address, sizeof ret->address))
		return fail(e, FAULT_NEVER,
			"listen on '%.*s': the address must have fewer than %zu bytes",
			address.len > 100 ? 100 : (int)address.len, address.at,
			sizeof ret->address);
	if (slice_starts(address, S("unix:")))
		return bind_unix(slice_skip(address, 5), ret, e);
	if (slice_starts(address, S("fd:")))
		return bind_given(slice_skip(address, 3), ret, e);
	if (!parse_ip(address, &name, &len))
		return fail(e, FAULT_NEVER,
			"listen on '%s': not an address (write 0.0.0.0:25, [::]:25, unix:/path or "
			"fd:3)",
			ret->address);
	return bind_ip(&name, len, ret, e);
}
