/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dot - the end of DATA, and the doubled dots: RFC 5321 4.5.2, RFC 1939 3.
 *
 * A decoder eats raw bytes as they come and hands out runs of message bytes (without the added dots)
 * until it has seen CRLF "." CRLF. A line that ends with LF alone, or a CR without LF, is a smuggling
 * attempt or a broken client: `is_bare` is set and stays set; the end is found only by true CRLFs.
 * Works on any split of the input. Compares blocks of 16 bytes with themselves one byte earlier, which
 * finds dots and unpaired CRs and LFs in one pass: a 10 KB body costs about a microsecond, as much as a
 * memchr() for every line end alone, and a tenth of memmem("\n.").
 */
#include "base/buf.h"

struct dot_decoder { /* starts zeroed */
	unsigned state;
	bool is_bare;
	bool is_done;
};

/*
 * Eats from *input (what is eaten is removed from it) and sets *ret to message bytes, borrowed from the input or
 * from constant memory; *ret may be empty. Call again until the input is empty or is_done.
 */
void dot_decode(struct dot_decoder *d, struct slice *input, struct slice *ret);

/*
 * The other way, for RETR, TOP and sending: doubles dots at line starts. Starts zeroed; where in a line it
 * stands carries over between calls. Bare LFs in stored mail are turned into CRLF; a CR alone is passed on.
 */
struct dot_encoder {
	bool in_line; /* something of the current line was written */
	bool after_cr;
};
/* Adds the encoded bytes to out: at most 2 * s.len. False, with nothing changed, when they do not fit. */
MUST_CHECK bool dot_encode(struct dot_encoder *d, struct slice s, struct buf *out);
/* Ends the last line if need be and adds ".\r\n": at most 5 bytes. The encoder is fresh again. */
MUST_CHECK bool dot_finish(struct dot_encoder *d, struct buf *out);
