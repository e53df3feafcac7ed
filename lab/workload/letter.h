/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * letter - a mail of an exact size that can prove it arrived whole.
 *
 * Its header says whose it is (run, sequence), when it was due, its size in octets (RFC 5322 message
 * with CRLF, before dot-stuffing) and the SHA-256 of its body. The body is random base64, so that no file
 * system or link can compress it. The same (seed, sequence, size) gives the same body on every platform.
 * letter_check() reads a received mail, with whatever a server put on top of it.
 * Ownership: text goes to the caller's buffers.
 */
#include "base/buf.h"
#include "base/error.h"

enum {
	LETTER_BYTES_MIN = 768,      /* our header and one line of body */
	LETTER_BYTES_MAX = 32 << 20, /* the largest size of an experiment */
	LETTER_RUN_BYTES = 40,
};

struct letter {
	char run[LETTER_RUN_BYTES];
	const char *from, *to;
	uint32_t sequence;
	uint32_t size_bytes;
	uint64_t due_ns;
	uint64_t seed;
	uint64_t wall_ns; /* for Date */
};

/* Writes exactly letter->size_bytes octets. */
MUST_CHECK bool letter_write(const struct letter *letter, struct buf *to, struct error *e);
/* Doubles the dots at line starts and adds the final ".": RFC 5321 4.5.2. */
MUST_CHECK bool letter_stuff(struct slice text, struct buf *to);

struct letter_found {
	bool is_ours;  /* carries our header fields, and they parse */
	bool is_whole; /* the hash and the body's length are right */
	char run[LETTER_RUN_BYTES];
	uint32_t sequence, size_bytes;
	uint64_t due_ns;
};
/* text: a received mail, dots unstuffed. */
void letter_check(struct slice text, struct letter_found *ret);
