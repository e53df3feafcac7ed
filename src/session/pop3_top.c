/* SPDX-License-Identifier: MIT */
#include "session/pop3_top.h"

bool pop3_top_is_done(const struct pop3_top *t)
{
	return t->is_in_body && t->lines_left == 0;
}

size_t pop3_top_cut(struct pop3_top *t, struct slice s)
{
	size_t at = 0;

	while (at < s.len && !pop3_top_is_done(t)) {
		struct slice rest = slice_skip(s, at);
		size_t lf = slice_find(rest, '\n');
		bool is_empty = t->is_line_empty && (lf == 0 || (lf == 1 && rest.at[0] == '\r'));

		if (lf == rest.len) {
			t->is_line_empty = is_empty;
			return s.len;
		}
		at += lf + 1;
		t->is_line_empty = true;
		if (t->is_in_body)
			t->lines_left--;
		else
			t->is_in_body = is_empty;
	}
	return at;
}
