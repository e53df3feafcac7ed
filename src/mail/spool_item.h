/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * spool_item - how spool items are written, and how intake puts them into its commit. Not for anybody outside mail/.
 */
#include "mail/batch.h"
#include "mail/spool.h"

enum {
	SPOOL_ITEM_RCPTS = 50, /* of one item; a mail with more becomes several */
	SPOOL_ITEM_BYTES =
		44
		<< 10, /* of an item when it is written: replies of 50 recipients still fit a value */
	SPOOL_REPLY_BYTES = 256, /* of a next hop's reply that we keep */
	/* 31,250 a bucket on average; also 40 MB of memory for due times */
	LIMIT_SPOOL_ITEMS = 500000,
};

MUST_CHECK bool spool_item_encode(const struct spool_item *item, struct buf *out);
/* Everything in the arena. False: damaged, or the arena is full. */
MUST_CHECK bool spool_item_decode(
	struct id id, struct slice value, struct arena *a, struct spool_item *ret);
struct key spool_partition(struct id id);
/* The first `count` recipients that fit into one item. */
size_t spool_item_fit(const struct spool_rcpt *rcpts, size_t count);

/* Is there room for so many more? */
bool spool_has_room(struct spool *s, size_t count);
/* An id whose bucket is the number's, so that the items of one mail spread over all commits. */
struct id spool_id_new(const struct clock *clock, size_t number);
/* Adds the items to the batch, in a commit a bucket: up to KEYS_SPOOL_BUCKETS. */
MUST_CHECK bool spool_stage(struct batch *b, const struct spool_item *items, size_t count);
/* The commit landed: the item may be taken from now on. */
void spool_landed(struct spool *s, const struct spool_item *item);
/* Is it on disk? For a commit in doubt. */
MUST_CHECK bool spool_has(struct spool *s, struct id id, bool *ret, struct error *e);
