/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * buf - bytes that grow up to a named maximum.
 *
 * Start with `auto_buf b = { .max = LIMIT_… };` or BUF_OVER(array) for fixed memory that never grows.
 * Going over the maximum, or out of memory, is a plain "no" that changes nothing.
 * Owns: its memory (unless it lies over an array); buf_done gives it back.
 */
#include "base/slice.h"

struct buf {
	char *at;
	size_t len, room, max;
	bool is_fixed; /* `at` belongs to somebody else and never grows */
};
#define auto_buf ON_EXIT(buf_done) struct buf
#define BUF_OVER(array)                                                                            \
	{                                                                                          \
		.at = (array), .room = sizeof(array), .max = sizeof(array), .is_fixed = true       \
	}

void buf_done(struct buf *b);
/* Forgets the bytes and keeps the memory. */
void buf_clear(struct buf *b);
MUST_CHECK bool buf_add(struct buf *b, struct slice s);
MUST_CHECK bool buf_add_byte(struct buf *b, char byte);
MUST_CHECK bool buf_add_number(struct buf *b, uint64_t value);
MUST_CHECK bool buf_add_format(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
/* Room for `count` more bytes at the end; NULL when they do not fit. buf_grew() makes them part of it. */
MUST_CHECK char *buf_reserve(struct buf *b, size_t count);
void buf_grew(struct buf *b, size_t count);
/* Drops the first `count` bytes. */
void buf_shift(struct buf *b, size_t count);
struct slice buf_slice(const struct buf *b);
