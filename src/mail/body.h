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
	struct slice lent; /* chunk 0, when it was read ahead */
	struct buf chunk;
	uint32_t chunk_number;
	bool has_chunk;
};
void body_open(struct body_reader *r, struct store *store, const struct entry *entry);
/* The next piece, at most LIMIT_BLOB_CHUNK_BYTES, borrowed until the next call; empty at the end. */
MUST_CHECK bool body_next(struct body_reader *r, struct slice *ret, struct error *e);
void body_close(struct body_reader *r);

/*
 * The first chunks of messages that will be read one after the other, read together: that costs half. Zero it first. No
 * failures: a message that is not there is read when its turn comes.
 * Limits: BODY_AHEAD_BYTES and STORE_WISHES_MAX messages; it holds them until the next call or bodies_ahead_done().
 */
enum {
	/* RocksDB has each twice for a moment; together under what malloc keeps when it is freed, as
	 * memory that comes and goes costs more than all the rest of reading */
	BODY_AHEAD_BYTES = 96 << 10,
};
struct bodies_ahead {
	struct store *store;
	struct store_wish wishes[STORE_WISHES_MAX];
	size_t count;
};
/* Reads as many of these as the limits allow, at least the first; returns how many. */
size_t bodies_ahead(
	struct bodies_ahead *a, struct store *store, const struct entry *entries, size_t count);
/* Lends the reader what was read ahead of its message; due after body_open(). */
void bodies_ahead_lend(const struct bodies_ahead *a, struct body_reader *r);
void bodies_ahead_done(struct bodies_ahead *a);
