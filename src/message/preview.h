/* SPDX-License-Identifier: MIT */
#pragma once
/* preview - the first readable words of a part, for people: RFC 8970. Blanks in a row become one; HTML loses its tags. */
#include "message/transfer.h"

enum {
	PREVIEW_CHARACTERS_MAX = 200, /* RFC 8970 3.1: should be 200, must not be over 256 */
	PREVIEW_BYTES_MAX = 4 * PREVIEW_CHARACTERS_MAX,
	PREVIEW_TEXT_BYTES_MAX = 2400,      /* of a plain part: 800 octets, each encoded as three */
	PREVIEW_SOURCE_BYTES_MAX = 8 << 10, /* of the part: HTML has long heads */
};

/* `source` is the front of the part's body. False: out of memory. */
MUST_CHECK bool preview_add(struct slice source, enum transfer transfer, struct slice charset,
	bool is_html, struct buf *out);
