/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * search - which messages match: what SEARCH, SORT and THREAD share.
 *
 * The keys become a tree of conditions. A message is tried with what costs least first: its entry, then its record, then its
 * header, then its bytes; most are decided early. All texts of one message are looked for in one pass.
 */
#include "message/text_search.h"
#include "session/imap/imap.h"
#include "session/imap/record.h"
#include "syntax/imap_search.h"

struct condition {
	const struct imap_key *key;
	struct condition *next, *children;
	struct uids set;      /* SET, UID */
	uint64_t keywords;    /* KEYWORD; 0: nobody has it */
	struct text_key text; /* of a text to look for */
	bool has_text;
	struct text_wish *wish; /* BODY, TEXT */
};

struct search {
	struct imap *s;
	struct condition *root;
	struct text_wish *wishes;
	size_t wish_count;
	struct imap_records records;
	struct text_search *text;
	uint64_t now_s;
	uint32_t last; /* the last UID of the page */

	/* Of the message at hand: */
	const struct entry *entry;
	bool has_summary, has_header, has_searched;
	struct structure_summary summary;
	struct structure structure;
	struct arena arena; /* of the structure */
	struct buf header, words;
};

/* From the keys; false: the answer was said (a bad set, no memory), and *ret_next follows. */
MUST_CHECK bool search_begin(
	struct search *q, struct imap *s, const struct imap_key *key, enum next *ret_next);
void search_done(struct search *q);
/* The messages worth looking at: all, or those that sets at the top of the tree leave. */
MUST_CHECK bool search_candidates(const struct search *q, struct uids *ret);
/* Nothing but sets at the top: the candidates are the result. */
bool search_is_decided(const struct search *q);
/* Does it match? A message that is gone or unreadable matches nothing. */
MUST_CHECK bool search_matches(
	struct search *q, const struct entry *entry, bool *ret_matches, struct error *e);
/* Its summary, made when need be: for SORT and THREAD. */
MUST_CHECK bool search_summary(struct search *q, struct error *e);

/* Called for each match in the order of UIDs; false stops. */
typedef bool search_found_fn(void *context, struct search *q);
MUST_CHECK bool search_run(
	struct search *q, search_found_fn *found, void *context, struct error *e);

/* search.c, sort.c, thread.c */
/* The messages that PARTIAL leaves of these. */
MUST_CHECK bool imap_partial_of(
	const struct imap_partial *p, const struct uids *all, struct uids *ret);
enum next imap_search(struct imap *s, struct slice args);
enum next imap_sort(struct imap *s, struct slice args);
enum next imap_thread(struct imap *s, struct slice args);
