/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * store_verify - judges rows and blobs as `check` walks over them in key order; private to this
 * folder.
 *
 * The engine walks, tells whether a record's checksum was right, and removes what it is told to.
 * Threads: one.
 */
#include "store/store_engine.h"

struct store_verify {
	const struct store_check *how;
	/* The blob whose chunks are passing by: */
	struct id blob;
	bool has_blob, is_damaged, has_tail;
	uint32_t next_number, tail_number;
	size_t last_bytes;
};

/*
 * Judges a row; *ret_remove says whether salvage wants it gone. False: the caller's see_row
 * failed.
 */
MUST_CHECK bool store_verify_row(struct store_verify *v, struct slice key, struct slice value,
	bool is_sound, bool *ret_remove, struct error *e);
/*
 * Takes a chunk in; when it begins another blob, the one before was judged: true asks to remove
 * it.
 */
MUST_CHECK bool store_verify_chunk(struct store_verify *v, struct slice key, struct slice value,
	bool is_sound, struct id *ret_remove);
/* Judges the last blob. */
MUST_CHECK bool store_verify_end(struct store_verify *v, struct id *ret_remove);
