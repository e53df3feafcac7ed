/* SPDX-License-Identifier: MIT */
#include "message/text_table.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROWS = 64, WORD_BYTES = 7 /* under 61 bits */ };

__extension__ typedef unsigned __int128 wide;

static const uint64_t prime = (UINT64_C(1) << 61) - 1;

void text_table_init(struct text_table *t, uint64_t secret, size_t text_bytes_max, size_t rows_max)
{
	*t = (struct text_table){ .texts = { .max = text_bytes_max },
		.secret = secret % (prime - 2) + 2,
		.rows_max = rows_max };
}

void text_table_done(struct text_table *t)
{
	arena_done(&t->texts);
	free(t->rows);
	free(t->heads);
	*t = (struct text_table){ 0 };
}

/* a * b modulo 2^61 - 1, both below it. */
static uint64_t multiply(uint64_t a, uint64_t b)
{
	wide product = (wide)a * b;
	uint64_t sum = (uint64_t)(product & prime) + (uint64_t)(product >> 61);

	return sum >= prime ? sum - prime : sum;
}

static uint64_t hash_of(const struct text_table *t, struct slice text)
{
	/* The length stands first, so that texts of zeros differ. */
	uint64_t hash = text.len % prime;

	while (text.len > 0) {
		struct slice part = slice_first(text, WORD_BYTES);
		uint64_t word = 0;

		memcpy(&word, part.at, part.len);
		hash = multiply(hash, t->secret) + word;
		hash = hash >= prime ? hash - prime : hash;
		text = slice_skip(text, part.len);
	}
	hash = multiply(hash, t->secret);
	/* The places are the low bits: all others come into them, and different hashes stay different. */
	hash = (hash ^ hash >> 31) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static bool heads_grow(struct text_table *t)
{
	size_t count = t->room;
	uint32_t *heads = calloc(count, sizeof *heads);

	if (heads == NULL)
		return false;
	for (uint32_t i = 1; i <= t->count; i++) {
		uint32_t *head = &heads[t->rows[i].hash & (count - 1)];

		t->rows[i].next = *head;
		*head = i;
	}
	free(t->heads);
	t->heads = heads;
	t->head_count = count;
	return true;
}

/* Room for one row more; there are as many places as rows. */
static bool rows_grow(struct text_table *t)
{
	size_t room = t->room == 0 ? FIRST_ROWS : 2 * t->room;
	struct text_row *rows;

	if (t->count + 1 < t->room)
		return true;
	if (t->count >= t->rows_max)
		return false;
	rows = realloc(t->rows, room * sizeof *rows);
	if (rows == NULL)
		return false;
	t->rows = rows;
	t->room = room;
	return heads_grow(t);
}

struct text_row *text_table_row(struct text_table *t, struct slice text)
{
	uint64_t hash = hash_of(t, text);
	struct text_row *row;
	uint32_t *head;

	if (t->head_count > 0) {
		for (uint32_t i = t->heads[hash & (t->head_count - 1)]; i != 0; i = t->rows[i].next)
			if (t->rows[i].hash == hash && slice_same(t->rows[i].text, text))
				return &t->rows[i];
	}
	if (t->count >= t->rows_max || !rows_grow(t))
		return NULL;
	head = &t->heads[hash & (t->head_count - 1)];
	row = &t->rows[t->count + 1];
	*row = (struct text_row){
		.text = arena_copy(&t->texts, text), .hash = hash, .next = *head
	};
	if (row->text.at == NULL)
		return NULL;
	*head = (uint32_t)++t->count;
	return row;
}
