/* SPDX-License-Identifier: MIT */
#pragma once
/* base64 - RFC 4648 4, strict: padding needed, no white space, no bits left over. */
#include "base/buf.h"

MUST_CHECK bool base64_decode(struct slice s, struct buf *ret);
MUST_CHECK bool base64_encode(struct slice s, struct buf *ret);
