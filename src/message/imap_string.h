/* SPDX-License-Identifier: MIT */
#pragma once
/* imap_string - text as an IMAP string: quoted when it may be (RFC 9051 9), else a literal. NULs are left out. */
#include "base/buf.h"

/* 8-bit bytes make it a literal, so that it is right with and without UTF8=ACCEPT. */
MUST_CHECK bool imap_string_add(struct buf *out, struct slice s);
/* NIL when s.at is NULL. */
MUST_CHECK bool imap_nstring_add(struct buf *out, struct slice s);
