/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * context - searches whose changes are pushed: RETURN (UPDATE) of SEARCH, SORT and ESEARCH, and CANCELUPDATE. RFC 5267.
 *
 *   context.c         begins, ends, forgets them
 *   context_tell.c    finds what changed, and says ADDTO and REMOVEFROM
 *   context_order.c   the places of SORT
 *
 * A context keeps the command's keys and which messages match. When the session tells news (after a command, in IDLE) it
 * looks again at the messages that are new or whose flags changed, its own changes too, and at no other; SORT finds the
 * places by halving, reading the records of some 17 messages of 100,000. Memory: the keys, 12 bytes a run of matching
 * messages, and for SORT 4 bytes a message.
 * UPDATE may name items that are fetched of each new message that matches, before ADDTO: RFC 5465 7.
 * The CONTEXT option is only a hint, and is not needed here.
 * Limits, all answered with NOUPDATE: CONTEXTS_MAX of one session, of them CONTEXTS_SORTED_MAX of SORT, each of
 * CONTEXT_SORTED_ROWS messages at most; OLDER and YOUNGER, whose results change by themselves.
 */
#include "session/imap/result.h"

enum {
	CONTEXTS_MAX = 16, /* a view each; each is tried on each change */
	CONTEXTS_SORTED_MAX = 4,
	CONTEXT_SORTED_ROWS = 250000, /* 1 MB */
};

struct context {
	struct context *next;
	char *tag;
	bool is_uid;
	bool is_of_esearch; /* its answers name the mailbox: RFC 7377 2.1 */
	struct arena arena; /* the command's words and keys */
	struct imap_search given;
	struct search q;
	struct uids found;
	uint32_t *order; /* SORT: the same in their order */
	size_t room;     /* of order */
};

/* Before the search. False: the tag has a context already, BAD was said, *ret_next follows. */
MUST_CHECK bool context_may_begin(
	struct imap *s, const struct imap_search *given, enum next *ret_next);
/* After it: keeps the result, if UPDATE was asked for, or says NOUPDATE. The parser reads the command's arguments again. */
typedef bool context_parse_fn(struct imap_parse *p, struct slice args, struct imap_search *ret);
void context_begin(const struct result *r, context_parse_fn *parse, struct slice args);
/* "* NO [NOUPDATE "tag"] why" */
void context_refuse(struct imap *s, struct slice why);
/* The mailbox is left. */
void contexts_forget(struct imap *s);
/* After the view moved on without telling what is gone: says what changed, then what is gone if it may. False: the session
 * ends. */
MUST_CHECK bool contexts_tell(struct imap *s);
/* The name of the selected mailbox as it is now, in the arena; empty: it has none any more. */
struct slice context_mailbox(struct imap *s);

/* ---- For context_tell.c and context_order.c ---- */

/* What became of one context. */
struct context_change {
	struct imap *s;
	struct context *c;
	struct uids now; /* what matches, of the messages that were looked at */
	struct uids removed, added;
	struct slice mailbox;
	bool has_head; /* the answer's beginning was said */
	bool is_short; /* no memory */
};
/* Says the beginning of its answer, once. */
void context_answer(struct context_change *h);
uint32_t context_number(const struct context_change *h, uint32_t uid);
/* SORT: takes `removed` out of the order, and puts `added` in, and says the places. What cannot be read is taken out of `added`.
 * False: no memory. */
void context_order_remove(struct context_change *h);
MUST_CHECK bool context_order_add(struct context_change *h);
