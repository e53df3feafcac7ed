/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * place - whose mailbox a name means, and what this session may do with it. RFC 4314, RFC 2342.
 *
 * A name without the prefix is the session's own. "Other Users/bob@a.example/Work" is what bob@a.example calls Work; his INBOX
 * is "Other Users/bob@a.example/INBOX". The whole address stands there, so bob@b.example is another level. An address that has
 * a '/' spans two levels.
 * Who may not look a mailbox up, and lacks the right that a command needs, is told that there is none (RFC 4314 6).
 * A name that gets longer than LIMIT_MAILBOX_NAME_BYTES so cannot be said, and is not shown.
 * \Seen is one flag for all who read a mailbox: `s` is the right to change it for everybody.
 */
#include "mail/acl.h"
#include "session/imap/mailbox.h"

#define PLACE_OTHERS "Other Users"

struct place {
	struct slice told; /* as the session calls it */
	bool is_own;
	struct id account;  /* the owner */
	struct slice owner; /* his address */
	struct slice name;  /* as the owner calls it */
	unsigned rights;    /* bits of enum imap_right; own: all */
};

/* Is it below "Other Users", or that itself? */
bool place_is_foreign(struct slice name);
/* The session as a reader of what others share; looked up once. */
MUST_CHECK bool place_reader(struct imap *s, const struct acl_reader **ret, struct error *e);
/* "Other Users/bob@a.example/Work"; .at NULL: no memory. */
struct slice place_told(struct arena *a, struct slice owner, struct slice name);

/* What the name means; texts live in the arena of the command. MAILBOX_MISSING: also when the session may do nothing there.
 * An own name is not looked up: it may be missing all the same. */
enum mailbox_answer place_find(
	struct imap *s, struct slice name, struct place *ret, struct error *e);
/* The same, with a right that it must have: MAILBOX_DENIED when it may look it up only. */
enum mailbox_answer place_need(
	struct imap *s, struct slice name, unsigned right, struct place *ret, struct error *e);
/* A name that a mailbox is to get: the right to create below the nearest mailbox above it. */
enum mailbox_answer place_to_create(
	struct imap *s, struct slice name, struct place *ret, struct error *e);
enum mailbox_answer place_open(
	struct imap *s, const struct place *place, struct folder **ret, struct error *e);

/* ---- The selected mailbox ---- */

/* What this session may do in it. */
bool imap_may(const struct imap *s, unsigned right);
/* Looks at the rights again, when it is somebody else's. False: it may not be read any more. */
MUST_CHECK bool imap_rights_renew(struct imap *s);
/* Of flags, those that may be changed. */
uint32_t imap_flags_allowed(unsigned rights, uint32_t flags);
