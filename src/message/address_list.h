/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * address_list - reads a From, To or Cc value as an IMAP ENVELOPE needs it: every entry, also the broken ones.
 *
 * header_addresses() is the strict reader, which says no; this one never does: what has no "<" and no "@" becomes a
 * mailbox without domain, an angle address without mailbox keeps its name.
 */
#include "base/buf.h"
#include "base/cursor.h"

enum address_entry_kind { ADDRESS_MAILBOX, ADDRESS_GROUP, ADDRESS_GROUP_END };

/* Texts without quotes, comments and folds; .at of the flags says which are there. */
struct address_entry {
	enum address_entry_kind kind;
	bool has_name, has_route, has_mailbox, has_domain;
	struct buf name, route, mailbox, domain; /* of a group: its name is in `mailbox` */
};
void address_entry_init(struct address_entry *e);
void address_entry_done(struct address_entry *e);

struct address_list {
	struct cursor cursor;
	bool in_group;
};
struct address_list address_list_over(struct slice value);
/* *ret_is_end: no entry is left. False: out of memory. */
MUST_CHECK bool address_list_next(
	struct address_list *l, struct address_entry *e, bool *ret_is_end);
