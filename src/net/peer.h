/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * peer - who is at the other end of a socket: as text for people, as a key for counting.
 *
 * IPv4 addresses inside IPv6 ("::ffff:192.0.2.1") count and print as IPv4. Private to net.
 */
#include "base/slice.h"

#include <netinet/in.h>
#include <sys/socket.h>

union peer_name {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage room;
};

enum { PEER_TEXT_BYTES = INET6_ADDRSTRLEN + 8 }; /* "[" address "]:65535" and a NUL */

struct peer {
	char text[PEER_TEXT_BYTES]; /* "[192.0.2.1]:4711", "unix" or "stdio" */
	uint8_t text_len,
		address_len; /* the address stands after the bracket; 0 when there is none */
	bool is_loopback;
};

/* The /64 of an IPv6 address, all of an IPv4 address. */
struct peer_key {
	uint8_t bytes[8];
};

void peer_stdio(struct peer *ret);
void peer_of(const union peer_name *name, struct peer *ret);
uint16_t peer_port(const union peer_name *name);
struct slice peer_address(const struct peer *p);
/* False when the name or text is no IP address. */
MUST_CHECK bool peer_key_of(const union peer_name *name, struct peer_key *ret);
MUST_CHECK bool peer_key_parse(struct slice address, struct peer_key *ret);
