/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * progress - "* OK [INPROGRESS …]" while a command takes long: RFC 9585.
 *
 * Said once a command has lasted progress_wait_ms of the host (IMAP_PROGRESS_MS), and again each time as much has passed; so
 * almost no command ever says it. It leaves at once, and finds out a client that went away meanwhile.
 * Not between the parts of an answer: for commands that look through many messages before they say anything.
 */
#include "session/imap/imap.h"

struct imap_progress {
	struct imap *s;
	uint64_t done, goal; /* messages, as a rule */
	uint64_t next_ns;
};
void imap_progress_begin(struct imap_progress *p, struct imap *s, uint64_t goal);
/* Cheap. False: the client is gone, and the command need not go on. */
bool imap_progress_tell(struct imap_progress *p, uint64_t done);
/* The same for struct transfer: context is the progress. */
void imap_progress_step(void *context, uint64_t done);
