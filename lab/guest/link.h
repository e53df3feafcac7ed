/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * link - the appliance's one network interface: find it, give it an address, ask DHCP for one.
 *
 * The first interface that is not loopback is ours; drivers may take a moment to show it.
 * Limits: LINK_WAIT_MS for the interface, DHCP_TRY_COUNT questions with growing waits.
 */
#include "lab/guest/args.h"
#include "lab/guest/dhcp.h"

#include <net/if.h>

struct link {
	char name[IF_NAMESIZE];
	unsigned char hardware[DHCP_HARDWARE_BYTES];
	struct in_addr address, netmask, gateway; /* gateway 0: none */
	struct in_addr server;                    /* who lent the address */
	uint32_t lease_s;                         /* 0: ours for ever */
};

/* Brings loopback up, waits for the interface and brings it up, without an address. */
MUST_CHECK bool link_open(struct link *ret, struct error *e);
/* Gives it the address of the arguments, or what DHCP says. */
MUST_CHECK bool link_configure(struct link *l, const struct guest_args *args, struct error *e);
/* Asks for the same address again; a failure leaves the link as it is. */
MUST_CHECK bool link_renew(struct link *l, const char *host, struct error *e);
