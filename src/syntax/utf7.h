/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * utf7 - modified UTF-7, the spelling of mailbox names in IMAP4rev1: RFC 3501 5.1.3, RFC 2152.
 *
 * One name has one spelling: base64 where plain ASCII would do, two shifts in a row, bits left over, lone
 * surrogates and 8-bit bytes are refused when reading, so that decode and encode are each other's inverse.
 * Not here: INBOX, control characters, the hierarchy (imap_name.h).
 */
#include "base/buf.h"

/* Both add to the buf; false when the text is not in its form, or the buf is full: then it is as before. */
MUST_CHECK bool utf7_decode(struct slice utf7, struct buf *utf8);
MUST_CHECK bool utf7_encode(struct slice utf8, struct buf *utf7);
