/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * crowd - how many connections each address has: a hash table of those that have any. Private to
 * listen.c, whose lock guards it.
 */
#include "net/peer.h"

struct crowd_entry;
struct crowd {
	struct crowd_entry *entries;
	size_t room, used; /* used counts every entry that is not empty */
};

void crowd_done(struct crowd *c);
/* Counts one more, unless the address has max already or memory is short. */
MUST_CHECK bool crowd_add(struct crowd *c, struct peer_key key, unsigned max);
/* Counts one less. */
void crowd_remove(struct crowd *c, struct peer_key key);
unsigned crowd_count(const struct crowd *c, struct peer_key key);
