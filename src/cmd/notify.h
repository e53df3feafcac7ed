/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * notify - the two words we exchange with systemd: readiness, and sockets it opened for us.
 *
 * Both protocols are a few environment variables and one datagram (sd_notify(3), sd_listen_fds(3)). We speak
 * them ourselves because libsystemd brings liblz4, libzstd, liblzma and libgcrypt into a server whose
 * idle memory is measured, and into the boot image.
 */
#include "base/error.h"
#include "base/slice.h"

/* Sends e.g. "READY=1"; does nothing when nobody asked for it ($NOTIFY_SOCKET). */
void notify_tell(const char *state);
/* RELOADING=1 wants the time too, since systemd 253 (Type=notify-reload). */
void notify_tell_reloading(uint64_t mono_ns);

enum { NOTIFY_FDS_MAX = 32 };
struct notify_fd {
	int fd;
	struct slice name; /* from LISTEN_FDNAMES: "smtp", "submission" …; in the environment */
};
/* The sockets given to us; none without systemd. They get close-on-exec. */
MUST_CHECK bool notify_sockets(
	struct notify_fd ret[NOTIFY_FDS_MAX], size_t *ret_count, struct error *e);
