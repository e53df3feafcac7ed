/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * digest - which message is this: 16 bytes of BLAKE2b (libsodium) over its text, and how its lines end.
 *
 * An LF without a CR before it counts as CRLF, so that a message has one digest whether it stands in a Maildir with LF
 * or in the store with CRLF. Lone CRs are bytes like others. Any split of the bytes gives the same.
 * Threads: one user.
 */
#include "base/slice.h"

enum { DIGEST_ID_BYTES = 16, DIGEST_TEXT_BYTES = 2 * DIGEST_ID_BYTES };

struct digest {
	_Alignas(64) unsigned char state[384]; /* crypto_generichash_state */
	bool is_after_cr;
	uint64_t bytes;      /* as they came */
	uint64_t crlf_count; /* lines that end in CRLF */
	uint64_t lf_count;   /* and in LF alone */
};
struct digest_id {
	unsigned char bytes[DIGEST_ID_BYTES];
};
void digest_begin(struct digest *d);
void digest_add(struct digest *d, struct slice s);
struct digest_id digest_end(struct digest *d);
/* In hexadecimal, with a NUL; returns it as a slice over room. */
struct slice digest_text(struct digest_id id, char room[DIGEST_TEXT_BYTES + 1]);
MUST_CHECK bool digest_parse(struct slice text, struct digest_id *ret);
