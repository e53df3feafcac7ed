/* SPDX-License-Identifier: MIT */
#include "lab/guest/link.h"

#include <arpa/inet.h>
#include <net/route.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	/* an interface that is not there by then has no driver in the image */
	LINK_WAIT_MS = 10000,
	LINK_LOOK_MS = 5,
	DHCP_TRY_COUNT = 5,
	/* doubles; RFC 2131 4.1 says 4 s, on a virtual network 0.5 s is long */
	DHCP_FIRST_WAIT_MS = 500,
};

static bool name_set(struct ifreq *r, const char *name)
{
	memset(r, 0, sizeof *r);
	return slice_text(slice_of(name), r->ifr_name, sizeof r->ifr_name);
}

static bool interface_up(int fd, const char *name, struct error *e)
{
	struct ifreq r;

	if (!name_set(&r, name) || ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		return fail(e, FAULT_NEVER, "read the flags of interface '%s': %m", name);
	r.ifr_flags = (short)(r.ifr_flags | IFF_UP | IFF_RUNNING);
	if (ioctl(fd, SIOCSIFFLAGS, &r) < 0)
		return fail(e, FAULT_NEVER, "bring interface '%s' up: %m", name);
	return true;
}

static bool interface_find(char ret_name[IF_NAMESIZE])
{
	struct if_nameindex *all = if_nameindex();
	bool is_found = false;

	for (size_t i = 0; all != NULL && all[i].if_index != 0 && !is_found; i++)
		is_found = strcmp(all[i].if_name, "lo") != 0 &&
			   slice_text(slice_of(all[i].if_name), ret_name, IF_NAMESIZE);
	if (all != NULL)
		if_freenameindex(all);
	return is_found;
}

static bool interface_wait(char ret_name[IF_NAMESIZE], struct error *e)
{
	for (unsigned waited_ms = 0; waited_ms < LINK_WAIT_MS; waited_ms += LINK_LOOK_MS) {
		if (interface_find(ret_name))
			return true;
		(void)poll(NULL, 0, LINK_LOOK_MS);
	}
	return fail(e, FAULT_NEVER, "find a network interface: none in %d s", LINK_WAIT_MS / 1000);
}

bool link_open(struct link *ret, struct error *e)
{
	auto_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct link l = { 0 };
	struct ifreq r;

	if (fd < 0)
		return fail(e, FAULT_NEVER, "open a socket: %m");
	if (!interface_up(fd, "lo", e) || !interface_wait(l.name, e) ||
		!interface_up(fd, l.name, e))
		return false;
	if (!name_set(&r, l.name) || ioctl(fd, SIOCGIFHWADDR, &r) < 0)
		return fail(e, FAULT_NEVER, "read the address of interface '%s': %m", l.name);
	memcpy(l.hardware, r.ifr_hwaddr.sa_data, sizeof l.hardware);
	*ret = l;
	return true;
}

static struct sockaddr_in inet_of(struct in_addr address, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address
	};
}

static void sockaddr_put(struct sockaddr *at, struct in_addr address)
{
	struct sockaddr_in inet = inet_of(address, 0);

	memcpy(at, &inet, sizeof inet);
}

static bool route_add(int fd, const struct link *l, struct error *e)
{
	struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY };

	sockaddr_put(&route.rt_dst, (struct in_addr){ INADDR_ANY });
	sockaddr_put(&route.rt_genmask, (struct in_addr){ INADDR_ANY });
	sockaddr_put(&route.rt_gateway, l->gateway);
	if (ioctl(fd, SIOCADDRT, &route) < 0)
		return fail(e, FAULT_NEVER, "add the default route on '%s': %m", l->name);
	return true;
}

static bool address_set(const struct link *l, struct error *e)
{
	auto_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r;

	if (fd < 0 || !name_set(&r, l->name))
		return fail(e, FAULT_NEVER, "open a socket for '%s': %m", l->name);
	sockaddr_put(&r.ifr_addr, l->address);
	if (ioctl(fd, SIOCSIFADDR, &r) < 0)
		return fail(e, FAULT_NEVER, "set the address of '%s': %m", l->name);
	sockaddr_put(&r.ifr_netmask, l->netmask);
	if (ioctl(fd, SIOCSIFNETMASK, &r) < 0)
		return fail(e, FAULT_NEVER, "set the netmask of '%s': %m", l->name);
	return l->gateway.s_addr == 0 || route_add(fd, l, e);
}

