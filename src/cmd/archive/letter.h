/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * letter - one message in a file of an archive: where it stands, and how it becomes what the server stores.
 *
 * A message whose lines all end in LF is stored with CRLF, as IMAP and POP3 want it, and an export gives LF back. One with
 * CRLF, or with both, is stored as it is and marked, so that it leaves byte for byte (docs/decisions/0008-import-export.md).
 * It is read twice, to measure and to send; memory is one buffer, whatever its size.
 * Ownership: letter_done() frees the path and the flags.
 */
#include "base/error.h"
#include "cmd/archive/mbox.h"
#include "message/digest.h"

#include <jansson.h>

enum {
	LETTER_CUTS = 3, /* Status, X-Status, X-Keywords of an mbox */
	LETTER_READ_BYTES = 64 << 10,
};
struct letter {
	char *path;
	uint64_t line;    /* in an mbox, of its From_ line; else 0 */
	uint64_t at, end; /* in the file */
	struct letter_cut {
		uint64_t at, end;
	} cuts[LETTER_CUTS]; /* lines that are not the message's, ascending */
	size_t cut_count;
	enum mbox_quotes quotes;
	uint64_t received_ns; /* 0: unknown */
	int32_t zone_min;     /* of it, east of UTC */
	bool keeps_lf;        /* its lines end in LF, and are to be stored so */
	json_t *flags;
	/* measured: */
	uint64_t size; /* as the server stores it */
	bool to_crlf, is_verbatim;
	struct digest_id id;
};
void letter_done(struct letter *l);

struct letter_reader {
	const struct letter *letter;
	int fd;
	uint64_t at; /* in the file, of what was not read yet */
	size_t raw_at, raw_len;
	bool is_line_start;
	char raw[LETTER_READ_BYTES], out[LETTER_READ_BYTES];
};
/* The reader is large: static or from malloc. Opens the letter's file; letter_close() in every case. */
MUST_CHECK bool letter_open(struct letter_reader *r, const struct letter *l, struct error *e);
/* The next bytes as they are to be stored (before measuring: with their line ends as they are); empty at the end. */
MUST_CHECK bool letter_next(struct letter_reader *r, struct slice *ret, struct error *e);
void letter_close(struct letter_reader *r);
/* Fills in what is measured. */
MUST_CHECK bool letter_measure(struct letter_reader *r, struct letter *l, struct error *e);
