/* SPDX-License-Identifier: MIT */
#include "cmd/archive/known.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1024 /* a power of two, as all after it */ };

/* The row of this id, or the free one where it would stand; there is always a free one. */
static struct known_row *row_of(const struct known *k, struct digest_id id)
{
	size_t at;

	memcpy(&at, id.bytes, sizeof at);
	for (;; at++) {
		struct known_row *row = &k->rows[at & (k->room - 1)];

		if (!row->is_used || memcmp(&row->id, &id, sizeof id) == 0)
			return row;
	}
}

static bool grow(struct known *k)
{
	struct known more = { .room = k->room > 0 ? 2 * k->room : FIRST_ROOM, .used = k->used };

	more.rows = calloc(more.room, sizeof *more.rows);
	if (more.rows == NULL)
		return false;
	for (size_t i = 0; i < k->room; i++)
		if (k->rows[i].is_used)
			*row_of(&more, k->rows[i].id) = k->rows[i];
	free(k->rows);
	*k = more;
	return true;
}

bool known_add(struct known *k, struct digest_id id)
{
	struct known_row *row;

	if (2 * k->used >= k->room && !grow(k))
		return false;
	row = row_of(k, id);
	k->used += row->is_used ? 0 : 1;
	row->is_used = true;
	row->id = id;
	row->count++;
	return true;
}

bool known_take(struct known *k, struct digest_id id)
{
	struct known_row *row = k->room > 0 ? row_of(k, id) : NULL;

	if (row == NULL || row->count == 0)
		return false;
	row->count--;
	return true;
}

void known_done(struct known *k)
{
	free(k->rows);
	*k = (struct known){ .rows = NULL };
}
