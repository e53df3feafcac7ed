/* SPDX-License-Identifier: MIT */
#include "mail/spool_index.h"

#include <stdlib.h>
#include <string.h>

enum due_state { DUE_WAITING, DUE_TAKEN, DUE_HELD };

struct spool_due {
	struct table_node node; /* first, see table.h */
	struct id id;
	uint64_t due_s;
	size_t at; /* in the heap, while waiting */
	enum due_state state;
};

bool spool_index_init(struct spool_index *x)
{
	*x = (struct spool_index){ 0 };
	return table_init(&x->items);
}

void spool_index_done(struct spool_index *x)
{
	struct table_node *node;

	while ((node = table_take_any(&x->items)) != NULL)
		free(node);
	table_done(&x->items);
	free(x->heap);
	*x = (struct spool_index){ 0 };
}

size_t spool_index_count(const struct spool_index *x)
{
	return x->items.count;
}

static struct spool_due *due_find(const struct spool_index *x, struct id id)
{
	struct table_node *node = table_first(&x->items, table_hash(id_slice(&id)));

	for (; node != NULL; node = table_next(node)) {
		struct spool_due *due = TABLE_ITEM(struct spool_due, node);

		if (id_same(due->id, id))
			return due;
	}
	return NULL;
}

static void heap_set(struct spool_index *x, size_t at, struct spool_due *due)
{
	x->heap[at] = due;
	due->at = at;
}

static void heap_up(struct spool_index *x, struct spool_due *due)
{
	size_t at = due->at;

	while (at > 0 && x->heap[(at - 1) / 2]->due_s > due->due_s) {
		heap_set(x, at, x->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_set(x, at, due);
}

static void heap_down(struct spool_index *x, struct spool_due *due)
{
	size_t at = due->at;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < x->heap_count && x->heap[child + 1]->due_s < x->heap[child]->due_s)
			child++;
		if (child >= x->heap_count || x->heap[child]->due_s >= due->due_s)
			break;
		heap_set(x, at, x->heap[child]);
		at = child;
	}
	heap_set(x, at, due);
}

static void heap_remove(struct spool_index *x, struct spool_due *due)
{
	struct spool_due *last = x->heap[--x->heap_count];

	if (last == due)
		return;
	heap_set(x, due->at, last);
	heap_up(x, last);
	heap_down(x, last);
}

static bool heap_reserve(struct spool_index *x)
{
	size_t room = 2 * x->heap_room + 64;
	struct spool_due **heap;

	/* Room for every item, so that putting one back cannot fail. */
	if (x->items.count < x->heap_room)
		return true;
	heap = realloc(x->heap, room * sizeof(struct spool_due *));
	if (heap == NULL)
		return false;
	x->heap = heap;
	x->heap_room = room;
	return true;
}

/* Takes the item out of the state it is in, then puts it into another. */
static void due_leave(struct spool_index *x, struct spool_due *due)
{
	switch (due->state) {
	case DUE_WAITING:
		heap_remove(x, due);
		break;
	case DUE_TAKEN:
		x->taken--;
		break;
	case DUE_HELD:
		x->held--;
		break;
	}
}

static void due_enter(struct spool_index *x, struct spool_due *due, enum due_state state)
{
	due->state = state;
	switch (state) {
	case DUE_WAITING:
		invariant(x->heap_count < x->heap_room);
		due->at = x->heap_count++;
		x->heap[due->at] = due;
		heap_up(x, due);
		break;
	case DUE_TAKEN:
		x->taken++;
		break;
	case DUE_HELD:
		x->held++;
		break;
	}
}

bool spool_index_add(struct spool_index *x, struct id id, uint64_t due_s, bool is_held)
{
	struct spool_due *due;

	if (!heap_reserve(x))
		return false;
	due = calloc(1, sizeof *due);
	if (due == NULL)
		return false;
	due->id = id;
	due->due_s = due_s;
	table_add(&x->items, &due->node, table_hash(id_slice(&id)));
	due_enter(x, due, is_held ? DUE_HELD : DUE_WAITING);
	return true;
}

uint64_t spool_index_next_s(const struct spool_index *x)
{
	return x->heap_count > 0 ? x->heap[0]->due_s : UINT64_MAX;
}

bool spool_index_take(struct spool_index *x, uint64_t now_s, struct id *ret, uint64_t *ret_next_s)
{
	struct spool_due *due;

	*ret_next_s = spool_index_next_s(x);
	if (x->heap_count == 0 || *ret_next_s > now_s)
		return false;
	due = x->heap[0];
	due_leave(x, due);
	due_enter(x, due, DUE_TAKEN);
	*ret = due->id;
	return true;
}

void spool_index_put_back(struct spool_index *x, struct id id, uint64_t due_s, bool is_held)
{
	struct spool_due *due = due_find(x, id);

	if (due == NULL)
		return;
	due_leave(x, due);
	due->due_s = due_s;
	due_enter(x, due, is_held ? DUE_HELD : DUE_WAITING);
}

void spool_index_remove(struct spool_index *x, struct id id)
{
	struct spool_due *due = due_find(x, id);

	if (due == NULL)
		return;
	due_leave(x, due);
	table_remove(&x->items, &due->node);
	free(due);
}

static int id_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id));
}

/* Keeps the smallest `limit`, sorted: insertion is enough for a page that a person reads. */
size_t spool_index_list(const struct spool_index *x, struct id after, struct id *room, size_t limit)
{
	size_t count = 0;

	for (size_t i = 0; i < x->items.head_count; i++) {
		for (struct table_node *n = x->items.heads[i]; n != NULL; n = n->next) {
			struct id id = TABLE_ITEM(struct spool_due, n)->id;
			size_t at;

			if (id_order(&id, &after) <= 0)
				continue;
			if (count == limit && (limit == 0 || id_order(&room[count - 1], &id) <= 0))
				continue;
			at = count < limit ? count++ : count - 1;
			while (at > 0 && id_order(&room[at - 1], &id) > 0) {
				room[at] = room[at - 1];
				at--;
			}
			room[at] = id;
		}
	}
	return count;
}
