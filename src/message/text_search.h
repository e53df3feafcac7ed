/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * text_search - is this text in that message? SEARCH BODY, TEXT, HEADER and the like (RFC 9051 6.4.4).
 *
 * Case and accents' spelling do not matter (i;unicode-casemap). Several texts are looked for in one pass over the
 * message's octets, fed front to back; headers are looked at decoded, bodies of text parts decoded from their transfer
 * encoding and character set, other bodies not at all. Linear time, TEXT_SEARCH_… octets of memory.
 */
#include "message/structure.h"

enum { TEXT_SEARCH_KEY_BYTES_MAX = 1024 /* of the folded text: more than anybody types */ };

struct text_key {
	struct buf folded; /* of TEXT_SEARCH_KEY_BYTES_MAX at most */
};
enum text_key_answer { TEXT_KEY_OK, TEXT_KEY_BAD_CHARSET, TEXT_KEY_TOO_LONG };
/* Charset of the command; empty: UTF-8. BAD_CHARSET: unknown, for NO [BADCHARSET]. */
enum text_key_answer text_key_init(struct text_key *k, struct slice charset, struct slice text);
void text_key_done(struct text_key *k);

/* In a field's value as it stands in the header (or any header text): unfolded and decoded first. */
bool text_key_in_value(const struct text_key *k, struct slice value);
/* In UTF-8 text, e.g. an address list already put together. */
bool text_key_in_text(const struct text_key *k, struct slice utf8);
/* SEARCH HEADER: some field of that name holds it; an empty key asks only for the field. */
bool text_key_in_header(const struct text_key *k, struct slice header, struct slice name);

enum text_search_scope { TEXT_SEARCH_BODY = 1, TEXT_SEARCH_HEADER = 2, TEXT_SEARCH_TEXT = 3 };
struct text_wish {
	const struct text_key *key;
	enum text_search_scope scope;
	bool is_found; /* an empty key is found at once */
};

struct text_search;
/* The structure and the wishes are borrowed until the end. NULL: out of memory. */
MUST_CHECK struct text_search *text_search_new(
	const struct structure *s, struct text_wish *wishes, size_t wish_count);
/* True: feed more. False: every wish is found, or nothing that follows can matter. */
bool text_search_feed(struct text_search *t, struct slice piece);
/* After the last piece (also when feeding ended early). */
void text_search_end(struct text_search *t);
/* For the next message, with the memory of the last one; sets is_found back. */
void text_search_again(struct text_search *t, const struct structure *s);
void text_search_free(struct text_search *t);
