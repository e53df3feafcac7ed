/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * structures - what was computed from a message's bytes and is kept beside its entry: MIME structure, envelope.
 *
 * A record is opaque here (message/structure.h writes and reads it, with a version byte of its own in front) and belongs to
 * the blob without the entry's prefix. It stands in partition "p<folder id><segment>" by UID, so that FETCH 1:* ENVELOPE
 * is one scan in step with the entries; it goes with its entry, and along with copies and moves.
 * Writing needs no sync: what a crash loses is computed again.
 * Limits: a record over STRUCTURE_BYTES is not kept.
 */
#include "mail/folder.h"
#include "mail/keys.h"

enum {
	STRUCTURE_BYTES =
		32
		<< 10 /* 32 of them fit into LIMIT_COMMIT_BYTES; a mail of 100 parts takes 20 KB */
};

struct structure_page {
	size_t count;
	struct structure_row {
		uint32_t uid;
		struct slice record;
	} * at; /* ascending; into the page */
	size_t room;
	bool is_last; /* nothing is kept for UIDs after these, up to `last` */
	struct store_page page;
};
/* The kept records with after < uid <= last, up to limit (1..LIMIT_SCAN_ROWS). Messages without one are missing. */
MUST_CHECK bool structures_list(struct folder *f, uint32_t after, uint32_t last, size_t limit,
	struct structure_page *ret, struct error *e);
struct key structures_partition(struct id folder, uint32_t segment);
void structure_page_done(struct structure_page *page);

/* Collects records and keeps them STRUCTURES_BATCH at a time. */
enum { STRUCTURES_BATCH = 200 };
struct structures {
	struct folder *folder;
	struct batch *batch;
	size_t count, bytes;
	uint32_t segment;
};
void structures_begin(struct structures *s, struct folder *f);
/* Failures are forgotten: the record is computed again some day. */
void structures_keep(struct structures *s, uint32_t uid, struct slice record);
void structures_end(struct structures *s); /* writes what is left */
