/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * pop3_top - what TOP shows of a message (RFC 1939 7): the header section, the empty line, then so many lines.
 *
 * Begin with is_line_empty and lines_left set. Works on any split of the bytes; a message without an empty line is all header.
 */
#include "base/slice.h"

struct pop3_top {
	bool is_in_body;
	bool is_line_empty; /* nothing yet in this line, but perhaps a CR */
	uint32_t lines_left;
};

bool pop3_top_is_done(const struct pop3_top *t);
/* How many of these bytes belong to it. */
size_t pop3_top_cut(struct pop3_top *t, struct slice s);
