/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * check - reads a whole data directory that nobody serves from, and says what does not fit together.
 *
 * Beyond the store's own checksums: every entry and spool item has its body, of the right length; heads count what is
 * in their folders; every mailbox has a head, and every folder an owner; shared bodies know how many share them;
 * domains count their accounts and aliases. With may_salvage it puts counts right, removes what cannot be read, entries
 * without a body, and bodies without an entry.
 * Not here: opening the store (read-only will do without may_salvage).
 * Memory: about 100 bytes a message.
 */
#include "store/store.h"

/* One finding in words: "folder '01jd…': its head counts 7 messages, there are 6". */
typedef void mail_check_fn(void *context, struct slice what);
struct mail_check_result {
	uint64_t domains, accounts, aliases, folders, messages, spool_items, bodies;
	uint64_t findings, mended;
	uint64_t mailboxes; /* with a name, INBOX not among them */
};
MUST_CHECK bool mail_check(struct store *store, bool may_salvage, mail_check_fn *report,
	void *context, struct mail_check_result *ret, struct error *e);
