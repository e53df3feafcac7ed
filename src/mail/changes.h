/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * changes - tells whoever watches a folder, or a whole account, that something changed; called right after the commit.
 * One of the two calls that go up: `wake` is set by cmd/serve to pool_wake. What changed is not said: look, e.g. with
 * view_refresh(). A watcher of an account hears of all its folders and of its mailboxes' names (NOTIFY, RFC 5465).
 * `wake` runs under changes' lock: it may not call changes_*.
 */
#include "mail/folder.h"

struct changes;
struct watcher {
	void (*wake)(struct watcher *w);
	struct id folder; /* or account */
	struct watcher *next, *previous;
	bool is_on, is_of_account;
};
void changes_watch(struct changes *c, struct watcher *w, struct id folder);
void changes_watch_account(struct changes *c, struct watcher *w, struct id account);
void changes_unwatch(struct changes *c, struct watcher *w);
void changes_tell(struct changes *c, struct id folder, struct id account);
