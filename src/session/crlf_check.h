/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * crlf_check - CR and LF travel only together: RFC 5321 2.3.8.
 *
 * For bodies that come by BDAT; those of DATA are watched by dot_decode. Works on any split of the bytes.
 */
#include "base/slice.h"

struct crlf_check {
	bool after_cr;
	bool is_bare;
};

void crlf_check_bytes(struct crlf_check *c, struct slice s);
/* After the last bytes: was there a CR or LF on its own? */
bool crlf_check_is_bare(const struct crlf_check *c);
