/* SPDX-License-Identifier: MIT */
#include "session/crlf_check.h"

void crlf_check_bytes(struct crlf_check *c, struct slice s)
{
	while (s.len > 0 && !c->is_bare) {
		size_t lf = slice_find(s, '\n'), cr = slice_find(s, '\r');

		if (c->after_cr) {
			c->is_bare = lf != 0;
			c->after_cr = false;
			s = slice_skip(s, 1);
			continue;
		}
		/* Neither is left, or the CR is right before the LF, or right at the end. */
		c->is_bare = lf < cr || (cr + 1 < s.len && lf != cr + 1);
		c->after_cr = cr + 1 == s.len;
		s = slice_skip(s, lf + 1);
	}
}

bool crlf_check_is_bare(const struct crlf_check *c)
{
	return c->is_bare || c->after_cr;
}
