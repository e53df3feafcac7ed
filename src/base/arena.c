/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 4096 - 64 /* a page less malloc's own bookkeeping */ };

struct arena_block {
	struct arena_block *older;
	size_t used, room;
	_Alignas(max_align_t) char bytes[];
};

static struct arena_block *block_new(size_t room)
{
	struct arena_block *b = malloc(sizeof *b + room);

	if (b == NULL)
		return NULL;
	b->older = NULL;
	b->used = 0;
	b->room = room;
	return b;
}

void *arena_take(struct arena *a, size_t bytes)
{
	size_t need = (bytes + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	struct arena_block *b = a->newest;
	void *at;

	if (need < bytes || need > a->max - a->used)
		return NULL;
	if (b == NULL || need > b->room - b->used) {
		b = block_new(need > BLOCK_BYTES ? need : BLOCK_BYTES);
		if (b == NULL)
			return NULL;
		b->older = a->newest;
		a->newest = b;
	}
	at = b->bytes + b->used;
	b->used += need;
	a->used += need;
	return memset(at, 0, need);
}

struct slice arena_copy(struct arena *a, struct slice s)
{
	char *at = arena_take(a, s.len == 0 ? 1 : s.len);

	if (at == NULL)
		return (struct slice){ NULL, 0 };
	if (s.len > 0)
		memcpy(at, s.at, s.len);
	return (struct slice){ at, s.len };
}

char *arena_text(struct arena *a, struct slice s)
{
	char *at = arena_take(a, s.len + 1);

	if (at != NULL && s.len > 0)
		memcpy(at, s.at, s.len);
	return at;
}

void arena_reset(struct arena *a)
{
	while (a->newest != NULL && a->newest->older != NULL) {
		struct arena_block *older = a->newest->older;

		free(a->newest);
		a->newest = older;
	}
	if (a->newest != NULL)
		a->newest->used = 0;
	a->used = 0;
}

void arena_done(struct arena *a)
{
	arena_reset(a);
	free(a->newest);
	a->newest = NULL;
}
