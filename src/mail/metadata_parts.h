/* SPDX-License-Identifier: MIT */
#pragma once
/* metadata_parts - how entries stand in the store. Only for metadata*.c, mailbox_remove.c and check*.c. */
#include "base/limits.h"
#include "mail/keys.h"
#include "mail/metadata.h"

enum { METADATA_KEY_BYTES = ID_BYTES + 1 + ID_BYTES + LIMIT_IMAP_ENTRY_BYTES };

struct metadata_sum {
	uint64_t entries, bytes;
};
MUST_CHECK bool metadata_value_encode(struct slice value, struct buf *out);
MUST_CHECK bool metadata_value_decode(struct slice stored, struct slice *ret);
MUST_CHECK bool metadata_sum_encode(const struct metadata_sum *sum, struct buf *out);
MUST_CHECK bool metadata_sum_decode(struct slice stored, struct metadata_sum *ret);
/* What a row counts for. */
static inline uint64_t metadata_row_bytes(struct slice key, struct slice stored)
{
	return key.len + stored.len;
}
/* With its version; all zero when there is none. */
MUST_CHECK bool metadata_sum_read(struct store *store, struct id account, struct metadata_sum *ret,
	uint64_t *ret_version, struct error *e);
/* Removes what hangs on a folder; again and again does no harm. */
MUST_CHECK bool metadata_remove_folder(
	struct store *store, struct id account, struct id folder, struct error *e);
