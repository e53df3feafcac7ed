/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * units - numbers as people write them: "50M" is 50 * 1024 * 1024 bytes, "1h" is 3,600,000 ms.
 *
 * Pure functions; printing gives the shortest form that reads back as the same number.
 */
#include "base/buf.h"

MUST_CHECK bool units_read_size(struct slice text, uint64_t *ret_bytes);
MUST_CHECK bool units_read_time(struct slice text, uint64_t *ret_ms);
MUST_CHECK bool units_print_size(uint64_t bytes, struct buf *out);
MUST_CHECK bool units_print_time(uint64_t ms, struct buf *out);
/* For a table: "1.4M", "980", rounded; not meant to be read back. */
MUST_CHECK bool units_print_size_short(uint64_t bytes, struct buf *out);
