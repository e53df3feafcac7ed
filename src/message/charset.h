/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * charset - text of any character set into UTF-8, as it streams past; and folded for comparing.
 *
 * US-ASCII, UTF-8, ISO-8859-1 and Windows-1252 are read here, others by iconv(3). What is no character becomes U+FFFD;
 * an unknown name is read as UTF-8 where it is, and as Windows-1252 where not, which charset_is_known tells beforehand.
 * Threads: a converter has one user.
 */
#include "base/buf.h"

bool charset_is_known(struct slice name);

struct charset_reader;
/* NULL: out of memory. An empty name is US-ASCII with whatever 8-bit may be in it. */
MUST_CHECK struct charset_reader *charset_open(struct slice name);
/* Adds UTF-8; a character cut by the piece's end waits for the next. False: over out->max, and the reader is spoilt. */
MUST_CHECK bool charset_feed(struct charset_reader *c, struct slice piece, struct buf *out);
MUST_CHECK bool charset_end(struct charset_reader *c, struct buf *out);
void charset_close(struct charset_reader *c);

/* All at once. */
MUST_CHECK bool charset_to_utf8(struct slice name, struct slice text, struct buf *out);
/*
 * i;unicode-casemap of RFC 5051: titlecase, then decomposed; ASCII letters become upper case. Two texts are the same
 * for SEARCH and SORT when their keys are. At most CHARSET_FOLD_GROWTH times as long. Takes whole characters.
 */
enum {
	CHARSET_FOLD_GROWTH =
		18 /* U+FDFA, 3 octets, decomposes to 18 characters of up to 2 and 3 blanks */
};
MUST_CHECK bool charset_fold(struct slice utf8, struct buf *out);

/* For text_search.c and preview.c: one character; ASCII up to the first other byte (how many bytes); whether 7-bit text
 * would pass this reader as it is now unchanged. */
MUST_CHECK bool charset_add_character(uint32_t value, struct buf *out);
size_t charset_fold_ascii(struct slice s, char *to);
bool charset_is_plain(const struct charset_reader *c);
