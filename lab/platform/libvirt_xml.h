/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * libvirt_xml - the description of a machine for libvirt: text, from a plan; no connection.
 *
 * Two disks (the one that boots, and the one for mail), a serial console on a pseudo-terminal, one
 * network card. What hypervisors have differently stands in one table, by libvirt's name of their driver
 * (virConnectGetType). https://libvirt.org/formatdomain.html
 * Threads: none. Limits: LIBVIRT_XML_BYTES.
 */
#include "base/buf.h"

enum { LIBVIRT_XML_BYTES = 16 << 10 };

struct libvirt_disk {
	const char *path, *format; /* "raw", "qcow2", "vmdk" */
};

struct libvirt_plan {
	const char *name;
	unsigned cpu_count;
	uint64_t memory_bytes;
	struct libvirt_disk boot, data;
	const char *network; /* NULL: ports of 127.0.0.1 lead to the guest (QEMU alone has that) */
	unsigned smtp_port, pop3_port, submission_port, imap_port;
	bool has_kvm; /* QEMU may use the processor's virtualisation */
};

/* Is libvirt's driver of that name one that we describe machines for? */
bool libvirt_xml_knows(const char *type);
/* Does it forward ports of 127.0.0.1 (QEMU's user network)? The others are reached at their own address. */
bool libvirt_xml_forwards(const char *type);
/* In which format it takes disks. */
const char *libvirt_xml_format(const char *type);
/* False: it does not fit. */
MUST_CHECK bool libvirt_xml_write(
	const char *type, const struct libvirt_plan *plan, struct buf *to);
