/* SPDX-License-Identifier: MIT */
#include "mail/changes.h"

#include "base/lock.h"
#include "mail/parts.h"
#include "mail/table.h"

#include <stdlib.h>
#include <string.h>

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

static void watcher_add(struct changes *c, struct watcher *w, struct id id, bool is_of_account)
{
	struct watcher **head = head_of(c, id);

	HOLDING(&c->lock);
	invariant(!w->is_on);
	w->folder = id;
	w->is_of_account = is_of_account;
	w->previous = NULL;
	w->next = *head;
	if (*head != NULL)
		(*head)->previous = w;
	*head = w;
	w->is_on = true;
}

void changes_watch(struct changes *c, struct watcher *w, struct id folder)
{
	watcher_add(c, w, folder, false);
}

void changes_watch_account(struct changes *c, struct watcher *w, struct id account)
{
	watcher_add(c, w, account, true);
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

static void note(struct change_notes *n, struct id folder)
{
	if (id_is_zero(folder)) {
		n->has_names = true;
		return;
	}
	for (size_t i = 0; i < n->folder_count; i++)
		if (id_same(n->folders[i], folder))
			return;
	if (n->folder_count < LIMIT_CHANGE_FOLDERS)
		n->folders[n->folder_count++] = folder;
	else
		n->is_all = true;
}

static bool notes_are_empty(const struct change_notes *n)
{
	return n->folder_count == 0 && !n->is_all && !n->has_names && n->entries == NULL &&
	       !n->has_lost;
}

void change_notes_done(struct change_notes *n)
{
	while (n->entries != NULL) {
		struct change_entry *entry = n->entries;

		n->entries = entry->next;
		free(entry);
	}
	n->entry_count = 0;
}

static bool has_entry(const struct change_notes *n, struct id folder, struct slice name)
{
	for (const struct change_entry *it = n->entries; it != NULL; it = it->next)
		if (id_same(it->folder, folder) &&
			slice_same((struct slice){ it->name, it->len }, name))
			return true;
	return false;
}

static void note_entry(struct change_notes *n, struct id folder, struct slice name)
{
	struct change_entry *entry;

	if (has_entry(n, folder, name))
		return;
	entry = n->entry_count < LIMIT_CHANGE_ENTRIES ? malloc(sizeof *entry + name.len) : NULL;
	if (entry == NULL) {
		n->has_lost = true;
		return;
	}
	entry->folder = folder;
	entry->len = name.len;
	memcpy(entry->name, name.at, name.len);
	entry->next = n->entries;
	n->entries = entry;
	n->entry_count++;
}

bool changes_take(struct changes *c, struct watcher *w, struct change_notes *ret)
{
	HOLDING(&c->lock);
	*ret = *w->notes;
	*w->notes = (struct change_notes){ .folder_count = 0 };
	return !notes_are_empty(ret);
}

bool changes_has(struct changes *c, const struct watcher *w)
{
	HOLDING(&c->lock);
	return !notes_are_empty(w->notes);
}

/* An INBOX has its account's id, so which of both a watcher means is looked at too. Under the lock. */
static void wake_all(struct changes *c, struct id id, bool is_of_account, struct id folder)
{
	for (struct watcher *w = *head_of(c, id); w != NULL; w = w->next) {
		if (w->is_of_account != is_of_account || !id_same(w->folder, id))
			continue;
		if (w->notes != NULL)
			note(w->notes, folder);
		w->wake(w);
	}
}

void changes_tell(struct changes *c, struct id folder, struct id account)
{
	HOLDING(&c->lock);
	wake_all(c, folder, false, folder);
	wake_all(c, account, true, folder);
}

static bool is_for(const struct watcher *w, const struct change_of_entry *change)
{
	return w->is_of_account && id_same(w->folder, change->account) && w->wants_entries &&
	       w->origin != change->origin &&
	       (id_is_zero(change->reader) || id_same(w->reader, change->reader));
}

void changes_tell_entry(struct changes *c, const struct change_of_entry *change)
{
	HOLDING(&c->lock);
	for (struct watcher *w = *head_of(c, change->account); w != NULL; w = w->next) {
		if (!is_for(w, change))
			continue;
		note_entry(w->notes, change->folder, change->name);
		w->wake(w);
	}
}
