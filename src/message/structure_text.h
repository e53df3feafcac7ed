/* SPDX-License-Identifier: MIT */
#pragma once
/* structure_text - the values of FETCH BODY and BODYSTRUCTURE (RFC 9051 7.5.2), from a decoded structure. */
#include "message/structure.h"

/* False: over out->max; nothing was added. STRUCTURE_BODY_BYTES_MAX of room is always enough. */
enum { STRUCTURE_BODY_BYTES_MAX = 256 << 10 };
MUST_CHECK bool structure_text_add(const struct structure *s, bool has_extension, struct buf *out);
