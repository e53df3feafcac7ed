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
#include "mail/uids.h"

enum {
	FOLDERS_IDLE_MAX = 1000,    /* open heads kept though nobody uses them; 250 bytes each */
	FOLDER_REMOVE_MAX = 100000, /* UIDs in one removal list; 300 KB of LIMIT_COMMIT_BYTES */
	/* no bodies in entries: listing 1,000 entries would read them all */
	ENTRY_INLINE_BYTES = 0,
	ENTRY_VALUE_BYTES = 4096, /* an entry without body; a prefix is under 1 KiB */
	HEAD_VALUE_BYTES = 256,   /* twenty numbers of at most ten bytes */
	/* lazy changes that a power cut may have taken back since the last sync */
	MODSEQ_SKIP = 1000,
	VANISHED_ROWS = 1000,   /* removals a folder remembers for QRESYNC */
	VANISHED_RANGES = 6000, /* of one removal: 60,000 bytes, under LIMIT_VALUE_BYTES */
};

struct folder_head {
	uint64_t version; /* of the partition; 0: nothing is written yet */
	uint32_t uid_validity, uid_next;
	uint32_t uid_low;    /* no entry has a smaller UID */
	bool is_gone;        /* the account or mailbox was removed: takes no mail any more */
	bool is_logged;      /* IMAP has looked at it: removals are noted for QRESYNC */
	bool has_structures; /* see structures.h */
	uint64_t count, bytes, modseq;
	uint64_t unseen, deleted, deleted_bytes;
	uint32_t uid_recent;     /* UIDs from it on no session has seen */
	uint32_t uid_unseen;     /* no smaller UID is without \Seen */
	uint64_t vanished_floor; /* removals after this modseq are all in the log "v<folder id>" */
	uint64_t vanished_rows;
};

/* A change that views (view.h) may have to tell: flags of some of first..last, or UIDs that are gone. */
struct folder_event {
	uint64_t modseq;
	uint32_t first, last;
	struct uids *gone; /* NULL: flags */
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
	struct id id, account;
	/* under folders->lock: */
	unsigned users;     /* handles */
	unsigned in_flight; /* commits that were submitted and have not landed */
	bool is_loaded, is_loading, is_broken, is_removing, is_maildrop_locked;
	struct folder_head next, committed;
	uint32_t *removing; /* the removal list on disk, ascending: hidden from readers */
	size_t removing_count;
	struct folder *idle_before, *idle_after;
	struct folder_keywords *keywords; /* NULL: none; its texts are ours */
	uint64_t modseq_skip;             /* added to the next modseq, once */
	struct folder_event *events;      /* by modseq; NULL while nobody has viewed it */
	size_t event_count, event_room;
	uint64_t events_floor; /* all changes after this modseq are in events */
	struct uids known;     /* what is in the folder as of known_modseq */
	uint64_t known_modseq;
	uint32_t known_uid_next;
	bool has_known;
};

MUST_CHECK bool head_encode(const struct folder_head *h, struct buf *out);
MUST_CHECK bool head_decode(struct slice value, struct folder_head *ret);
MUST_CHECK bool entry_encode(const struct entry *entry, struct buf *out);
MUST_CHECK bool entry_decode(struct slice key, struct slice value, struct entry *ret);
/* What a head says with one entry more, or one less. */
void head_add_entry(struct folder_head *h, const struct entry *entry);
void head_take_entry(struct folder_head *h, const struct entry *entry);
/* The removal list as values of the keys "r0", "r1", … of the head's partition. */
enum { REMOVAL_CHUNK_UIDS = 10000 /* 50 KB at most, under LIMIT_VALUE_BYTES */ };
MUST_CHECK bool removal_encode(const uint32_t *uids, size_t count, struct buf *out);
MUST_CHECK bool removal_decode(struct slice value, uint32_t **uids, size_t *count);
struct key removal_key(size_t number);

/* Makes the folder usable: waits while it is broken or being loaded, loads it when need be. No lock held. */
MUST_CHECK bool folder_ready(struct folder *f, struct error *e);
/* The rest with folders->lock held. */
bool folder_is_ready(const struct folder *f);
/* The modseq of the change that is being made. */
uint64_t folder_modseq_next(const struct folder *f);
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
	uint64_t bytes;                          /* of the messages in the list */
	uint64_t unseen, deleted, deleted_bytes; /* the same */
	bool is_lazy, is_gone;
	const struct uids *gone; /* the list again, to be noted for IMAP; may be NULL */
	uint64_t modseq;         /* result */
};
MUST_CHECK bool folder_head_write(struct folder *f, struct head_change *change, struct error *e);
/* What is hidden from now on; room is the memory for it, taken over. */
void folder_list_set(struct folder *f, const uint32_t *uids, size_t count, uint32_t *room);
/* Goes on with a removal list that was left; the caller has the removing turn. */
MUST_CHECK bool folder_remove_go_on(struct folder *f, struct error *e);
/* Closes the folder for good and removes all its messages; its head stays and says so. */
MUST_CHECK bool folder_remove_whole(
	struct folders *all, struct id account, struct id id, struct error *e);
