/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * record - how values are written in the store and in sample files.
 *
 * A writer appends to a buf; a reader is a cursor whose first miss breaks it. Numbers are unsigned
 * LEB128 ("varint"), fixed-width ones big-endian so that they sort; text is a length and its bytes.
 * Every stored value begins with a version byte written by the caller. Readers take what they know
 * and record_read_done() accepts a longer record only when the version says so.
 */
#include "base/buf.h"
#include "base/cursor.h"

MUST_CHECK bool record_number(struct buf *b, uint64_t value);
MUST_CHECK bool record_text(struct buf *b, struct slice s);
MUST_CHECK bool record_u8(struct buf *b, uint8_t value);
MUST_CHECK bool record_u32(struct buf *b, uint32_t value); /* big-endian */
MUST_CHECK bool record_u64(struct buf *b, uint64_t value); /* big-endian */

uint64_t record_read_number(struct cursor *c);
struct slice record_read_text(struct cursor *c);
uint8_t record_read_u8(struct cursor *c);
uint32_t record_read_u32(struct cursor *c);
uint64_t record_read_u64(struct cursor *c);
