/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * roster - all mailboxes that a session may know of, as they are at one moment, in the order of their names' bytes.
 *
 * Also names that are no mailboxes: those above a mailbox, and subscribed ones that do not exist. Of other people's
 * mailboxes those that may be looked up (place.h), and what they have below them as far as that may be looked up.
 * Owns: its rows and names, in an arena of its own; a session with many mailboxes reads one for each LIST.
 * Limits: ROSTER_ARENA_BYTES.
 */
#include "mail/mailbox.h"
#include "session/imap/imap.h"
#include "syntax/imap_acl.h"

enum {
	/* LIMIT_MAILBOXES and LIMIT_SUBSCRIPTIONS names of full length take 24 MB; and as much of others */
	ROSTER_ARENA_BYTES = 48 << 20,
	ROSTER_OWN_NAMES = 30001, /* all of them at once: one moment */
};

struct roster_row {
	struct mailbox box; /* its name is what this session calls it; an id of zero: no mailbox */
	struct id account;  /* the owner */
	unsigned rights;    /* bits of enum imap_right that this session has */
};
struct roster {
	struct roster_row *at;
	size_t count, room;
	struct arena arena;
};
#define auto_roster ON_EXIT(roster_done) struct roster

MUST_CHECK bool roster_read(struct imap *s, bool with_others, struct roster *ret, struct error *e);
void roster_done(struct roster *r);
static inline bool roster_is_box(const struct roster_row *row)
{
	return !id_is_zero(row->box.id);
}
/* NULL: no such name. */
const struct roster_row *roster_find(const struct roster *r, struct slice name);
/* The first name that is not before `name` (with '/' behind it when is_below). */
size_t roster_from(const struct roster *r, struct slice name, bool is_below);
