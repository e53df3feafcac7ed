/* SPDX-License-Identifier: MIT */
#include "message/thread_subject.h"

#include "base/cursor.h"
#include "base/limits.h"
#include "message/charset.h"
#include "message/encoded_word.h"

/* RFC 5256 2.1 (1): tabs are blanks, and blanks in a row are one. */
static struct slice collapse(struct buf *text)
{
	size_t len = 0;

	for (size_t i = 0; i < text->len; i++) {
		char byte = text->at[i] == '\t' ? ' ' : text->at[i];

		if (byte != ' ' || (len > 0 && text->at[len - 1] != ' '))
			text->at[len++] = byte;
	}
	text->len = len;
	return slice_first(slice_trim(buf_slice(text)), THREAD_SUBJECT_BYTES_MAX);
}

static bool is_space(char byte)
{
	return byte == ' ';
}

/* subj-blob: "[" anything but brackets "]" and blanks. */
static bool try_blob(struct cursor *c)
{
	struct cursor from = *c;

	if (!cursor_try(c, S("[")))
		return false;
	while (!cursor_at_end(c) && cursor_peek(c) != '[' && cursor_peek(c) != ']')
		(void)cursor_take(c, 1);
	if (!cursor_try(c, S("]"))) {
		*c = from;
		return false;
	}
	(void)cursor_while(c, is_space);
	return true;
}

/* subj-leader's "*subj-blob subj-refwd": "[list] Re[2]: " and the like. */
static bool try_leader(struct slice *s)
{
	struct cursor c = cursor_over(*s);

	while (try_blob(&c))
		continue;
	if (!cursor_try(&c, S("re")) && !cursor_try(&c, S("fwd")) && !cursor_try(&c, S("fw")))
		return false;
	(void)cursor_while(&c, is_space);
	(void)try_blob(&c);
	if (!cursor_try(&c, S(":")))
		return false;
	*s = slice_trim(cursor_rest(&c));
	return true;
}

/* A blob at the front goes when something stays. */
static bool try_front_blob(struct slice *s)
{
	struct cursor c = cursor_over(*s);

	if (!try_blob(&c) || cursor_at_end(&c))
		return false;
	*s = cursor_rest(&c);
	return true;
}

/* (2) */
static bool try_trailer(struct slice *s)
{
	if (!slice_ends_nocase(*s, S("(fwd)")))
		return false;
	s->len -= S("(fwd)").len;
	*s = slice_trim(*s);
	return true;
}

/* (6) */
static bool try_wrapped(struct slice *s)
{
	if (!slice_starts_nocase(*s, S("[fwd:")) || s->at[s->len - 1] != ']')
		return false;
	*s = slice_skip(*s, S("[fwd:").len);
	s->len--;
	*s = slice_trim(*s);
	return true;
}

static struct slice strip(struct slice s, bool *ret_is_reply)
{
	bool is_reply = false;

	do {
		while (try_trailer(&s))
			is_reply = true;
		while (true) {
			bool is_leader = try_leader(&s);

			is_reply |= is_leader;
			if (!is_leader && !try_front_blob(&s))
				break;
		}
	} while (try_wrapped(&s) && (is_reply = true));
	*ret_is_reply = is_reply;
	return s;
}

bool thread_subject_base(struct slice value, struct buf *out, bool *ret_is_reply)
{
	auto_buf text = { .max = 4 * (size_t)LIMIT_HEADER_BYTES };
	size_t before = out->len;
	bool is_reply;

	if (encoded_word_decode(value, &text) &&
		charset_fold(strip(collapse(&text), &is_reply), out)) {
		*ret_is_reply = is_reply;
		return true;
	}
	out->len = before;
	return false;
}
