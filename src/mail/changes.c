/* SPDX-License-Identifier: MIT */
#include "mail/changes.h"

#include "base/lock.h"
#include "mail/parts.h"
#include "mail/table.h"

#include <stdlib.h>

enum {
	CHANGES_HEADS =
		1024 /* a power of two; chains stay short for LIMIT_SESSIONS_DEFAULT watchers */
};

struct changes {
	struct lock lock;
	/* under lock: */
	struct watcher *heads[CHANGES_HEADS];
};

bool changes_open(struct changes **ret, struct error *e)
{
	struct changes *c = calloc(1, sizeof *c);

	if (c == NULL)
		return fail(e, FAULT_LATER, "open the change feed: out of memory");
	lock_init(&c->lock, RANK_CHANGES);
	*ret = c;
	return true;
}

void changes_close(struct changes *c)
{
	if (c == NULL)
		return;
	lock_done(&c->lock);
	free(c);
}

static struct watcher **head_of(struct changes *c, struct id folder)
{
	return &c->heads[table_hash(id_slice(&folder)) % CHANGES_HEADS];
}

void changes_watch(struct changes *c, struct watcher *w, struct id folder)
{
	struct watcher **head = head_of(c, folder);

	HOLDING(&c->lock);
	invariant(!w->is_on);
	w->folder = folder;
	w->previous = NULL;
	w->next = *head;
	if (*head != NULL)
		(*head)->previous = w;
	*head = w;
	w->is_on = true;
}

void changes_unwatch(struct changes *c, struct watcher *w)
{
	HOLDING(&c->lock);
	if (!w->is_on)
		return;
	if (w->previous != NULL)
		w->previous->next = w->next;
	else
		*head_of(c, w->folder) = w->next;
	if (w->next != NULL)
		w->next->previous = w->previous;
	w->is_on = false;
}

void changes_tell(struct changes *c, struct id folder)
{
	HOLDING(&c->lock);
	for (struct watcher *w = *head_of(c, folder); w != NULL; w = w->next) {
		if (id_same(w->folder, folder))
			w->wake(w);
	}
}
