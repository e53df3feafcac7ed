/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * body - the bytes of one message: written once as they stream in, read in pieces.
 *
 * A writer keeps the last (or only) chunk in memory, so that a mail up to LIMIT_BLOB_CHUNK_BYTES goes to disk with the
 * commit that accepts it; earlier chunks are written ahead, without a sync of their own.
 */
#include "mail/folder.h"

struct body_writer {
	struct store *store;
	struct id blob;
	uint64_t bytes;
	uint32_t chunk_count; /* written ahead */
	struct buf tail;      /* the chunk not yet written */
};
void body_begin(struct body_writer *w, struct store *store, const struct clock *clock);
MUST_CHECK bool body_add(struct body_writer *w, struct slice s, struct error *e);
/* The chunk that must go with the commit. */
struct store_chunk body_tail(const struct body_writer *w);
/* Writes that chunk ahead, too: of many messages in one commit only one keeps its last chunk in memory. */
MUST_CHECK bool body_write_tail(struct body_writer *w, struct error *e);
/* Forgets all; chunks written ahead are dropped. */
void body_abandon(struct body_writer *w);

/* Reads a message front to back, or from an offset: prefix, then the bytes. */
struct body_reader {
	struct store *store;
	struct entry entry; /* its slices must outlive the reader */
	uint64_t at;
	struct buf chunk;
	uint32_t chunk_number;
	bool has_chunk;
};
void body_open(struct body_reader *r, struct store *store, const struct entry *entry);
/* The next piece, at most LIMIT_BLOB_CHUNK_BYTES, borrowed until the next call; empty at the end. */
MUST_CHECK bool body_next(struct body_reader *r, struct slice *ret, struct error *e);
void body_close(struct body_reader *r);
