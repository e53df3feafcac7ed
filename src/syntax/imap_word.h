/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_word - the words of which IMAP commands are made: atoms, strings, numbers, sets, mailboxes. RFC 9051 9.
 *
 * For the imap_*.c of this folder only. A reader is a cursor that remembers the first reason it broke for (in
 * p->why); as with any cursor, every call after that is harmless.
 */
#include "base/cursor.h"
#include "syntax/imap_flag.h"
#include "syntax/imap_line.h"
#include "syntax/imap_set.h"

struct imap_reader {
	struct cursor c;
	struct imap_parse *p;
};

/* Forgets earlier failures. */
struct imap_reader imap_reader_over(struct imap_parse *p, struct slice text);
/* Breaks, for this reason unless there was one. */
void imap_miss(struct imap_reader *r, const char *why);
/* Nothing broke and nothing is left; otherwise p->why is set. */
MUST_CHECK bool imap_reader_done(struct imap_reader *r);
/* Zeroed memory of the arena, or NULL and broken. */
void *imap_take(struct imap_reader *r, size_t bytes);

bool imap_is_atom_byte(char byte);
bool imap_is_astring_byte(char byte); /* with ']' */

bool imap_at(const struct imap_reader *r, char byte);
bool imap_try(struct imap_reader *r, char byte);
void imap_expect(struct imap_reader *r, char byte, const char *why);
void imap_space(struct imap_reader *r);
/* Takes the word when it stands here whole: no atom byte follows it. */
bool imap_try_word(struct imap_reader *r, struct slice word);
struct slice imap_atom(struct imap_reader *r, const char *why);
/* Quoted or a literal. */
struct slice imap_string(struct imap_reader *r);
/* Also literal8; *ret_nil for NIL. */
struct slice imap_nstring8(struct imap_reader *r, bool *ret_nil);
struct slice imap_astring(struct imap_reader *r);
/* An astring that is a mailbox name: canonical, not empty. */
struct slice imap_mailbox(struct imap_reader *r);
uint64_t imap_number(struct imap_reader *r, uint64_t min, uint64_t max, const char *why);
/* mod-sequence-valzer, RFC 7162 7: 63 bits. */
uint64_t imap_modseq(struct imap_reader *r);
struct imap_set imap_set_read(struct imap_reader *r);
/* A set without "*" and "$". */
struct imap_set imap_known_set_read(struct imap_reader *r);
/* With parentheses, or (is_bare) maybe without them. */
struct imap_flags imap_flags_read(struct imap_reader *r, bool is_bare);

/* A growing array in the arena. */
struct imap_array {
	void *at;
	size_t count, room;
};
/* One more element of this size; NULL and broken (for `why`) over the maximum. */
void *imap_array_add(
	struct imap_reader *r, struct imap_array *a, size_t size, size_t max, const char *why);

/* "word" to a number: tables of items, events, options. */
struct imap_row {
	struct slice word;
	unsigned value;
};
/* Takes an atom and finds it; breaks for `why` when it is not there. */
unsigned imap_row_read(
	struct imap_reader *r, const struct imap_row *rows, size_t count, const char *why);
/* The row's index, or `count`. */
size_t imap_row_find(struct slice word, const struct imap_row *rows, size_t count);
