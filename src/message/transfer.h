/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * transfer - decodes content-transfer-encodings (RFC 2045 6) as the bytes stream past, for BINARY (RFC 3516) and SEARCH.
 *
 * Broken input never fails: base64 skips foreign bytes and stops at its padding, quoted-printable keeps what is no escape.
 * The decoded size is what transfer_feed and transfer_end added in all; it does not depend on the pieces.
 */
#include "base/buf.h"

enum transfer {
	TRANSFER_IDENTITY, /* 7bit, 8bit, binary, or no field */
	TRANSFER_QUOTED_PRINTABLE,
	TRANSFER_BASE64,
	TRANSFER_UNKNOWN, /* BINARY answers NO [UNKNOWN-CTE] */
};

/* Of the field's value, with comments and blanks; uuencode and others are unknown. */
enum transfer transfer_named(struct slice value);

enum {
	TRANSFER_BLANKS_MAX =
		1000 /* blanks before a line's end that are kept back; more are text */
};
struct transfer_decoder {
	enum transfer transfer;
	uint32_t bits; /* base64: of the letters collected */
	uint8_t bit_count;
	uint8_t held_count; /* quoted-printable: bytes after an "=", with it */
	bool is_over;       /* base64: padding was seen */
	char held[2];
	uint32_t blank_count; /* quoted-printable: blanks that only count if the line goes on */
	char blanks[TRANSFER_BLANKS_MAX];
};

void transfer_begin(struct transfer_decoder *d, enum transfer transfer);
/* At most piece.len + TRANSFER_BLANKS_MAX + 3 bytes are added. False: they did not fit, and the decoder is spoilt. */
MUST_CHECK bool transfer_feed(struct transfer_decoder *d, struct slice piece, struct buf *out);
MUST_CHECK bool transfer_end(struct transfer_decoder *d, struct buf *out);
