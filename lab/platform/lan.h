/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * lan - one network for the lab and the servers it measures, so that numbers are comparable.
 *
 *     lab process --- bridge mv0 10.77.0.1/24 --+-- veth --- a process's or container's eth0
 *      (sender and receiver)                    +-- tap  --- a virtual machine's virtio-net
 *
 * The bridge lives in a network namespace of the lab's own, which has no name and ends with the last
 * process in it: after a crash nothing is left on the machine. lan_open() moves the calling thread into
 * it: call it in the main thread, before other threads start; what they dial is then on this network
 * (and on nothing else).
 * Needs root. Without it the platforms use loopback and QEMU's user network, and say so.
 * Limits: LAN_SEAT_COUNT deployments at once; their addresses come round again.
 */
#include "base/error.h"
#include "lab/guest/link.h"

#include <sys/types.h>

enum { LAN_SEAT_COUNT = 250, LAN_TEXT_BYTES = 24, LAN_PREFIX_BITS = 24 };
#define LAN_NETWORK "10.77.0."
#define LAN_GATEWAY LAN_NETWORK "1"

/* A place on the network: an address with what belongs to it. */
struct lan_seat {
	char address[LAN_TEXT_BYTES];   /* "10.77.0.2" */
	char hardware[LAN_TEXT_BYTES];  /* "02:4d:56:00:00:02" */
	char interface[LAN_TEXT_BYTES]; /* "mv2", the bridge's end */
};

/* True when lan_open() would work for this user. */
bool lan_is_possible(void);
/* Makes the namespace and the bridge, the first time. */
MUST_CHECK bool lan_open(struct error *e);
/*
 * Moves the thread back to the machine's own network, where other programs' networks are (VirtualBox,
 * VMware); lan_step_in() returns. Both do nothing when lan_open() was never called.
 */
MUST_CHECK bool lan_step_out(struct error *e);
void lan_step_in(void);
/* The next one that nobody has. */
void lan_seat_next(struct lan_seat *ret);
/* The one with that address; false: it is not ours to give, or taken. */
MUST_CHECK bool lan_seat_at(struct slice address, struct lan_seat *ret);
/* A veth pair whose other end is "eth0" in the namespace of that process. */
MUST_CHECK bool lan_attach(const struct lan_seat *seat, pid_t pid, struct error *e);
/* For the process itself: brings up lo and eth0 with the seat's address. */
MUST_CHECK bool lan_sit(const struct lan_seat *seat, struct error *e);
/* A tap on the bridge; it lives as long as its descriptor. A seat has one, but for a machine that moves:
 * its second one has another name. */
MUST_CHECK bool lan_tap(const struct lan_seat *seat, int *ret_fd, struct error *e);
/* The same for a program that opens the tap by its name: it stays until lan_tap_end() or the namespace's
 * end. */
MUST_CHECK bool lan_tap_stay(const struct lan_seat *seat, struct error *e);
void lan_tap_end(const struct lan_seat *seat);
/* Gives the seat back and forgets its neighbour; the veth went with its namespace. */
void lan_leave(const struct lan_seat *seat);
