/* SPDX-License-Identifier: MIT */
#include "syntax/imap_name.h"

#include "base/limits.h"
#include "syntax/imap_text.h"
#include "syntax/utf7.h"
#include "syntax/utf8.h"

#include <string.h>

enum {
	/* of what may be decoded: 9 bytes come from 8 */
	DECODED_BYTES = 4 * LIMIT_MAILBOX_NAME_BYTES,
	/* '&' is 2 bytes for 1, "\xc3\xa4" alone 5 for 2 */
	ENCODED_BYTES = 3 * LIMIT_MAILBOX_NAME_BYTES,
};
static const struct slice inbox = S_INIT("INBOX");

static bool miss(struct imap_parse *p, const char *why)
{
	p->why = why;
	return false;
}

/* RFC 9051 5.1: no C0 and C1, no DEL, no U+2028 and U+2029. */
static bool has_control(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char byte = (unsigned char)s.at[i];
		struct slice rest = slice_skip(s, i + 1);

		if (byte < ' ' || byte == 127)
			return true;
		if (byte == 0xc2 && rest.len > 0 && (unsigned char)rest.at[0] < 0xa0)
			return true;
		if (byte == 0xe2 &&
			(slice_starts(rest, S("\x80\xa8")) || slice_starts(rest, S("\x80\xa9"))))
			return true;
	}
	return false;
}

static struct slice first_level(struct slice name)
{
	return slice_first(name, slice_find(name, IMAP_DELIMITER));
}

/* The canonical copy of UTF-8. */
static bool canonical(struct imap_parse *p, struct slice utf8, struct slice *ret)
{
	struct slice copy;
	char *room;

	if (!utf8_is_valid(utf8))
		return miss(p, "the mailbox name is not UTF-8");
	if (has_control(utf8))
		return miss(p, "the mailbox name has control characters");
	if (utf8.len > LIMIT_MAILBOX_NAME_BYTES)
		return miss(p, "the mailbox name is too long");
	room = arena_take(p->arena, utf8.len + 1);
	if (room == NULL)
		return miss(p, "the command needs too much memory");
	copy = (struct slice){ room, utf8.len };
	if (utf8.len > 0)
		memcpy(room, utf8.at, utf8.len);
	if (slice_same_nocase(first_level(copy), inbox))
		memcpy(room, inbox.at, inbox.len);
	*ret = copy;
	return true;
}

static bool read_any(struct imap_parse *p, struct slice text, struct slice *ret)
{
	char room[DECODED_BYTES];
	struct buf utf8 = BUF_OVER(room);

	if (p->is_utf8)
		return canonical(p, text, ret);
	if (text.len > ENCODED_BYTES)
		return miss(p, "the mailbox name is too long");
	if (has_control(text))
		return miss(p, "the mailbox name has control characters");
	if (!utf8_is_ascii(text))
		return miss(p, "the mailbox name has 8-bit bytes: ENABLE IMAP4rev2 or UTF8=ACCEPT, "
			       "or use modified UTF-7");
	if (!utf7_decode(text, &utf8))
		return miss(p, "the mailbox name is not modified UTF-7 (a plain & is &-)");
	return canonical(p, buf_slice(&utf8), ret);
}

bool imap_name_read(struct imap_parse *p, struct slice text, struct slice *ret)
{
	return read_any(p, text, ret);
}

bool imap_pattern_read(struct imap_parse *p, struct slice text, struct slice *ret)
{
	return read_any(p, text, ret);
}

static bool refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return false;
}

bool imap_name_may_create(struct slice *name, const char **ret_why)
{
	struct slice rest = *name;
	unsigned depth = 0;

	if (rest.len > 0 && rest.at[rest.len - 1] == IMAP_DELIMITER)
		rest.len--;
	*name = rest;
	if (rest.len == 0)
		return refuse(ret_why, "a mailbox must have a name");
	if (slice_find(rest, '*') < rest.len || slice_find(rest, '%') < rest.len)
		return refuse(ret_why, "* and % may not stand in a mailbox name");
	for (bool has_more = true; has_more; depth++) {
		struct slice level = first_level(rest);

		if (level.len == 0)
			return refuse(ret_why, "a level of the mailbox name is empty");
		has_more = level.len < rest.len;
		rest = slice_skip(rest, level.len + 1);
	}
	if (depth > LIMIT_MAILBOX_DEPTH)
		return refuse(ret_why, "the mailbox name has too many levels");
	return true;
}

bool imap_name_parent(struct slice name, struct slice *ret)
{
	size_t at = slice_find_last(name, IMAP_DELIMITER);

	if (at == name.len)
		return false;
	*ret = slice_first(name, at);
	return true;
}

bool imap_name_is_below(struct slice name, struct slice above)
{
	return name.len > above.len && slice_starts(name, above) &&
	       name.at[above.len] == IMAP_DELIMITER;
}

bool imap_name_write(struct buf *out, struct slice name, bool is_utf8)
{
	char room[ENCODED_BYTES];
	struct buf utf7 = BUF_OVER(room);

	if (is_utf8)
		return imap_text_astring(out, name, true);
	return utf7_encode(name, &utf7) && imap_text_astring(out, buf_slice(&utf7), false);
}
