/* SPDX-License-Identifier: MIT */
#pragma once
/* acl_parts - how lists of rights stand in the store. Only for acl*.c, mailbox*.c and check*.c. */
#include "mail/acl.h"
#include "mail/mailbox_parts.h"

enum {
	SHARE_VALUE_BYTES = 32 + LIMIT_ADDRESS_BYTES,
};

MUST_CHECK bool acl_encode(const struct acl *acl, struct buf *out);
/* Everything is in the arena. False: damaged, or no memory. */
MUST_CHECK bool acl_decode(struct slice value, struct arena *a, struct acl *ret);
/* Who owns the mailbox that a row of "g…" names. */
struct share {
	struct id owner;
	struct slice owner_address;
};
MUST_CHECK bool share_encode(const struct share *share, struct buf *out);
MUST_CHECK bool share_decode(struct slice value, struct share *ret);

/* New mailboxes get the list of the nearest one above: their rows, in commit 0, */
const struct acl *naming_inherited(const struct naming *n, struct slice name);
void naming_acl_set(struct naming *n, struct id folder, const struct acl *acl);
/* and after naming_heads() those by which others find them; at most LIMIT_ACL_ENTRIES commits. */
void naming_shares_add(
	struct naming *n, const struct acl *acl, const struct newborn *born, size_t count);
/* A mailbox goes: takes away by which others found it. */
void shares_remove(struct batch *b, const struct acl *acl, struct id folder);
