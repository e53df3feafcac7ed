/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * changes - tells whoever watches a folder, or a whole account, that something changed; called right after the commit.
 * One of the two calls that go up: `wake` is set by cmd/serve to pool_wake. How it changed is not said: look, e.g. with
 * view_refresh(). A watcher of an account hears of all its folders and of its mailboxes' names (NOTIFY, RFC 5465); with
 * `notes` it also learns which folders they were since it last took them.
 * `wake` runs under changes' lock: it may not call changes_*.
 */
#include "mail/folder.h"

enum {
	/* folders noted between two looks; a session that is woken each time has one or two */
	LIMIT_CHANGE_FOLDERS = 16,
	/* entries of METADATA, likewise; they cannot be found out by looking, so more are reported lost */
	LIMIT_CHANGE_ENTRIES = 200,
};

struct change_entry {
	struct change_entry *next;
	struct id folder; /* zero: of the server */
	size_t len;
	char name[]; /* "/shared/comment" */
};

struct change_notes {
	struct id folders[LIMIT_CHANGE_FOLDERS]; /* each once */
	size_t folder_count;
	bool is_all;                  /* and others, which found no room: look at all */
	bool has_names;               /* names of mailboxes, subscriptions or rights changed */
	struct change_entry *entries; /* newest first */
	size_t entry_count;
	bool has_lost; /* entries */
};
void change_notes_done(struct change_notes *n);

struct changes;
struct watcher {
	void (*wake)(struct watcher *w);
	struct id folder; /* or account */
	struct watcher *next, *previous;
	bool is_on, is_of_account;
	bool wants_entries;
	struct id reader;           /* whose /private entries are told, too */
	const void *origin;         /* whose own entries are no news; see changes_tell_entry() */
	struct change_notes *notes; /* of an account; under changes' lock; NULL: not wanted */
};
void changes_watch(struct changes *c, struct watcher *w, struct id folder);
void changes_watch_account(struct changes *c, struct watcher *w, struct id account);
void changes_unwatch(struct changes *c, struct watcher *w);
/* folder all zero: the account's names, subscriptions or rights. */
void changes_tell(struct changes *c, struct id folder, struct id account);
/* Somebody set or removed an entry of METADATA; a /private one is told to watchers of this reader only. Watchers with this
 * origin are left out. */
struct change_of_entry {
	const void *origin;
	struct id account, folder; /* the owner; zero: the server */
	struct id reader;          /* zero: the entry is /shared */
	struct slice name;
};
void changes_tell_entry(struct changes *c, const struct change_of_entry *change);
/* Moves what was noted to *ret, for change_notes_done(). False: nothing was. */
bool changes_take(struct changes *c, struct watcher *w, struct change_notes *ret);
/* Is something noted? */
bool changes_has(struct changes *c, const struct watcher *w);