MUST_CHECK bool folder_turn_take(struct folder *f, struct error *e);
void folder_turn_drop(struct folder *f);

/*
 * One transaction over one or two folders, tried until it landed. `build` runs under the folders' lock, with `after` = `next`
 * and a version more: it changes `after`, calls folder_write_heads() first and adds its own commits. It may run several
 * times. WRITE_STOP: it found an answer, nothing is written.
 */
enum write_step { WRITE_GO, WRITE_STOP, WRITE_FAILED };
struct folder_write {
	struct folder *at[2];
	size_t count;
	size_t commit_max, drop_max; /* of build's own, beside the heads */
	size_t head_set_max,
		head_remove_max; /* keys of build's own in the first folder's head partition */
	const char *what;        /* for errors: "set flags" */
	bool is_lazy, is_silent; /* silent: watchers are not told */
	struct folder_head after[2];
	bool is_stopped;  /* result */
	bool is_in_doubt; /* result, of a failure: blobs that it refers to must stay */
	/* Before each try, without the lock: to read again what others may have changed. May be NULL. */
	bool (*prepare)(struct folder_write *w, struct error *e);
	enum write_step (*build)(struct folder_write *w, struct batch *b, struct error *e);
	void (*undo)(struct folder_write
			*w); /* of what build did in memory: it did not land; may be NULL */
	/* It was submitted, still under the lock: the place for folder_event_*(). May be NULL. */
	void (*departed)(struct folder_write *w);
	void *context;
	const struct store_chunk *chunks;
	size_t chunk_count;
};
MUST_CHECK bool folder_write_run(struct folder_write *w, struct error *e);
void folder_write_heads(struct folder_write *w, struct batch *b);

/* Under the folders' lock, once the change with this modseq was submitted. Without memory, views look for themselves. */
void folder_event_flags(struct folder *f, uint64_t modseq, uint32_t first, uint32_t last);
void folder_event_gone(struct folder *f, uint64_t modseq, const struct uids *gone);
/* Under the lock: from now on events are kept. False: no memory. */
MUST_CHECK bool folder_events_begin(struct folder *f);
/* Under the lock: forgets all; whoever looks back has to read. */
void folder_events_clear(struct folder *f);
/* Under the lock: is the past since then in the events? */
bool folder_events_reach(const struct folder *f, uint64_t modseq);
/*
 * Under the lock: moves a set of UIDs from one moment to now (committed). Adds what is gone to *gone when it is not NULL, else
 * takes it away from the set. False: the events do not reach so far back, or there is no memory.
 */
MUST_CHECK bool folder_events_apply(const struct folder *f, struct uids *set, uint32_t *uid_next,
	uint64_t *modseq, struct uids *gone);
/* The folder's UIDs right now, read when need be. No lock held. */
MUST_CHECK bool folder_known(struct folder *f, struct uids *ret, uint32_t *ret_uid_next,
	uint64_t *ret_modseq, struct error *e);

/* The log of removals, partition "v<folder id>", key = modseq. What the head has to say of one more (with its modseq in it): */
void vanished_note(struct folder_head *after, const struct uids *gone);
/* and the row itself, at most one commit. */
void vanished_stage(const struct folder *f, const struct folder_head *after,
	const struct uids *gone, struct batch *b);
/* Makes room in it before; under the turn. */
MUST_CHECK bool vanished_trim(struct folder *f, struct error *e);
/* What was removed after `modseq`; *ret_all false: the log does not reach so far back. */
MUST_CHECK bool vanished_since(
	struct folder *f, uint64_t modseq, struct uids *ret, bool *ret_all, struct error *e);

MUST_CHECK bool keywords_encode(const struct folder_keywords *k, struct buf *out);
/* Adds the names after the first ret->count of the value, copied, to *ret. */
MUST_CHECK bool keywords_decode(struct slice value, struct folder_keywords *ret);
void keywords_done(struct folder_keywords *k);
