/* SPDX-License-Identifier: MIT */
#include "cmd/archive/maildir.h"

#include "message/digest.h"
#include "syntax/utf7.h"

/* A dot has no spelling in modified UTF-7 but itself; this one is UTF-7 all the same, and other programs keep it. */
static const struct slice dot = S_INIT("&AC4-");

static const struct {
	char letter;
	const char *flag;
} flags[] = {
	{ 'D', "\\Draft" },    /* in the order of ASCII, as file names want them */
	{ 'F', "\\Flagged" },  /**/
	{ 'P', "$Forwarded" }, /* "passed" */
	{ 'R', "\\Answered" }, /* "replied" */
	{ 'S', "\\Seen" },     /**/
	{ 'T', "\\Deleted" },  /* "trashed" */
};

const char *maildir_flag(size_t number, char *ret_letter)
{
	if (number >= COUNT(flags))
		return NULL;
	*ret_letter = flags[number].letter;
	return flags[number].flag;
}

/* Where the next escaped dot stands; s.len when there is none. */
static size_t find_dot(struct slice s)
{
	for (size_t i = 0; i + dot.len <= s.len; i++)
		if (slice_starts(slice_skip(s, i), dot))
			return i;
	return s.len;
}

bool maildir_level_read(struct slice level, struct buf *mailbox)
{
	for (;;) { /* ends with the level */
		size_t at = find_dot(level);
		struct slice part = slice_first(level, at);

		if (!utf7_decode(part, mailbox) && !buf_add(mailbox, part))
			return false;
		if (at == level.len)
			return true;
		if (!buf_add_byte(mailbox, '.'))
			return false;
		level = slice_skip(level, at + dot.len);
	}
}

bool maildir_name_read(struct slice folder, struct buf *mailbox)
{
	for (;;) { /* ends with the name */
		struct slice level = slice_first(folder, slice_find(folder, '.'));

		if (level.len == 0 || !maildir_level_read(level, mailbox))
			return false;
		if (level.len == folder.len)
			return true;
		if (!buf_add_byte(mailbox, '/'))
			return false;
		folder = slice_skip(folder, level.len + 1);
	}
}

static bool level_write(struct slice level, struct buf *folder)
{
	for (;;) { /* ends with the level */
		struct slice part = slice_first(level, slice_find(level, '.'));

		if (!utf7_encode(part, folder))
			return false;
		if (part.len == level.len)
			return true;
		if (!buf_add(folder, dot))
			return false;
		level = slice_skip(level, part.len + 1);
	}
}

bool maildir_name_write(struct slice mailbox, struct buf *folder)
{
	for (;;) { /* ends with the name */
		struct slice level = slice_first(mailbox, slice_find(mailbox, '/'));

		if (!level_write(level, folder))
			return false;
		if (level.len == mailbox.len)
			return true;
		if (!buf_add_byte(folder, '.'))
			return false;
		mailbox = slice_skip(mailbox, level.len + 1);
	}
}

bool maildir_short_write(struct slice mailbox, struct buf *out)
{
	char room[DIGEST_TEXT_BYTES + 1];
	struct digest digest;

	digest_begin(&digest);
	digest_add(&digest, mailbox);
	return buf_add_byte(out, '+') && buf_add(out, digest_text(digest_end(&digest), room));
}

bool maildir_is_short(struct slice name)
{
	struct digest_id id;

	return name.len == 1 + DIGEST_TEXT_BYTES && name.at[0] == '+' &&
	       digest_parse(slice_skip(name, 1), &id);
}
