/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * header_token - the smallest pieces of structured header fields (RFC 5322 3.2, RFC 2045 5.1), forgiving.
 *
 * Nothing here breaks the cursor: what is unfinished ends with the text.
 */
#include "base/buf.h"
#include "base/cursor.h"

/* Blanks, folds and comments (any depth, by counting). */
void header_skip_blanks(struct cursor *c);
/* The same; the text of the last comment, without its parentheses, goes to *ret when there was one. */
void header_skip_noting(struct cursor *c, struct slice *ret_comment);
/* token of RFC 2045, with 8-bit bytes; maybe empty. */
struct slice header_take_token(struct cursor *c);
/* Everything up to (not with) one of the stop bytes that stands outside quotes, or to the end. */
struct slice header_take_until(struct cursor *c, const char *stops);
/* A quoted string's text without quotes, escapes and folds. False: over out->max. */
MUST_CHECK bool header_take_quoted(struct cursor *c, struct buf *out);
