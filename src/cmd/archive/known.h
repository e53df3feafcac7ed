/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * known - which messages a mailbox has already, and how many of each: so that an import can be repeated.
 *
 * A table of digests, 24 bytes a message at most half full: 100,000 messages are 6 MB.
 */
#include "message/digest.h"

struct known {
	struct known_row {
		struct digest_id id;
		uint32_t count; /* 0: the row is free, or used up: then its id is still there */
		bool is_used;
	} * rows;
	size_t room, used;
};
MUST_CHECK bool known_add(struct known *k, struct digest_id id); /* false: out of memory */
/* True once for each that was added. */
bool known_take(struct known *k, struct digest_id id);
void known_done(struct known *k);
