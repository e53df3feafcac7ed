/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * sort - the order of SORT: RFC 5256, RFC 5957. sort_value.c has what a message is sorted by.
 *
 * Needs of a message only its entry and its structure record.
 * Limits: SORT_ARENA_BYTES of values; a longer result is refused.
 */
#include "session/imap/result.h"

enum { SORT_ARENA_BYTES = 64 << 20 /* 300,000 messages by subject */ };

struct sort_value {
	int64_t number;
	struct slice text;
};
struct sort_row {
	uint32_t uid;
	uint64_t modseq;
	struct sort_value *values; /* one a key */
};
struct sorting {
	struct imap *s;
	const struct imap_sort_key *keys;
	size_t key_count;
	struct result *result; /* gets the messages too; may be NULL */
	struct sort_row *rows;
	size_t count, room;
	struct arena arena;
	struct buf words, folded;
	bool is_short;
};

void sorting_begin(
	struct sorting *t, struct imap *s, const struct imap_sort_key *keys, size_t count);
void sorting_done(struct sorting *t);
/* For search_run(). */
bool sorting_found(void *context, struct search *q);
void sorting_sort(struct sorting *t);
/* Of the message at hand; it lives as long as the sorting. False: it cannot be read, or there is no room when e is empty. */
MUST_CHECK bool sorting_row(
	struct sorting *t, struct search *q, struct sort_row *ret, struct error *e);
/* <0, 0, >0: which stands first. */
int sorting_order(const struct sorting *t, const struct sort_row *a, const struct sort_row *b);

/* For THREAD too, of the message at hand with its summary: */
/* RFC 5256 2.2: the Date field, else when it came. */
int64_t sort_sent_s(const struct search *q);
/* The base subject of an envelope's subject, in `folded`. False: over a buffer's maximum. */
MUST_CHECK bool sort_subject(
	struct slice subject, struct buf *words, struct buf *folded, bool *ret_is_reply);
