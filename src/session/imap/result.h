/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * result - what a searching command found, and how it is told: RFC 4731 (ESEARCH), 5182 (SAVE), 5267 (ESORT), 7162 (MODSEQ),
 * 9394 (PARTIAL).
 *
 * A result is the UIDs in the order of the mailbox, and for SORT also in the order that was asked for.
 * Owns: found and order. Start with { .s, .given, .view, .has_uids }, end with result_done().
 */
#include "session/imap/search.h"

struct result {
	struct imap *s;
	const struct imap_search *given;
	const struct view *view; /* of the mailbox that was searched */
	bool has_uids;           /* told as UIDs, not as message numbers */
	struct slice mailbox;    /* its name, where that is told: RFC 7377 */
	struct uids found;
	uint32_t *order; /* SORT: the same UIDs; NULL: the order of the mailbox */
	/* of the first, the last and the highest */
	uint64_t modseq_first, modseq_last, modseq_most;
	bool is_short; /* no memory */
};

void result_done(struct result *r);
/* For search_run(): takes them as they come. `context` is the result. */
bool result_found(void *context, struct search *q);
uint32_t result_number(const struct result *r, uint32_t uid);
/* "* ESEARCH (TAG "a" MAILBOX b UIDVALIDITY 3) UID", without the mailbox when its name is empty. */
void result_put_head(
	struct imap *s, struct slice tag, struct slice mailbox, const struct view *v, bool is_uid);
/* The whole answer. False: no memory. */
MUST_CHECK bool result_put(struct result *r);
/* "$" becomes what SAVE asks for, if it does. False: no memory. */
MUST_CHECK bool result_save(struct result *r);
/* "$" is empty: what NO to a command with SAVE makes of it (RFC 5182 2.1). */
void result_forget(struct imap *s, const struct imap_search *given);
/* A command that did not parse. */
enum next result_misparsed(struct imap *s);

/* SEARCH and SORT: how its arguments are read, and what fills `found` and `order`. */
struct search_kind {
	bool (*parse)(struct imap_parse *p, struct slice args, struct imap_search *ret);
	/* False with an error: a failure; without one: there is no memory, and too_much is said. */
	bool (*find)(struct result *r, struct search *q, struct error *e);
	struct slice too_much;
};
/* The whole command: parsed, searched, kept for SAVE and CONTEXT, answered. */
enum next search_command(struct imap *s, const struct search_kind *kind, struct slice args);
