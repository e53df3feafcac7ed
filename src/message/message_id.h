/* SPDX-License-Identifier: MIT */
#pragma once
/* message_id - walks the msg-ids of a References, In-Reply-To or Message-ID value (RFC 5322 3.6.4). */
#include "base/buf.h"

enum {
	MESSAGE_ID_BYTES_MAX =
		1000 /* of one, normalised; RFC 5322 2.1.1 has no longer line; others are skipped */
};
/*
 * Start with *at = 0; false at the end. Blanks, comments and needless quotes are taken out, so that one id is always
 * written the same way: "<left@right>". `out` is emptied first and needs MESSAGE_ID_BYTES_MAX.
 */
MUST_CHECK bool message_id_next(struct slice value, size_t *at, struct buf *out);
