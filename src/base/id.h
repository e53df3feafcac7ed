/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * id - names for messages, blobs and folders: 16 bytes that sort by time of birth.
 *
 * 48 bits of wall milliseconds, then a 16-bit counter, then 64 random bits of this process and
 * thread-safe sequence, so that two processes never make the same one. As text: 26 letters of
 * Crockford's base 32, lower case (0-9 a-z without i l o u).
 */
#include "base/clock.h"
#include "base/slice.h"

enum { ID_BYTES = 16, ID_TEXT_BYTES = 26 };
struct id {
	uint8_t bytes[ID_BYTES];
};

struct id id_new(const struct clock *clock);
bool id_same(struct id a, struct id b);
bool id_is_zero(struct id id);
struct slice id_slice(const struct id *id);
/* Writes ID_TEXT_BYTES letters and a NUL; returns them as a slice over room. */
struct slice id_text(struct id id, char room[ID_TEXT_BYTES + 1]);
MUST_CHECK bool id_parse(struct slice text, struct id *ret);
