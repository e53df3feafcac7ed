/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * shared - how many entries and spool items have one blob, counted in a partition of the blob's own.
 *
 * A count and not a key a holder: a mail for 2,000 mailboxes would not fit into LIMIT_COMMIT_KEYS. It stays right
 * because a holder and its share go in one transaction. Mails with one holder have no count at all.
 */
#include "mail/batch.h"

struct shared_drop {
	struct id blob;
	uint64_t shares;
};
struct shared_drops {
	struct shared_drop *at;
	size_t count, room;
};
#define auto_shared_drops ON_EXIT(shared_drops_done) struct shared_drops

/* A new blob with so many holders. */
void shared_stage(struct batch *b, struct id blob, uint64_t holders);
/* Collects the shares that are given up, then adds one commit a blob; the last share drops the blob. */
MUST_CHECK bool shared_drops_add(struct shared_drops *s, struct id blob, struct error *e);
MUST_CHECK bool shared_drops_stage(
	const struct shared_drops *s, struct store *store, struct batch *b, struct error *e);
void shared_drops_done(struct shared_drops *s);
/* One holder of these less; the last one drops the blob. `version` is as shared_count() said. */
void shared_leave_stage(struct batch *b, struct id blob, uint64_t holders, uint64_t version);
/* The holders on disk; 0 when there is no count. */
MUST_CHECK bool shared_count(
	struct store *store, struct id blob, uint64_t *ret, uint64_t *ret_version, struct error *e);
MUST_CHECK bool shared_encode(uint64_t holders, struct buf *out);
