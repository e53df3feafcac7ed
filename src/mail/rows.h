/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * rows - what a transaction writes, collected in any order and staged as one commit a partition. Only for mail/.
 *
 * A transaction may name a partition once, and a transfer within one folder meets the same segment from both ends.
 * Threads: one user. Owns: nothing; keys and values are borrowed until rows_stage() has copied them into the batch.
 */
#include "mail/batch.h"

struct row {
	struct key partition;
	char key[16];
	size_t key_len;
	struct slice value; /* .at NULL: remove */
	uint64_t expect;    /* of the partition; STORE_ANY_VERSION */
};
struct rows {
	struct row *at; /* the caller's memory */
	size_t count, room;
};
void rows_set(struct rows *r, const struct key *partition, const struct key *key,
	struct slice value, uint64_t expect);
void rows_remove(struct rows *r, const struct key *partition, const struct key *key);
/* Sorts, and adds the commits to the batch. */
void rows_stage(struct rows *r, struct batch *b);
/* How many partitions there are at most. */
size_t rows_partitions(struct rows *r);
