/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * args - what the kernel's command line tells the appliance.
 *
 *     mailvisor.ip=10.0.2.15/24   address and prefix; "dhcp" or nothing asks the network
 *     mailvisor.gw=10.0.2.2       the default route; nothing: none
 *     mailvisor.host=mx.a.example the machine's name
 *     mailvisor.disk=/dev/vda     the data disk; "auto": the first whole disk with ext4, xfs, btrfs
 *     mailvisor.log=/dev/ttyS0    where the server's log goes, unless there is a port for it (port.h)
 *     mailvisor.modules=no        this kernel is not the one that the image's modules are for
 *     mailvisor.set=KEY=VALUE     a setting for the server, up to GUEST_SET_COUNT of them
 * Words that do not start with "mailvisor." belong to the kernel. An unknown or malformed one of
 * ours is a failure that names it: a typing error must not start a server somewhere else.
 */
#include "base/error.h"
#include "base/slice.h"

#include <netinet/in.h>

enum {
	GUEST_NAME_BYTES = 65, /* what sethostname takes (64), and a NUL */
	GUEST_PATH_BYTES = 64, /* "/dev/nvme0n1" and the like */
	GUEST_SET_BYTES = 128, /* one KEY=VALUE; the kernel's whole line has 2048 */
	GUEST_SET_COUNT = 16,  /* more settings belong into a file on the data disk */
};

struct guest_args {
	bool has_address; /* else: DHCP */
	struct in_addr address, gateway;
	unsigned prefix_bits;
	char host[GUEST_NAME_BYTES];
	char disk[GUEST_PATH_BYTES]; /* "": to be found */
	char log[GUEST_PATH_BYTES];  /* "": the console */
	bool has_modules;
	char sets[GUEST_SET_COUNT][GUEST_SET_BYTES];
	unsigned set_count;
};

MUST_CHECK bool guest_args_read(struct slice line, struct guest_args *ret, struct error *e);
/* 24 -> 255.255.255.0 */
struct in_addr guest_netmask(unsigned prefix_bits);
