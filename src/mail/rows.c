/* SPDX-License-Identifier: MIT */
#include "mail/rows.h"

#include <stdlib.h>

static void rows_add(struct rows *r, const struct row *row)
{
	invariant(r->count < r->room);
	r->at[r->count++] = *row;
}

static struct row row_of(const struct key *partition, const struct key *key, uint64_t expect)
{
	struct row row = { .partition = *partition, .key_len = key->len, .expect = expect };

	invariant(key->len <= sizeof row.key);
	memcpy(row.key, key->at, key->len);
	return row;
}

void rows_set(struct rows *r, const struct key *partition, const struct key *key,
	struct slice value, uint64_t expect)
{
	struct row row = row_of(partition, key, expect);

	row.value = value;
	rows_add(r, &row);
}

void rows_remove(struct rows *r, const struct key *partition, const struct key *key)
{
	struct row row = row_of(partition, key, STORE_ANY_VERSION);

	rows_add(r, &row);
}

static int row_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = slice_order(key_slice(&x->partition), key_slice(&y->partition));

	return order != 0 ? order
			  : slice_order((struct slice){ x->key, x->key_len },
				    (struct slice){ y->key, y->key_len });
}

static size_t run_count(const struct rows *r, size_t from)
{
	size_t n = from + 1;

	while (n < r->count &&
		slice_same(key_slice(&r->at[n].partition), key_slice(&r->at[from].partition)))
		n++;
	return n - from;
}

size_t rows_partitions(struct rows *r)
{
	size_t partitions = 0;

	if (r->count > 0)
		qsort(r->at, r->count, sizeof *r->at, row_order);
	for (size_t i = 0; i < r->count; i += run_count(r, i))
		partitions++;
	return partitions;
}

void rows_stage(struct rows *r, struct batch *b)
{
	if (r->count > 0)
		qsort(r->at, r->count, sizeof *r->at, row_order);
	for (size_t i = 0; i < r->count;) {
		size_t n = run_count(r, i);

		batch_commit(b, &r->at[i].partition, r->at[i].expect, n, n);
		for (size_t k = i; k < i + n; k++) {
			struct slice key = { r->at[k].key, r->at[k].key_len };

			if (r->at[k].value.at == NULL)
				batch_remove(b, key);
			else
				batch_set(b, key, r->at[k].value);
		}
		i += n;
	}
}
