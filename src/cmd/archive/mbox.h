/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * mbox - messages one after the other in a file, each behind a line "From sender date" and before an empty line.
 *
 * RFC 4155 and the conventions of its users: mboxrd quotes every line of '>'s (or none) and "From " with one more '>', so
 * that it can be undone; mboxo only quotes "From ". Flags stand in Status, X-Status and X-Keywords; X-Status with an 'l', which
 * others pass over: the LFs of its lines are stored so. When they are the
 * last of the header section they are not the message's and do not come in; what we write always ends with all three.
 * Content-Length is not believed: it is wrong too often.
 */
#include "base/buf.h"
#include "base/error.h"

enum mbox_quotes { MBOX_QUOTES_NONE, MBOX_QUOTES_O, MBOX_QUOTES_RD };
enum {
	MBOX_QUOTES_MAX = 1000, /* '>'s; a line with more is no quoted one, for reader and writer */
	MBOX_QUOTE_BYTES = MBOX_QUOTES_MAX + 5 + 1, /* of a line's beginning, to know */
};
/* How many '>' stand before "From " at the beginning of this line; -1: it is not such a line. */
int mbox_quote_depth(struct slice line);
/* The line "From sender date". False: it has no date that can be read. */
struct mbox_date {
	int64_t unix_s;
	int32_t zone_min; /* that it is written in, east of UTC; 0 when it says none */
};
MUST_CHECK bool mbox_from_read(struct slice line, struct mbox_date *ret);
/* Such a line with its LF; the zone stands behind the year when it is not UTC. */
MUST_CHECK bool mbox_from_write(struct buf *out, struct slice sender, struct mbox_date date);

struct letter;
struct mbox_reader;
/* Failures say what is wrong with the file. */
struct mbox_reader *mbox_reader_open(const char *path, enum mbox_quotes quotes, struct error *e);
/* The next message, to be measured yet. What is odd but no failure goes to stderr with file and line. */
MUST_CHECK bool mbox_reader_next(
	struct mbox_reader *m, struct letter *ret, bool *ret_found, struct error *e);
void mbox_reader_close(struct mbox_reader *m);
