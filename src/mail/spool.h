/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * spool - mail for other hosts that waits for its next attempt.
 *
 * An item is one message for one or more recipients. It is written by intake in the accepting commit, and lives until
 * every recipient is relayed or bounced. Due times are kept in memory (loaded at start), bounded.
 */
#include "base/arena.h"
#include "mail/body.h"
#include "message/envelope.h"

struct spool;
enum spool_fate { SPOOL_WAITING, SPOOL_RELAYED, SPOOL_BOUNCED };
struct spool_rcpt {
	struct slice address, orcpt;
	unsigned notify;
	enum spool_fate fate;
	struct slice last_reply;
};
struct spool_item {
	struct id id; /* of the item; the message's id is entry.message */
	struct slice reverse_path, envid;
	unsigned ret, body_type;
	bool is_utf8;
	struct entry entry; /* the bytes: body_open() */
	struct spool_rcpt *rcpts;
	size_t rcpt_count;
	uint32_t attempts;
	uint64_t queued_s, due_s; /* wall seconds */
	bool is_held;
};

/* Takes the next due item (it stays ours until done or a restart); false in *ret_found: nothing due before *ret_next_s. */
MUST_CHECK bool spool_take(struct spool *s, struct arena *a, struct spool_item *ret,
	bool *ret_found, uint64_t *ret_next_s, struct error *e);
/*
 * Writes the item's new state: gone when no recipient waits any more, else due again at due_s. After a failure it is
 * still the caller's, who tries again: what was relayed must not be sent a second time.
 */
MUST_CHECK bool spool_put_back(struct spool *s, const struct spool_item *item, struct error *e);
/*
 * Waits until something may be due, at most until_ns (monotonic): not at all when there was news since `seen`, which is
 * spool_news() from before the caller looked. Each of many waiters gets all news.
 */
uint64_t spool_news(struct spool *s);
void spool_wait(struct spool *s, uint64_t seen, uint64_t until_ns);
void spool_wake(struct spool *s);
struct spool_stats {
	uint64_t waiting, taken, held;
};
void spool_stats_get(struct spool *s, struct spool_stats *ret);
MUST_CHECK bool spool_list(struct spool *s, struct id after, size_t limit, struct arena *a,
	struct spool_item **ret, size_t *ret_count, struct error *e);
