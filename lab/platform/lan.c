/* SPDX-License-Identifier: MIT */
#include "lab/platform/lan.h"

#include "lab/files/run.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define OWN_NETWORK "/proc/thread-self/ns/net"

static bool is_open;
/* The two networks, once there are two. */
static int outside_fd = -1, inside_fd = -1;
static unsigned seat_last;
static bool seat_is_taken[LAN_SEAT_COUNT];

bool lan_is_possible(void)
{
	return geteuid() == 0 && run_is_there("ip");
}

/* Commands of ip(8), a line each; the first that fails ends it. */
static bool ip(const char *lines, struct error *e)
{
	static const char *const words[] = { "ip", "-batch", "-", NULL };
	auto_buf output = { .max = RUN_OUTPUT_BYTES };

	return run(words, slice_of(lines), &output, e);
}

bool lan_open(struct error *e)
{
	if (is_open)
		return true;
	outside_fd = open(OWN_NETWORK, O_RDONLY | O_CLOEXEC);
	if (unshare(CLONE_NEWNET) < 0)
		return fail(e, FAULT_NEVER, "make a network namespace: %m");
	inside_fd = open(OWN_NETWORK, O_RDONLY | O_CLOEXEC);
	if (!ip("link set lo up\n"
		"link add mv0 address 02:4d:56:00:00:01 type bridge stp_state 0 forward_delay 0\n"
		"address add " LAN_GATEWAY "/24 dev mv0\n"
		"link set mv0 up\n",
		    e))
		return fail_in(e, "make the lab's network");
	is_open = true;
	return true;
}

bool lan_step_out(struct error *e)
{
	return !is_open || setns(outside_fd, CLONE_NEWNET) == 0 ||
	       fail(e, FAULT_NEVER, "leave the lab's network: %m");
}

void lan_step_in(void)
{
	if (is_open)
		invariant(setns(inside_fd, CLONE_NEWNET) == 0);
}

enum { SEAT_FIRST = 2 }; /* the gateway is 1 */

static void seat_take(unsigned at, struct lan_seat *ret)
{
	unsigned number = SEAT_FIRST + at;

	seat_is_taken[at] = true;
	(void)snprintf(ret->address, sizeof ret->address, LAN_NETWORK "%u", number);
	(void)snprintf(ret->hardware, sizeof ret->hardware, "02:4d:56:00:00:%02x", number);
	(void)snprintf(ret->interface, sizeof ret->interface, "mv%u", number);
}

/* Where the seat with this address is; LAN_SEAT_COUNT: there is none. */
static unsigned seat_find(struct slice address)
{
	uint64_t number = 0;

	if (!slice_starts(address, S(LAN_NETWORK)) ||
		!slice_number(slice_skip(address, S(LAN_NETWORK).len),
			SEAT_FIRST + LAN_SEAT_COUNT - 1, &number) ||
		number < SEAT_FIRST)
		return LAN_SEAT_COUNT;
	return (unsigned)number - SEAT_FIRST;
}

/* Not one that was just given back: it has neighbours that remember it. */
void lan_seat_next(struct lan_seat *ret)
{
	unsigned at = seat_last % LAN_SEAT_COUNT;

	for (unsigned i = 0; i < LAN_SEAT_COUNT && seat_is_taken[at]; i++)
		at = (at + 1) % LAN_SEAT_COUNT;
	seat_last = at + 1;
	seat_take(at, ret);
}

bool lan_seat_at(struct slice address, struct lan_seat *ret)
{
	unsigned at = seat_find(address);

	if (at == LAN_SEAT_COUNT || seat_is_taken[at])
		return false;
	seat_take(at, ret);
	return true;
}

bool lan_attach(const struct lan_seat *seat, pid_t pid, struct error *e)
{
	char lines[512];

	(void)snprintf(lines, sizeof lines,
		"link add %s type veth peer name eth0 address %s netns %d\n"
		"link set %s master mv0 up\n"
		"neighbour replace %s lladdr %s dev mv0 nud permanent\n",
		seat->interface, seat->hardware, (int)pid, seat->interface, seat->address,
		seat->hardware);
	return ip(lines, e) || fail_in(e, "join '%s' to the lab's network", seat->address);
}

bool lan_sit(const struct lan_seat *seat, struct error *e)
{
	struct guest_args args;
	struct link link;
	char line[128];

	(void)snprintf(line, sizeof line, "mailvisor.ip=%s/%d mailvisor.gw=" LAN_GATEWAY,
		seat->address, LAN_PREFIX_BITS);
	return guest_args_read(slice_of(line), &args, e) && link_open(&link, e) &&
	       link_configure(&link, &args, e);
}

bool lan_tap(const struct lan_seat *seat, int *ret_fd, struct error *e)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	auto_fd fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	char lines[256];

	(void)snprintf(r.ifr_name, sizeof r.ifr_name, "%.15s", seat->interface);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0)
		return fail(e, FAULT_NEVER, "open a tap at '/dev/net/tun': %m");
	(void)snprintf(lines, sizeof lines,
		"link set %s master mv0 up\n"
		"neighbour replace %s lladdr %s dev mv0 nud permanent\n",
		seat->interface, seat->address, seat->hardware);
	if (!ip(lines, e))
		return fail_in(e, "join '%s' to the lab's network", seat->address);
	*ret_fd = fd_give(&fd);
	return true;
}

bool lan_tap_stay(const struct lan_seat *seat, struct error *e)
{
	auto_fd fd = -1;

	if (!lan_tap(seat, &fd, e))
		return false;
	return ioctl(fd, TUNSETPERSIST, 1) == 0 ||
	       fail(e, FAULT_NEVER, "keep the tap '%s': %m", seat->interface);
}

void lan_tap_end(const struct lan_seat *seat)
{
	struct error ignored = { 0 };
	char lines[64];

	(void)snprintf(lines, sizeof lines, "link del %s\n", seat->interface);
	(void)!ip(lines, &ignored);
}

void lan_leave(const struct lan_seat *seat)
{
	unsigned at = seat_find(slice_of(seat->address));
	struct error ignored = { 0 };
	char lines[128];

	if (at < LAN_SEAT_COUNT)
		seat_is_taken[at] = false;
	(void)snprintf(lines, sizeof lines, "neighbour del %s dev mv0\n", seat->address);
	(void)!ip(lines, &ignored);
}
