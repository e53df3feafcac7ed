/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * folder_head - how folders and entries are written, and the folder in memory. Only for folder*.c, intake*.c, quota.c
 * and check.c.
 *
 * A folder has two heads in memory. `committed` is what readers see. `next` runs ahead of the disk: whoever changes
 * the folder takes the lock, starts from `next`, submits a commit that expects its version, advances `next`, lets go
 * and waits. The store keeps the order of submits, so several mails for one folder share a sync. When one of them
 * fails all after it get CONFLICT: the folder is broken until nobody waits any more, then its head is read again.
 *
 *   folder_ready() -> lock -> folder_is_ready()? -> folder_stage(), batch_submit(), folder_depart() -> unlock
 *                  -> store_wait() -> lock -> folder_land()
 *
 * One lock for all folders (RANK_FOLDERS) is held while a mail is staged and submitted, so that a mail for many
 * folders needs no order among their locks; it costs a few microseconds a mail and no I/O.
 */
#include "base/lock.h"
#include "mail/batch.h"
#include "mail/folder.h"
#include "mail/table.h"

enum {
	FOLDERS_IDLE_MAX = 1000,    /* open heads kept though nobody uses them; 250 bytes each */
	FOLDER_REMOVE_MAX = 100000, /* UIDs in one removal list; 300 KB of LIMIT_COMMIT_BYTES */
	ENTRY_INLINE_BYTES =
		0, /* no bodies in entries: listing 1,000 entries would read them all */
	ENTRY_VALUE_BYTES = 4096, /* an entry without body; a prefix is under 1 KiB */
};

struct folder_head {
	uint64_t version; /* of the partition; 0: nothing is written yet */
	uint32_t uid_validity, uid_next;
	uint32_t uid_low; /* no entry has a smaller UID */
	bool is_gone;     /* the account was removed: takes no mail any more */
	uint64_t count, bytes, modseq;
};

struct folders {
	struct store *store;
	const struct clock *clock;
	struct quota *quota;
	struct changes *changes;
	struct lock lock;
	struct signal settled; /* something was loaded, landed or finished removing */
	/* under lock: */
	struct table open;
	struct folder *idle_first, *idle_last; /* longest unused first */
	size_t idle_count;
};

struct folder {
	struct table_node node; /* first, see table.h */
	struct folders *folders;
	struct id id;
	/* under folders->lock: */
	unsigned users;     /* handles */
	unsigned in_flight; /* commits that were submitted and have not landed */
	bool is_loaded, is_loading, is_broken, is_removing, is_maildrop_locked;
	struct folder_head next, committed;
	uint32_t *removing; /* the removal list on disk, ascending: hidden from readers */
	size_t removing_count;
	struct folder *idle_before, *idle_after;
};

MUST_CHECK bool head_encode(const struct folder_head *h, struct buf *out);
MUST_CHECK bool head_decode(struct slice value, struct folder_head *ret);
MUST_CHECK bool entry_encode(const struct entry *entry, struct buf *out);
MUST_CHECK bool entry_decode(struct slice key, struct slice value, struct entry *ret);
/* The removal list as values of the keys "r0", "r1", … of the head's partition. */
enum { REMOVAL_CHUNK_UIDS = 10000 /* 50 KB at most, under LIMIT_VALUE_BYTES */ };
MUST_CHECK bool removal_encode(const uint32_t *uids, size_t count, struct buf *out);
MUST_CHECK bool removal_decode(struct slice value, uint32_t **uids, size_t *count);
struct key removal_key(size_t number);

/* Makes the folder usable: waits while it is broken or being loaded, loads it when need be. No lock held. */
MUST_CHECK bool folder_ready(struct folder *f, struct error *e);
/* The rest with folders->lock held. */
bool folder_is_ready(const struct folder *f);
/* Adds the commit that makes `after` the head, with room for more sets and removes. */
void folder_stage(const struct folder *f, struct batch *b, const struct folder_head *after,
	size_t set_max, size_t remove_max);
/* It was submitted: others start from `after`. */
void folder_depart(struct folder *f, const struct folder_head *after);
/* It came back. */
void folder_land(struct folder *f, const struct folder_head *after, bool is_done);
/* Waits for a batch that starts with this folder's commit, finds out when in doubt, lands. No lock held. */
enum store_answer folder_settle(
	struct folder *f, struct batch *b, const struct folder_head *after, struct error *e);
bool folder_is_being_removed(const struct folder *f, uint32_t uid);
/* A change of the head alone, tried until it landed; the caller has the removing turn. */
struct head_change {
	const uint32_t *uids; /* the removal list to write; NULL: take the list of `count` away */
	size_t count;
	uint64_t bytes; /* of the messages in the list */
	bool is_lazy, is_gone;
};
MUST_CHECK bool folder_head_write(
	struct folder *f, const struct head_change *change, struct error *e);
/* What is hidden from now on; room is the memory for it, taken over. */
void folder_list_set(struct folder *f, const uint32_t *uids, size_t count, uint32_t *room);
/* Goes on with a removal list that was left; the caller has the removing turn. */
MUST_CHECK bool folder_remove_go_on(struct folder *f, struct error *e);
MUST_CHECK bool folder_turn_take(struct folder *f, struct error *e);
void folder_turn_drop(struct folder *f);
