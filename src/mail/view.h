/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * view - one session's picture of a folder: which message has which number, as the client was told.
 *
 * The folder moves on with every commit of anybody; the picture moves only with view_refresh(), when the protocol
 * allows it: EXISTS and FETCH (flags) at any time, EXPUNGE only when `may_expunge` (RFC 9051 7.5.1: never in an answer to
 * FETCH, STORE or SEARCH). Until then a message that is gone keeps its number; reading it says that it is not there.
 * Flags of one's own STORE come back as news too, unless view_own_flags() was told first.
 * Memory: ranges of UIDs, see uids.h. A refresh after little has happened costs as little: the folder remembers its
 * last FOLDER_EVENTS changes; a view that is further behind reads the entries (nothing is ever missed).
 * Threads: one user (its session). A view keeps its folder open.
 */
#include "base/arena.h"
#include "mail/folder.h"
#include "mail/uids.h"

enum { VIEW_FLAGGED_MAX = 1000 /* entries of one view_refresh; LIMIT_SCAN_ROWS */ };

struct view {
	struct folder *folder; /* owned */
	struct uids uids;      /* what the client was told; uids_seq, uids_at, uids_size */
	struct uids gone;      /* of them: removed, and the client was not told yet */
	uint32_t uid_next;     /* all below it are either in uids or not there */
	uint32_t uid_recent;   /* UIDs from it on are \Recent in this session */
	uint64_t modseq;       /* every change up to it was told: HIGHESTMODSEQ for this client */
	bool is_read_only;     /* EXAMINE */
	/* view.c's own: */
	uint64_t exact_modseq;            /* as of the last look at the folder */
	uint32_t uid_known;               /* messages below it had been told when `modseq` was */
	uint32_t flags_after, flags_last; /* where flags may be owed; last 0: nowhere */
	uint64_t flags_modseq;            /* what modseq becomes when they are told */
	uint32_t flags_uid;               /* and uid_known */
	bool is_scanning;                 /* a refresh was cut short (is_more) */
	struct entry_page page;
	uint64_t *own; /* modseqs of our own changes, which are no news; ascending */
	size_t own_count, own_room;
	bool is_gone; /* the mailbox was deleted: nothing more will come */
	/* Where flags changed since whoever reads it set it to 0, by oneself too; first 0: nowhere. */
	uint32_t touched_first, touched_last;
};

/* Takes the folder over (closes it in view_close), also when it fails. For SELECT (takes the \Recent marks, RFC 3501
 * 2.3.2) or, with is_read_only, EXAMINE. */
MUST_CHECK bool view_open(struct view *v, struct folder *f, bool is_read_only, struct error *e);
void view_close(struct view *v);

/* A run of messages that vanished; their numbers as they were before this refresh. Report them from the last run to
 * the first and each from seq_last down to seq_first, then no number moves before it is used; or as VANISHED: every UID
 * from uid_first to uid_last was a message of the view (RFC 7162 3.2.10.2: the client counts one less for each). */
struct view_gone {
	uint32_t uid_first, uid_last, seq_first, seq_last;
};
struct view_news {
	uint32_t exists_before; /* after the removals of this refresh */
	uint32_t exists;        /* larger: say EXISTS */
	struct view_gone *gone; /* in the arena, ascending */
	size_t gone_count;
	/* known messages with other flags; borrowed until the next call */
	const struct entry *flagged;
	size_t flagged_count;
	bool is_more; /* call again now: more flags */
	bool is_gone; /* the mailbox was deleted */
};
/* Moves the view on. Cheap, without I/O, when nothing has happened. */
MUST_CHECK bool view_refresh(
	struct view *v, bool may_expunge, struct arena *a, struct view_news *ret, struct error *e);
/* Tells what vanished and was not told, as of the last view_refresh(); reads nothing. */
MUST_CHECK bool view_tell_gone(
	struct view *v, struct arena *a, struct view_news *ret, struct error *e);
/* Would view_refresh() bring news? Before a session parks and after it was woken. No I/O. When not, it also gives back the
 * memory of the last refresh (its `flagged`). */
bool view_has_news(struct view *v);
/* Our own change with this modseq is not to come back as news (STORE.SILENT, or told already). */
void view_own_flags(struct view *v, uint64_t modseq);
/* Does the client know the flags that this change left: was it told, or did it make them itself? When not, a change of its own on
 * top of it must be told with all flags, for it would hide the other one (RFC 9051 6.4.6, on .SILENT). */
bool view_knows_flags(const struct view *v, uint64_t modseq);

/*
 * QRESYNC (RFC 7162 3.2.5): which of the UIDs `known` (empty: all below UIDNEXT) are not in the view because they vanished
 * after `modseq`. When the folder's log does not reach so far back, all that are not there: more than needed, which the
 * RFC allows. Right after view_open().
 */
MUST_CHECK bool view_vanished_since(struct view *v, uint64_t modseq, const struct uids *known,
	struct uids *ret, struct error *e);
/* UID of the first message without \Seen, 0: none. RFC 3501 6.3.1. */
MUST_CHECK bool view_first_unseen(struct view *v, uint32_t *ret_uid, struct error *e);
/* How many messages of the view are \Recent. */
uint32_t view_recent_count(const struct view *v);
