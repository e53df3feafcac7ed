/* SPDX-License-Identifier: MIT */
#pragma once
/* imap_client - a client of the tests that knows of a mailbox only what its view told it. */
#include "imap_world.h"

enum { LIST_MAX = 2000 };

struct told {
	uint32_t uid, flags;
	uint64_t keywords;
};

struct client {
	struct view view;
	unsigned box;
	struct told list[LIST_MAX]; /* message n is list[n - 1] */
	uint32_t count;
};

/* What was told of a UID; NULL: nothing. */
struct told *client_find(struct client *c, uint32_t uid);
/* What EXISTS brings, the client fetches. */
void client_fetch_new(struct client *c, uint32_t exists);
/* One refresh, followed as a client would; returns whether there is more. */
bool client_refresh(struct client *c, bool may_expunge);
/* The list must be the mailbox. */
void client_compare(struct client *c);
/* Refreshes until all was told, and compares. */
void client_catch_up(struct client *c);
/* RFC 7162 3.2.5: the client was away since `modseq`, and its view was opened again; only what is needed comes, and
 * afterwards it knows everything. */
void client_return(struct client *c, uint64_t modseq);
