/* SPDX-License-Identifier: MIT */
#pragma once
/* metadata_parts - how entries stand in the store. Only for metadata*.c, mailbox_remove.c and check*.c. */
#include "base/limits.h"
#include "mail/keys.h"
#include "mail/metadata.h"

enum {
	METADATA_KEY_BYTES = ID_BYTES + 1 + ID_BYTES + LIMIT_IMAP_ENTRY_BYTES,
	METADATA_SUM_BYTES = 48,
};

struct metadata_count {
	uint64_t entries, bytes; /* of keys and values as they are stored */
};
/* What an account has: its own and what is shared; and what other people noted for themselves about its mailboxes. */
struct metadata_sum {
	struct metadata_count own, others;
};
MUST_CHECK bool metadata_value_encode(struct slice value, struct buf *out);
MUST_CHECK bool metadata_value_decode(struct slice stored, struct slice *ret);
MUST_CHECK bool metadata_sum_encode(const struct metadata_sum *sum, struct buf *out);
MUST_CHECK bool metadata_sum_decode(struct slice stored, struct metadata_sum *ret);
/* A row more, or one less. */
void metadata_sum_add(
	struct metadata_sum *sum, struct id owner, struct slice key, struct slice stored);
void metadata_sum_take(
	struct metadata_sum *sum, struct id owner, struct slice key, struct slice stored);
/* With its version; all zero when there is none. */
MUST_CHECK bool metadata_sum_read(struct store *store, struct id account, struct metadata_sum *ret,
	uint64_t *ret_version, struct error *e);
/* Removes what hangs on a folder; again and again does no harm. */
MUST_CHECK bool metadata_remove_folder(
	struct store *store, struct id account, struct id folder, struct error *e);
