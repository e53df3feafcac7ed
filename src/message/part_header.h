/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * part_header - what the header of a part says about its body (RFC 2045, 2183, 3282, 2557), as IMAP tells it.
 *
 * Used by structure.c. Fields that do not parse count as not there; a body without a type is text/plain.
 * Parameters stay as they are written, also the pieces of RFC 2231: clients put them together.
 */
#include "message/structure.h"

struct part_header {
	bool is_multipart, is_digest, is_message, is_text;
	enum transfer transfer;
	/* Filled by part_header_read; buffers of the caller. */
	struct buf *type, *charset, *boundary, *basic, *extension;
};
enum {
	PART_TYPE_BYTES_MAX =
		128 /* RFC 6838 4.2: two names of 127 at most, and nobody has longer */
};

/* `in_digest`: the part stands in a multipart/digest. False: some buffer was too small. */
MUST_CHECK bool part_header_read(struct slice header, bool in_digest, struct part_header *h);
