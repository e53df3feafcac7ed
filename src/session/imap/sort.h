/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * sort - what SORT and THREAD keep of each message that matched: sort.c and thread.c.
 *
 * Limits: SORT_ARENA_BYTES of values; a longer result is refused.
 */
#include "session/imap/search.h"

enum { SORT_ARENA_BYTES = 64 << 20 /* 300,000 messages by subject */ };

struct sort_value {
	int64_t number;
	struct slice text;
};
struct sort_row {
	uint32_t uid;
	struct sort_value *values;           /* one a key */
	struct slice message_id, references; /* THREAD=REFERENCES only */
	bool is_reply;                       /* its subject says so */
};
struct sorting {
	struct imap *s;
	const struct imap_sort_key *keys;
	size_t key_count;
	bool keeps_references;
	struct sort_row *rows;
	size_t count, room;
	struct arena arena;
	struct buf words, folded;
	bool is_short;
	struct error error;
};

void sorting_begin(
	struct sorting *t, struct imap *s, const struct imap_sort_key *keys, size_t count);
void sorting_done(struct sorting *t);
/* For search_run(). */
bool sorting_found(void *context, struct search *q);
void sorting_sort(struct sorting *t);
/* The number that the client wants to see. */
uint32_t sorting_number(const struct sorting *t, uint32_t uid);
