/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_text - strings for answers: quoted when they may be, else literals. RFC 9051 4.3, 9.
 *
 * Quoted are up to LIMIT_IMAP_QUOTED_BYTES without NUL, CR, LF; 8-bit bytes only when is_utf8 (IMAP4rev2 or
 * UTF8=ACCEPT is enabled) and they are UTF-8. Everything else is a literal.
 * False: the buf is full; it may hold a part of the string then.
 */
#include "base/buf.h"

/* As it stands when it is an atom (not NIL), else a string: mailbox names, entries, ids. */
MUST_CHECK bool imap_text_astring(struct buf *out, struct slice s, bool is_utf8);
MUST_CHECK bool imap_text_string(struct buf *out, struct slice s, bool is_utf8);
/* NIL when s.at is NULL. */
MUST_CHECK bool imap_text_nstring(struct buf *out, struct slice s, bool is_utf8);
/* Only the announcement of a literal, "{n}\r\n" or (binary) "~{n}\r\n"; the caller sends the bytes. */
MUST_CHECK bool imap_text_literal(struct buf *out, uint64_t bytes, bool is_binary);
/* resp-text: one line; bytes that may not stand there become '?'. */
MUST_CHECK bool imap_text_line(struct buf *out, struct slice s, bool is_utf8);
