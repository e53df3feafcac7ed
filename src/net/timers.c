/* SPDX-License-Identifier: MIT */
#include "net/timers.h"

#include <stdlib.h>

bool timers_reserve(struct timers *t, size_t count)
{
	size_t room = t->room == 0 ? 64 : t->room;
	struct work **at;

	while (room < count + 1)
		room *= 2;
	if (room == t->room)
		return true;
	at = realloc(t->at, room * sizeof(struct work *));
	if (at == NULL)
		return false;
	t->at = at;
	t->room = room;
	return true;
}

void timers_done(struct timers *t)
{
	free(t->at);
	*t = (struct timers){ 0 };
}

static bool is_before(const struct work *a, const struct work *b)
{
	return a->park_until_ns < b->park_until_ns;
}

static void put(struct timers *t, size_t at, struct work *w)
{
	t->at[at] = w;
	w->heap_at = at;
}

/* Moves w from the free place `at` towards the root or the leaves until the order holds. */
static void settle(struct timers *t, size_t at, struct work *w)
{
	while (at > 1 && is_before(w, t->at[at / 2])) {
		put(t, at, t->at[at / 2]);
		at /= 2;
	}
	while (2 * at <= t->count) {
		size_t child = 2 * at;

		if (child < t->count && is_before(t->at[child + 1], t->at[child]))
			child++;
		if (!is_before(t->at[child], w))
			break;
		put(t, at, t->at[child]);
		at = child;
	}
	put(t, at, w);
}

void timers_add(struct timers *t, struct work *w)
{
	invariant(w->heap_at == 0 && t->count + 1 < t->room);
	t->count++;
	settle(t, t->count, w);
}

void timers_remove(struct timers *t, struct work *w)
{
	size_t at = w->heap_at;
	struct work *last;

	if (at == 0)
		return;
	invariant(at <= t->count && t->at[at] == w);
	last = t->at[t->count--];
	w->heap_at = 0;
	if (last != w)
		settle(t, at, last);
}

uint64_t timers_next_ns(const struct timers *t)
{
	return t->count == 0 ? UINT64_MAX : t->at[1]->park_until_ns;
}

struct work *timers_take_due(struct timers *t, uint64_t now_ns)
{
	struct work *w = t->count == 0 ? NULL : t->at[1];

	if (w == NULL || w->park_until_ns > now_ns)
		return NULL;
	timers_remove(t, w);
	return w;
}
