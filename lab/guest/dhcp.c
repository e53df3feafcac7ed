/* SPDX-License-Identifier: MIT */
#include "lab/guest/dhcp.h"

#include <arpa/inet.h>
#include <string.h>

/* RFC 2131 2, figure 1: where the fixed fields stand. */
enum {
	AT_OP = 0,
	AT_HARDWARE_TYPE = 1,
	AT_HARDWARE_LENGTH = 2,
	AT_TRANSACTION = 4,
	AT_FLAGS = 10,
	AT_YOUR_ADDRESS = 16,
	AT_HARDWARE = 28,
	AT_COOKIE = 236,
	AT_OPTIONS = 240,
	OP_REQUEST = 1,
	OP_REPLY = 2,
	ETHERNET = 1,
	FLAG_BROADCAST = 0x80, /* we have no address yet and cannot take a unicast answer */
	ADDRESS_BYTES = 4,
};

/* RFC 2132. */
enum {
	OPTION_PAD = 0,
	OPTION_NETMASK = 1,
	OPTION_ROUTER = 3,
	OPTION_HOST_NAME = 12,
	OPTION_WANTED = 50,
	OPTION_LEASE = 51,
	OPTION_KIND = 53,
	OPTION_SERVER = 54,
	OPTION_LIST = 55,
	OPTION_END = 255,
	HOST_NAME_BYTES = 63, /* one label's worth; option 12 is a courtesy to the server's log */
};

static const unsigned char cookie[] = { 99, 130, 83, 99 };

static size_t option_add(unsigned char *at, unsigned char name, const void *value, size_t length)
{
	at[0] = name;
	at[1] = (unsigned char)length;
	memcpy(at + 2, value, length);
	return length + 2;
}

size_t dhcp_write(const struct dhcp_question *q, unsigned char room[DHCP_PACKET_BYTES])
{
	static const unsigned char list[] = { OPTION_NETMASK, OPTION_ROUTER, OPTION_LEASE };
	unsigned char kind = (unsigned char)q->kind;
	size_t at = AT_OPTIONS;

	memset(room, 0, DHCP_PACKET_BYTES);
	room[AT_OP] = OP_REQUEST;
	room[AT_HARDWARE_TYPE] = ETHERNET;
	room[AT_HARDWARE_LENGTH] = DHCP_HARDWARE_BYTES;
	memcpy(room + AT_TRANSACTION, &q->transaction, sizeof q->transaction);
	room[AT_FLAGS] = FLAG_BROADCAST;
	memcpy(room + AT_HARDWARE, q->hardware, DHCP_HARDWARE_BYTES);
	memcpy(room + AT_COOKIE, cookie, sizeof cookie);
	at += option_add(room + at, OPTION_KIND, &kind, 1);
	if (q->kind == DHCP_REQUEST) {
		at += option_add(room + at, OPTION_WANTED, &q->wanted, ADDRESS_BYTES);
		at += option_add(room + at, OPTION_SERVER, &q->server, ADDRESS_BYTES);
	}
	if (q->host != NULL)
		at += option_add(
			room + at, OPTION_HOST_NAME, q->host, strnlen(q->host, HOST_NAME_BYTES));
	at += option_add(room + at, OPTION_LIST, list, sizeof list);
	room[at++] = OPTION_END;
	/* Old relays drop what is shorter than a BOOTP packet (RFC 951: 300 octets). */
	return at < 300 ? 300 : at;
}

static void option_take(struct dhcp_answer *answer, unsigned name, struct slice value)
{
	if (name == OPTION_KIND && value.len == 1) {
		answer->kind = (enum dhcp_kind)(unsigned char)value.at[0];
		return;
	}
	if (value.len < ADDRESS_BYTES)
		return;
	if (name == OPTION_NETMASK)
		memcpy(&answer->netmask, value.at, ADDRESS_BYTES);
	if (name == OPTION_ROUTER)
		memcpy(&answer->gateway, value.at, ADDRESS_BYTES);
	if (name == OPTION_SERVER)
		memcpy(&answer->server, value.at, ADDRESS_BYTES);
	if (name == OPTION_LEASE) {
		memcpy(&answer->lease_s, value.at, sizeof answer->lease_s);
		answer->lease_s = ntohl(answer->lease_s);
	}
}

/* False when an option runs over the end. */
static bool options_read(struct slice options, struct dhcp_answer *answer)
{
	size_t at = 0;

	while (at < options.len) {
		unsigned name = (unsigned char)options.at[at++];

		if (name == OPTION_END)
			return true;
		if (name == OPTION_PAD)
			continue;
		if (at == options.len)
			return false;
		size_t length = (unsigned char)options.at[at++];

		if (length > options.len - at)
			return false;
		option_take(answer, name, (struct slice){ options.at + at, length });
		at += length;
	}
	return true;
}

bool dhcp_read(struct slice packet, const struct dhcp_question *q, struct dhcp_answer *ret)
{
	struct dhcp_answer answer = { .kind = DHCP_NOTHING };

	if (packet.len < AT_OPTIONS || packet.at[AT_OP] != OP_REPLY ||
		memcmp(packet.at + AT_TRANSACTION, &q->transaction, sizeof q->transaction) != 0 ||
		memcmp(packet.at + AT_HARDWARE, q->hardware, DHCP_HARDWARE_BYTES) != 0 ||
		memcmp(packet.at + AT_COOKIE, cookie, sizeof cookie) != 0)
		return false;
	memcpy(&answer.address, packet.at + AT_YOUR_ADDRESS, ADDRESS_BYTES);
	if (!options_read(slice_skip(packet, AT_OPTIONS), &answer))
		return false;
	if (answer.kind == DHCP_NAK) {
		*ret = answer;
		return true;
	}
	if ((answer.kind != DHCP_OFFER && answer.kind != DHCP_ACK) || answer.address.s_addr == 0 ||
		answer.server.s_addr == 0)
		return false;
	if (answer.netmask.s_addr == 0)
		answer.netmask.s_addr = htonl(UINT32_C(0xffffff00));
	*ret = answer;
	return true;
}
