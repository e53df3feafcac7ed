/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * cursor - the only way our parsers move over text.
 *
 * The first miss breaks the cursor and every later call is a harmless no-op that returns nothing, so
 * a happy path reads like the grammar and is checked once, at the end, with cursor_finished().
 * Borrowed: what a cursor returns points into the slice it was made over.
 */
#include "base/slice.h"

struct cursor {
	const char *at, *end;
	bool broken;
};

struct cursor cursor_over(struct slice s);
/* Nothing broke and nothing is left over. */
bool cursor_finished(const struct cursor *c);
/* These are here to be inlined: every byte of every record goes through them. */
static inline bool cursor_at_end(const struct cursor *c) /* also true when broken */
{
	return c->broken || c->at == c->end;
}
static inline size_t cursor_left(const struct cursor *c)
{
	return c->broken ? 0 : (size_t)(c->end - c->at);
}
static inline struct slice cursor_rest(const struct cursor *c)
{
	return (struct slice){ c->at, cursor_left(c) };
}
void cursor_break(struct cursor *c);
/* The next byte without moving, or -1 at the end or when broken. */
int cursor_peek(const struct cursor *c);
/* Takes the word (letters in any case) or breaks. */
void cursor_expect(struct cursor *c, struct slice word);
/* Takes the word when it is there. */
bool cursor_try(struct cursor *c, struct slice word);
/* Everything up to the stop byte, which is taken too; breaks when there is none. */
struct slice cursor_until(struct cursor *c, char stop);
/* The longest run (maybe empty) of bytes for which is_part says yes. */
struct slice cursor_while(struct cursor *c, bool (*is_part)(char byte));
struct slice cursor_take(struct cursor *c, size_t count);
/* One or more digits, at most max; breaks otherwise. */
uint64_t cursor_number(struct cursor *c, uint64_t max);
