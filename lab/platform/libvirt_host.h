/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * libvirt_host - a host that libvirt reaches, and one machine on it: define, start, look, stop.
 *
 * The home of libvirt's C API. All by URI: qemu:///system, xen:///system, qemu+ssh://host/system,
 * esx://host/. What libvirt complains about comes back in the failure. Calls block: there is no event loop,
 * and so no keepalive; a host that stops to answer holds them until its connection ends. Threads: the lab's main thread.
 * Owns: connection, domain and console stream; closed by libvirt_host_close().
 */
#include "base/buf.h"
#include "base/error.h"

enum { LIBVIRT_TYPE_BYTES = 16, LIBVIRT_NAME_BYTES = 64 };

struct libvirt_host {
	struct _virConnect *connection;
	struct _virDomain *domain;     /* NULL: none defined */
	struct _virStream *console;    /* NULL: not open */
	char type[LIBVIRT_TYPE_BYTES]; /* "QEMU", "Xen", "ESX", "TEST" */
	bool has_kvm;                  /* a QEMU that can use the processor's virtualisation */
};

struct libvirt_usage {
	uint64_t cpu_ns, memory_bytes, write_bytes, flushes; /* UINT64_MAX: not known */
};

MUST_CHECK bool libvirt_host_open(struct libvirt_host *ret, const char *uri, struct error *e);
/* Ends and forgets the machine, if there is one, and closes the connection. */
void libvirt_host_close(struct libvirt_host *h);
/* "libvirt 9.0.0, QEMU 7.2.22" */
void libvirt_host_version(const struct libvirt_host *h, char *room, size_t size);
/* The first network of the host that is up; "": none. */
void libvirt_host_network(const struct libvirt_host *h, char ret[LIBVIRT_NAME_BYTES]);
MUST_CHECK bool libvirt_define(struct libvirt_host *h, const char *xml, struct error *e);
MUST_CHECK bool libvirt_start(struct libvirt_host *h, struct error *e);
/* What its serial console said since the last call; nothing when it cannot be opened. */
void libvirt_console_read(struct libvirt_host *h, struct buf *to);
/* Is it running? The reason says what it is instead. */
bool libvirt_is_running(struct libvirt_host *h, char *ret_reason, size_t size);
/* Presses its power button. */
bool libvirt_press(struct libvirt_host *h);
/* The power fails. */
void libvirt_cut(struct libvirt_host *h);
MUST_CHECK bool libvirt_snapshot(struct libvirt_host *h, const char *name, struct error *e);
MUST_CHECK bool libvirt_revert(struct libvirt_host *h, const char *name, struct error *e);
bool libvirt_usage_read(const struct libvirt_host *h, struct libvirt_usage *ret);
/* Ends and forgets every machine of the host whose name `is_orphan` says yes to; adds a line for each to
 * `said`, which may be NULL. */
void libvirt_sweep(struct libvirt_host *h, bool (*is_orphan)(struct slice name), struct buf *said);
