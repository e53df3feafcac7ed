/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * qemu_words - QEMU's command line for one guest, in an arena of its own.
 *
 * q35 without QEMU's default devices and without option ROMs, direct kernel boot; network and disk as
 * the plan's hardware says, virtio for entropy and log. The same for software emulation and KVM but for
 * the accelerator, so that what differs between the two platforms is the accelerator alone.
 */
#include "base/arena.h"
#include "lab/platform/site.h"

enum { QEMU_WORD_COUNT = 64, QEMU_WORDS_BYTES = 32 << 10 };
#define QEMU_DISK_NODE "disk" /* the data disk's name at the monitor */

struct qemu_plan {
	const char *accelerator; /* "tcg" or "kvm" */
	unsigned cpu_count;
	uint64_t memory_bytes;
	const char *image_path;
	const char *console_path;
	/* What follows is NULL, 0 or -1 in a guest that only shows that it starts. */
	const char *log_path, *disk_path;
	struct hardware hardware;
	const struct site *site;
	const struct deployment *deployment; /* ports of loopback when there is no tap */
	int tap_fd, monitor_fd;
	int incoming_fd; /* a saved or moving machine's state comes from here; 0 or -1: it boots */
	bool is_continuing; /* console and log go on where an earlier machine left them */
};

/* False: the arena is full. */
MUST_CHECK bool qemu_words(
	const struct qemu_plan *plan, struct arena *arena, const char *ret_words[QEMU_WORD_COUNT]);
/* What the choice of a cache does to the guest's flushes, a sentence for the record. */
const char *qemu_flush_fact(enum hardware_cache cache);
/* Does the guest see a disk with a write cache, which it must flush? */
bool qemu_has_write_cache(enum hardware_cache cache);
