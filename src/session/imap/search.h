/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * search - which messages match: what SEARCH, SORT, THREAD, ESEARCH and contexts share. condition.c makes the tree, match.c
 * tries messages on it.
 *
 * The keys become a tree of conditions. A message is tried with what costs least first: its entry, then its record, then its
 * header, then its bytes; most are decided early. All texts of one message are looked for in one pass.
 * Owns: the tree and its sets. The keys are borrowed, and the view: the selected mailbox's, or another's.
 */
#include "message/envelope_text.h"
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
	const struct view *view;
	struct condition *root;
	struct arena tree; /* conditions and wishes */
	struct text_wish *wishes;
	size_t wish_count;
	struct imap_records records;
	struct text_search *text;
	uint64_t now_s;
	uint32_t last; /* the last UID of the page */

	/* Of the message at hand: */
	const struct entry *entry;
	bool has_summary, has_header;
	struct structure_summary summary;
	struct structure structure;
	struct arena arena; /* of the structure */
	struct buf header, words, envelope;
};

/* From the keys. Empty: it may run; else what search_refused() has to say. search_done() in every case. */
MUST_CHECK struct slice search_begin(
	struct search *q, struct imap *s, const struct view *view, const struct imap_key *key);
void search_done(struct search *q);
/* NO, or BAD for what the client should not have asked. */
enum next search_refused(struct imap *s, struct slice why);
/* For a search that is kept: gives back what only a run needs. */
void search_rest(struct search *q);
/* And before it runs again: keywords that came, "*" in UIDs, the time. */
MUST_CHECK bool search_renew(struct search *q, struct error *e);
/* The messages worth looking at: all, or those that sets at the top of the tree leave. */
MUST_CHECK bool search_candidates(const struct search *q, struct uids *ret);
/* Nothing but sets at the top: the candidates are the result. */
bool search_is_decided(const struct search *q);
/* Makes it the message at hand. `last`: the last UID that will be asked for soon. */
void search_look_at(struct search *q, const struct entry *entry, uint32_t last);
/* Its summary, made when need be: for SORT and THREAD. */
MUST_CHECK bool search_summary(struct search *q, struct error *e);
/* Its envelope, with the summary there already: from the header when the record has none, and a view of it. */
MUST_CHECK bool search_envelope(struct search *q, struct envelope_view *ret, struct error *e);

/* Called for each match in the order of UIDs; false stops. */
typedef bool search_found_fn(void *context, struct search *q);
MUST_CHECK bool search_run(
	struct search *q, search_found_fn *found, void *context, struct error *e);
/* Only among these messages. */
MUST_CHECK bool search_among(struct search *q, const struct uids *candidates,
	search_found_fn *found, void *context, struct error *e);

/* search.c, sort.c, thread.c, multisearch.c */
enum next imap_search(struct imap *s, struct slice args);
enum next imap_sort(struct imap *s, struct slice args);
enum next imap_thread(struct imap *s, struct slice args);
enum next imap_esearch(struct imap *s, struct slice args);
/* context.c */
enum next imap_cancelupdate(struct imap *s, struct slice args);
