/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * changes - tells whoever watches a folder that it changed; called right after the commit.
 * One of the two calls that go up: `wake` is set by cmd/serve to pool_wake.
 */
#include "mail/folder.h"

struct changes;
struct watcher {
	void (*wake)(struct watcher *w);
	struct id folder;
	struct watcher *next, *previous;
	bool is_on;
};
void changes_watch(struct changes *c, struct watcher *w, struct id folder);
void changes_unwatch(struct changes *c, struct watcher *w);
void changes_tell(struct changes *c, struct id folder);
