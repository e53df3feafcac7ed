/* SPDX-License-Identifier: MIT */
#include "net/peer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static void set_text(struct peer *p, const char *text, size_t address_len)
{
	int len = snprintf(p->text, sizeof p->text, "%s", text);

	invariant(len > 0 && (size_t)len < sizeof p->text);
	p->text_len = (uint8_t)len;
	p->address_len = (uint8_t)address_len;
}

void peer_stdio(struct peer *ret)
{
	set_text(ret, "stdio", 0);
	ret->is_loopback = true;
}

static bool is_in4_loopback(const uint8_t address[static 4])
{
	return address[0] == 127;
}

/* The four bytes of an IPv4 address, also of one that came through an IPv6 socket; else NULL. */
static const uint8_t *in4_of(const union peer_name *name)
{
	if (name->any.sa_family == AF_INET)
		return (const uint8_t *)&name->in.sin_addr;
	if (name->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&name->in6.sin6_addr))
		return name->in6.sin6_addr.s6_addr + 12;
	return NULL;
}

uint16_t peer_port(const union peer_name *name)
{
	if (name->any.sa_family == AF_INET)
		return ntohs(name->in.sin_port);
	if (name->any.sa_family == AF_INET6)
		return ntohs(name->in6.sin6_port);
	return 0;
}

void peer_of(const union peer_name *name, struct peer *ret)
{
	const uint8_t *in4 = in4_of(name);
	char address[INET6_ADDRSTRLEN] = "", text[PEER_TEXT_BYTES];

	if (in4 != NULL) {
		(void)inet_ntop(AF_INET, in4, address, sizeof address);
		ret->is_loopback = is_in4_loopback(in4);
	} else if (name->any.sa_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &name->in6.sin6_addr, address, sizeof address);
		ret->is_loopback = IN6_IS_ADDR_LOOPBACK(&name->in6.sin6_addr);
	} else {
		set_text(ret, "unix", 0);
		ret->is_loopback = true;
		return;
	}
	(void)snprintf(text, sizeof text, "[%s]:%u", address, (unsigned)peer_port(name));
	set_text(ret, text, strlen(address));
}

struct slice peer_address(const struct peer *p)
{
	return (struct slice){ p->text + 1, p->address_len };
}

bool peer_key_of(const union peer_name *name, struct peer_key *ret)
{
	const uint8_t *in4 = in4_of(name);

	*ret = (struct peer_key){ { 0 } };
	if (in4 != NULL) {
		/* 0::/16 is not given to anybody, so this is no IPv6 network. */
		memcpy(ret->bytes + 4, in4, 4);
		return true;
	}
	if (name->any.sa_family != AF_INET6)
		return false;
	memcpy(ret->bytes, name->in6.sin6_addr.s6_addr, sizeof ret->bytes);
	return true;
}

bool peer_key_parse(struct slice address, struct peer_key *ret)
{
	union peer_name name = { .in = { .sin_family = AF_INET } };
	char text[INET6_ADDRSTRLEN];

	if (!slice_text(address, text, sizeof text))
		return false;
	if (inet_pton(AF_INET, text, &name.in.sin_addr) == 1)
		return peer_key_of(&name, ret);
	name.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	return inet_pton(AF_INET6, text, &name.in6.sin6_addr) == 1 && peer_key_of(&name, ret);
}
