/* SPDX-License-Identifier: MIT */
#include "cmd/nearest.h"

enum { NEAREST_BYTES = 64 /* longer words are no typing mistake of ours */ };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, one row at a time, plus swapped neighbours as in "lsiten". */
static size_t distance(struct slice a, struct slice b)
{
	size_t rows[3][NEAREST_BYTES + 1] = { 0 };

	for (size_t k = 0; k <= b.len; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *row = rows[i % 3], *before = rows[(i + 2) % 3], *older = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t k = 1; k <= b.len; k++) {
			bool is_same = ascii_lower(a.at[i - 1]) == ascii_lower(b.at[k - 1]);

			row[k] = least(before[k] + 1, row[k - 1] + 1);
			row[k] = least(row[k], before[k - 1] + (is_same ? 0 : 1));
			if (i > 1 && k > 1 && a.at[i - 1] == b.at[k - 2] &&
				a.at[i - 2] == b.at[k - 1])
				row[k] = least(row[k], older[k - 2] + 1);
		}
	}
	return rows[a.len % 3][b.len];
}

const char *nearest(struct slice word, nearest_name_fn *name_at, const void *context)
{
	const char *best = NULL;
	size_t best_distance = 1 + (word.len + 2) / 3;

	if (word.len == 0 || word.len > NEAREST_BYTES)
		return NULL;
	for (size_t i = 0; name_at(context, i) != NULL; i++) {
		struct slice name = slice_of(name_at(context, i));
		size_t far = name.len > NEAREST_BYTES ? SIZE_MAX : distance(word, name);

		if (far < best_distance) {
			best_distance = far;
			best = name.at;
		}
	}
	return best;
}