static int dhcp_socket(const char *name)
{
	struct sockaddr_in here = inet_of((struct in_addr){ INADDR_ANY }, DHCP_CLIENT_PORT);
	auto_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) < 0 ||
		bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
		return -1;
	return fd_give(&fd);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Waits for the answer to q; strangers' packets do not make the wait longer. */
static bool dhcp_wait(int fd, const struct dhcp_question *q, int wait_ms, struct dhcp_answer *ret)
{
	uint64_t until_ms = now_ms() + (uint64_t)wait_ms;
	char packet[1500]; /* an Ethernet frame's worth */

	for (uint64_t now = now_ms(); now < until_ms; now = now_ms()) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, (int)(until_ms - now)) <= 0)
			continue;
		ssize_t got = recv(fd, packet, sizeof packet, 0);

		/* On a slow machine the second offer comes after the request: it answers nothing. */
		if (got > 0 && dhcp_read((struct slice){ packet, (size_t)got }, q, ret) &&
			(ret->kind == DHCP_OFFER) == (q->kind == DHCP_DISCOVER))
			return true;
	}
	return false;
}

static bool dhcp_ask(int fd, const struct dhcp_question *q, struct dhcp_answer *ret)
{
	struct sockaddr_in all = inet_of((struct in_addr){ INADDR_BROADCAST }, DHCP_SERVER_PORT);
	unsigned char room[DHCP_PACKET_BYTES];
	size_t length = dhcp_write(q, room);
	int wait_ms = DHCP_FIRST_WAIT_MS;

	for (unsigned i = 0; i < DHCP_TRY_COUNT; i++, wait_ms *= 2) {
		ssize_t sent = sendto(fd, room, length, 0, (struct sockaddr *)&all, sizeof all);

		if (sent == (ssize_t)length && dhcp_wait(fd, q, wait_ms, ret))
			return true;
	}
	return false;
}

static void lease_keep(struct link *l, const struct dhcp_answer *a)
{
	l->address = a->address;
	l->netmask = a->netmask;
	l->gateway = a->gateway;
	l->server = a->server;
	l->lease_s = a->lease_s;
}

static bool dhcp_request(int fd, struct link *l, struct dhcp_question *q, struct error *e)
{
	struct dhcp_answer a;

	q->kind = DHCP_REQUEST;
	if (!dhcp_ask(fd, q, &a))
		return fail(e, FAULT_LATER, "ask DHCP on '%s': the server that offered is silent",
			l->name);
	if (a.kind != DHCP_ACK)
		return fail(e, FAULT_LATER, "ask DHCP on '%s': the server took its offer back",
			l->name);
	lease_keep(l, &a);
	return true;
}

/* RFC 2131 4.1: chosen at random, so that two clients that boot together are told apart. */
static uint32_t transaction_new(void)
{
	uint32_t transaction = (uint32_t)now_ms();

	if (getrandom(&transaction, sizeof transaction, GRND_INSECURE) < 0)
		transaction ^= (uint32_t)getpid();
	return transaction;
}

static bool dhcp_discover(struct link *l, const char *host, struct error *e)
{
	struct dhcp_question q = { .kind = DHCP_DISCOVER, .host = host };
	auto_fd fd = dhcp_socket(l->name);
	struct dhcp_answer offer;

	if (fd < 0)
		return fail(e, FAULT_NEVER, "open the DHCP socket on '%s': %m", l->name);
	q.transaction = transaction_new();
	memcpy(q.hardware, l->hardware, sizeof q.hardware);
	if (!dhcp_ask(fd, &q, &offer) || offer.kind != DHCP_OFFER)
		return fail(e, FAULT_LATER, "ask DHCP on '%s': nobody offered an address", l->name);
	q.wanted = offer.address;
	q.server = offer.server;
	return dhcp_request(fd, l, &q, e);
}

bool link_renew(struct link *l, const char *host, struct error *e)
{
	struct dhcp_question q = { .wanted = l->address, .server = l->server, .host = host };
	auto_fd fd = dhcp_socket(l->name);

	if (fd < 0)
		return fail(e, FAULT_NEVER, "open the DHCP socket on '%s': %m", l->name);
	q.transaction = transaction_new();
	memcpy(q.hardware, l->hardware, sizeof q.hardware);
	return dhcp_request(fd, l, &q, e);
}

bool link_configure(struct link *l, const struct guest_args *args, struct error *e)
{
	if (args->has_address) {
		l->address = args->address;
		l->netmask = guest_netmask(args->prefix_bits);
		l->gateway = args->gateway;
	} else if (!dhcp_discover(l, args->host, e)) {
		return false;
	}
	return address_set(l, e);
}
