/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * timeline_rows - how timelines stand in the store, and how intake puts one into its commit. Only for timeline*.c
 * and intake*.c.
 *
 * Rows that need no sync are collected in memory (`lazy`) and written TIMELINE_LAZY_ROWS at a time, or before somebody
 * looks; kill -9 loses the last few. A mail's own record goes with the commit that accepts it and is never lost.
 * Those lazy rows stand in packs, many of them in one value of the store ("l<seq><number>"): a row of its own costs the
 * store more than all else about a mail that is fetched. Who looks for a mail reads all packs of a bucket, once.
 */
#include "base/lock.h"
#include "mail/batch.h"
#include "mail/timeline.h"

enum {
	/* of one mail, that it can be found by; more would crowd a bucket */
	TIMELINE_ADDRESSES = 100,
	/* with one more mail's rows still under LIMIT_PARTITION_KEYS */
	TIMELINE_BUCKET_KEYS = 40000,
	TIMELINE_BUCKET_S = 3600,
	TIMELINE_BUCKETS_MAX = 40000, /* rows of partition T; beyond it the oldest goes early */
	TIMELINE_LAZY_ROWS = 128,
	TIMELINE_LAZY_ROWS_MAX = 900, /* of one commit, when writing them out fails for a while */
	TIMELINE_LAZY_BYTES = 512 << 10,
	TIMELINE_RECORD_BYTES = 4096,
	TIMELINE_HASH_BYTES = 8,
	TIMELINE_PACK = 'l', /* the first byte of a pack's key */
};

struct timeline_bucket {
	uint32_t number;
	uint64_t first_s; /* wall; when it was begun */
};

struct timelines {
	struct store *store;
	const struct clock *clock;
	uint32_t keep_hours;
	struct lock lock;
	/* under lock: */
	struct timeline_bucket *buckets; /* oldest first; the last is the one we write to */
	size_t bucket_count, bucket_room;
	uint32_t number_next;
	bool is_begun;         /* this process has a bucket of its own */
	bool is_announced;     /* and partition T says so, on disk */
	size_t messages, keys; /* in it */
	uint64_t last_seq;
	struct buf lazy; /* texts: key, value, key, value */
	size_t lazy_rows;
};

struct timeline_subject { /* what a mail is found by */
	struct slice message_id;
	struct slice reverse_path;
	const struct slice *addresses;
	size_t address_count;
};

/* Adds the mail's rows to a batch that has room for 2 more commits. Returns the number of the bucket, for
 * timelines_landed(); 0: timelines are off and nothing was added. */
uint32_t timelines_stage(struct timelines *t, struct batch *b, const struct timeline *timeline,
	const struct timeline_subject *subject);
/* That commit is on disk. */
void timelines_landed(struct timelines *t, uint32_t bucket);
/* Writes the lazy rows out. */
void timelines_flush(struct timelines *t);
/* A later stage, with its own time. */
void timelines_note_stage(
	struct timelines *t, struct id id, const struct timeline_stage *stages, size_t count);

/* timeline_pack.c */
/* Sets `rows` (texts: key, value, key, value) as packs in the batch's last commit; how many there are. */
size_t timeline_packs_stage(struct batch *b, struct slice rows, uint64_t seq);
/* Calls `row` for the rows of a pack until it says no. */
typedef bool timeline_row_fn(void *context, const struct store_row *row);
MUST_CHECK bool timeline_pack_rows(
	const struct store_row *pack, timeline_row_fn *row, void *context);

MUST_CHECK bool stages_encode(
	const struct timeline_stage *stages, size_t count, uint64_t more_rcpts, struct buf *out);
struct key timeline_hash_key(char kind, struct slice what, struct id id);
uint64_t timeline_hash(struct slice what);
