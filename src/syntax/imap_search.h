/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_search - SEARCH, SORT, THREAD, ESEARCH: a tree of keys, and what to return.
 *
 * RFC 9051 6.4.4, RFC 4731 (ESEARCH), 5182 (SEARCHRES), 5032 (WITHIN), 5256 and 5957 (SORT, THREAD), 5267 (ESORT,
 * CONTEXT), 5465 (UPDATE with items), 9394 (PARTIAL), 7377 (MULTISEARCH), 7162 (MODSEQ), 8474 (OBJECTID), 8514 (SAVEDATE).
 * Several keys side by side are one AND. A chain "OR a OR b c" is one OR of three, and needs no depth.
 * Texts are UTF-8 (US-ASCII is); another charset fails with is_bad_charset.
 * Limits: LIMIT_IMAP_SEARCH_DEPTH, LIMIT_IMAP_SEARCH_KEYS.
 */
#include "syntax/imap_fetch.h"
#include "syntax/imap_scope.h"

enum imap_key_kind {
	IMAP_KEY_ALL,
	IMAP_KEY_AND,  /* children */
	IMAP_KEY_OR,   /* children, two or more */
	IMAP_KEY_NOT,  /* children: one. Also what UNANSWERED, UNKEYWORD, OLD… become */
	IMAP_KEY_FLAG, /* number: one bit of enum imap_flag (NEW is AND of RECENT and NOT SEEN) */
	IMAP_KEY_KEYWORD, /* text */
	IMAP_KEY_SET,     /* set: message numbers, "$" too */
	IMAP_KEY_UID,     /* set: UIDs, "$" too */
	IMAP_KEY_BCC,     /* text in that header field, from here */
	IMAP_KEY_CC,
	IMAP_KEY_FROM,
	IMAP_KEY_SUBJECT,
	IMAP_KEY_TO,     /* to here */
	IMAP_KEY_HEADER, /* field, text; empty text: the field is there */
	IMAP_KEY_BODY,   /* text */
	IMAP_KEY_TEXT,   /* text in header or body */
	IMAP_KEY_BEFORE, /* day of INTERNALDATE < day */
	IMAP_KEY_ON,
	IMAP_KEY_SINCE,      /* >= */
	IMAP_KEY_SENTBEFORE, /* day of the Date field, from here */
	IMAP_KEY_SENTON,
	IMAP_KEY_SENTSINCE, /* to here */
	IMAP_KEY_SAVEDBEFORE,
	IMAP_KEY_SAVEDON,
	IMAP_KEY_SAVEDSINCE,
	IMAP_KEY_SAVEDATESUPPORTED,
	IMAP_KEY_LARGER,  /* size > number */
	IMAP_KEY_SMALLER, /* size < number */
	IMAP_KEY_OLDER,   /* number of seconds, RFC 5032 */
	IMAP_KEY_YOUNGER,
	IMAP_KEY_MODSEQ, /* modseq >= number; the entry name is checked and dropped: all flags share one */
	IMAP_KEY_EMAILID,  /* text */
	IMAP_KEY_THREADID, /* text */
};
struct imap_key {
	enum imap_key_kind kind;
	struct imap_key *next;     /* the next child of the same parent */
	struct imap_key *children; /* of AND, OR, NOT */
	struct slice text, field;
	struct imap_set set;
	uint64_t number;
	int64_t day; /* days since 1970-01-01 */
};

enum imap_return { /* bits */
	IMAP_RETURN_MIN = 1,
	IMAP_RETURN_MAX = 2,
	IMAP_RETURN_ALL = 4,
	IMAP_RETURN_COUNT = 8,
	IMAP_RETURN_SAVE = 16,
	IMAP_RETURN_UPDATE = 32,  /* RFC 5267 */
	IMAP_RETURN_CONTEXT = 64, /* RFC 5267 */
	IMAP_RETURN_PARTIAL = 128,
};
enum imap_sort_field {
	IMAP_SORT_ARRIVAL,
	IMAP_SORT_CC,
	IMAP_SORT_DATE,
	IMAP_SORT_FROM,
	IMAP_SORT_SIZE,
	IMAP_SORT_SUBJECT,
	IMAP_SORT_TO,
	IMAP_SORT_DISPLAYFROM,
	IMAP_SORT_DISPLAYTO,
};
struct imap_sort_key {
	enum imap_sort_field field;
	bool is_reverse;
};
enum imap_thread { IMAP_THREAD_NONE, IMAP_THREAD_ORDEREDSUBJECT, IMAP_THREAD_REFERENCES };

struct imap_search {
	bool has_return;  /* RETURN (…) was there: answer with ESEARCH. RETURN () means ALL */
	unsigned returns; /* bits of enum imap_return; 0 without RETURN */
	struct imap_partial partial;
	bool has_update_items; /* UPDATE (FLAGS UID): what to fetch of new messages, RFC 5465 7 */
	struct imap_fetch_items update_items;
	struct slice charset; /* as written, empty when none was named */
	const struct imap_key *key;
	bool has_modseq; /* a MODSEQ key is somewhere in it: the answer has MODSEQ */
	const struct imap_sort_key *sort; /* SORT: at least one */
	size_t sort_count;
	enum imap_thread thread;         /* THREAD */
	const struct imap_scope *scopes; /* ESEARCH IN (…); none: the selected mailbox */
	size_t scope_count;
};
MUST_CHECK bool imap_search_parse(struct imap_parse *p, struct slice args, struct imap_search *ret);
MUST_CHECK bool imap_sort_parse(struct imap_parse *p, struct slice args, struct imap_search *ret);
MUST_CHECK bool imap_thread_parse(struct imap_parse *p, struct slice args, struct imap_search *ret);
MUST_CHECK bool imap_esearch_parse(
	struct imap_parse *p, struct slice args, struct imap_search *ret);
