/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dhcp - the packets of a DHCP client (RFC 2131, options RFC 2132); bytes only, no sockets.
 *
 * A client asks (DISCOVER, then REQUEST with what was offered) and reads what comes back. A packet
 * that is not an answer to our own question (other transaction, other hardware, cut short) is "no".
 * Limits: DHCP_PACKET_BYTES; of several routers the first is taken.
 */
#include "base/slice.h"

#include <netinet/in.h>

enum {
	DHCP_PACKET_BYTES = 576, /* RFC 2131 2: every client must take a message of 576 octets */
	DHCP_HARDWARE_BYTES = 6,
	DHCP_SERVER_PORT = 67,
	DHCP_CLIENT_PORT = 68,
};

enum dhcp_kind {
	DHCP_NOTHING,
	DHCP_DISCOVER,
	DHCP_OFFER = 2,
	DHCP_REQUEST = 3,
	DHCP_ACK = 5,
	DHCP_NAK = 6
};

struct dhcp_question {
	enum dhcp_kind kind; /* DHCP_DISCOVER or DHCP_REQUEST */
	uint32_t transaction;
	unsigned char hardware[DHCP_HARDWARE_BYTES];
	struct in_addr wanted, server; /* of a REQUEST: what was offered, by whom */
	const char *host;              /* option 12; NULL: none */
};

struct dhcp_answer {
	enum dhcp_kind kind; /* DHCP_OFFER, DHCP_ACK or DHCP_NAK */
	struct in_addr address, netmask, gateway, server;
	uint32_t lease_s; /* 0: not said */
};

/* Bytes written. */
size_t dhcp_write(const struct dhcp_question *q, unsigned char room[DHCP_PACKET_BYTES]);
/* Is it the answer to q? */
MUST_CHECK bool dhcp_read(
	struct slice packet, const struct dhcp_question *q, struct dhcp_answer *ret);
