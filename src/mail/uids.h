/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * uids - a set of UIDs as sorted ranges, which also knows sequence numbers.
 *
 * A mailbox from which little was removed is a few ranges, however many messages it has: 12 bytes a gap, not a message.
 * Message 1 is the lowest UID of the set (RFC 9051 2.3.1.2).
 * Threads: none, the owner's lock. Owns: its ranges. Start with all zero, end with uids_done().
 * False from a function means that there was no memory. A result may be one of the arguments; it must be initialised.
 */
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uid_range {
	uint32_t first, last; /* first <= last; neighbours are joined */
	uint32_t before;      /* how many UIDs stand in earlier ranges */
};
struct uids {
	struct uid_range *at;
	size_t count, room;
};
#define auto_uids ON_EXIT(uids_done) struct uids

void uids_done(struct uids *u);
void uids_clear(struct uids *u);
/* How many UIDs. */
uint32_t uids_size(const struct uids *u);
bool uids_has(const struct uids *u, uint32_t uid);
/* The sequence number of a UID, 0: not in the set. */
uint32_t uids_seq(const struct uids *u, uint32_t uid);
/* How many UIDs are <= uid: the sequence number of the nearest at or below it. */
uint32_t uids_rank(const struct uids *u, uint32_t uid);
/* The UID of a sequence number, 0: there is none. */
uint32_t uids_at(const struct uids *u, uint32_t seq);
/* The largest UID, 0: empty. */
uint32_t uids_last(const struct uids *u);
/* Adds a range; cheap when it is above all that is there. */
MUST_CHECK bool uids_append(struct uids *u, uint32_t first, uint32_t last);
/* Takes away every UID of `gone` that is there. */
MUST_CHECK bool uids_take_away(struct uids *u, const struct uids *gone);
/* What is in both. */
MUST_CHECK bool uids_common(const struct uids *a, const struct uids *b, struct uids *ret);
/* What is in a and not in b. */
MUST_CHECK bool uids_without(const struct uids *a, const struct uids *b, struct uids *ret);
/* What is in either. */
MUST_CHECK bool uids_join(const struct uids *a, const struct uids *b, struct uids *ret);
/* Appends single UIDs, ascending. */
MUST_CHECK bool uids_of(const uint32_t *uids, size_t count, struct uids *ret);
MUST_CHECK bool uids_copy(const struct uids *from, struct uids *ret);
