/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * durability - is a mail on this machine's disk when the server says 250? Asked of any server on any platform.
 *
 * A platform that answers a flush without making one looks fast and loses mail when the power fails; so
 * nothing is ranked before this is known. The probe hands in a mail of DURABILITY_MAIL_BYTES of random
 * text and, when it is acknowledged, looks for that text in the files that hold the server's data: the
 * store of a process, the disk of a machine.
 *     found, and its page is clean     honest: it went through server, file system, virtual disk and kernel
 *     found, and its page is dirty     ignored: somebody said "flushed" and did not
 *     not found, but some seconds later ignored: it was in the guest's memory only
 *     never found, or nobody tells     unknown
 * Beside it the costs, taken by turns: a mail's way from its last byte to the 250, and a write with
 * fdatasync of one block on the same disk. Who is twice as quick as that may leave mail in the disk's own
 * cache, which is not seen from here: unknown.
 * Threads: one. Limits: DURABILITY_* below.
 */
#include "lab/platform/platform.h"

#include <jansson.h>

enum {
	DURABILITY_MAIL_BYTES = 24 << 10,
	DURABILITY_TIMED_COUNT = 20, /* mails and flushes that are timed */
	DURABILITY_LATER_MS = 8000,  /* a guest writes back after 5 s by itself */
};

enum durability { DURABILITY_HONEST, DURABILITY_IGNORED, DURABILITY_UNKNOWN };

struct durability_found {
	enum durability class;
	char reason[160];          /* one sentence */
	double accept_us, host_us; /* medians; NAN: not known */
	uint64_t flushes,
		flush_mails; /* requests the platform counted for so many mails; UINT64_MAX */
};

/* The recipient must exist and is not looked at. Takes about a second; eight when it is not honest. */
MUST_CHECK bool durability_probe(const struct deployment *d, const char *work_path,
	const char *from, const char *to, struct durability_found *ret, struct error *e);
/* Unknown, for this reason. */
struct durability_found durability_not_asked(const char *reason);
const char *durability_name(enum durability class);
/* {"class": ..., "reason": ..., ...} for a record. */
json_t *durability_json(const struct durability_found *f);
/* The verdict as a pure function of what was seen. */
struct durability_seen {
	bool is_told;            /* the kernel tells about pages */
	bool is_there, is_clean; /* at the 250 */
	bool is_there_later;
	double accept_us, host_us;
};
enum durability durability_judge(const struct durability_seen *s, const char **ret_reason);
