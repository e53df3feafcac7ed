/* SPDX-License-Identifier: MIT */
#include "message/charset.h"

#include "syntax/utf8.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

enum reading {
	READ_UTF8,
	READ_LAX,   /* UTF-8 where it is, Windows-1252 where not */
	READ_BYTES, /* Windows-1252, and ISO-8859-1, which mail programs mean it by */
	READ_ICONV,
};

enum {
	NAME_BYTES_MAX = 64,  /* the longest registered name has 45 */
	HELD_BYTES_MAX = 16,  /* of one character and its shifts */
	CONVERT_BYTES = 4096, /* room asked for at once */
	REPLACEMENT = 0xfffd,
};

struct charset_reader {
	enum reading reading;
	iconv_t cd;
	size_t held_len;
	char held[HELD_BYTES_MAX];
};

/* 0x80 to 0x9f of Windows-1252; the five holes are themselves, as browsers read them. */
static const uint16_t windows_1252[] = { 0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020,
	0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019,
	0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e,
	0x178 };

/* What iconv is asked for: only characters of charset names, so no "//TRANSLIT". */
static bool name_for_iconv(struct slice name, char room[NAME_BYTES_MAX])
{
	for (size_t i = 0; i < name.len; i++) {
		if (!ascii_is_alpha(name.at[i]) && !ascii_is_digit(name.at[i]) &&
			memchr("-_.:+", name.at[i], 5) == NULL)
			return false;
	}
	return name.len > 0 && slice_text(name, room, NAME_BYTES_MAX);
}

static iconv_t no_iconv(void)
{
	return (iconv_t)-1; /* NOLINT(performance-no-int-to-ptr): iconv(3) says so */
}

static enum reading reading_named(struct slice name, iconv_t *ret_cd)
{
	static const struct {
		struct slice name;
		enum reading reading;
	} rows[] = {
		{ S_INIT(""), READ_LAX },
		{ S_INIT("us-ascii"), READ_LAX },
		{ S_INIT("ascii"), READ_LAX },
		{ S_INIT("utf-8"), READ_UTF8 },
		{ S_INIT("utf8"), READ_UTF8 },
		{ S_INIT("iso-8859-1"), READ_BYTES },
		{ S_INIT("latin1"), READ_BYTES },
		{ S_INIT("windows-1252"), READ_BYTES },
		{ S_INIT("cp1252"), READ_BYTES },
	};
	char text[NAME_BYTES_MAX];

	*ret_cd = no_iconv();
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (slice_same_nocase(rows[i].name, name))
			return rows[i].reading;
	}
	if (name_for_iconv(name, text))
		*ret_cd = iconv_open("UTF-8", text);
	return *ret_cd == no_iconv() ? READ_LAX : READ_ICONV;
}

bool charset_is_known(struct slice name)
{
	iconv_t cd;
	enum reading reading = reading_named(name, &cd);

	if (reading == READ_ICONV)
		(void)iconv_close(cd);
	return reading != READ_LAX || name.len == 0 || slice_same_nocase(name, S("us-ascii")) ||
	       slice_same_nocase(name, S("ascii"));
}

struct charset_reader *charset_open(struct slice name)
{
	struct charset_reader *c = calloc(1, sizeof *c);

	if (c != NULL)
		c->reading = reading_named(name, &c->cd);
	return c;
}

void charset_close(struct charset_reader *c)
{
	if (c == NULL)
		return;
	if (c->reading == READ_ICONV)
		(void)iconv_close(c->cd);
	free(c);
}

static size_t ascii_run(struct slice s)
{
	size_t len = 0;
	uint64_t word;

	for (; s.len - len >= sizeof word; len += sizeof word) {
		memcpy(&word, s.at + len, sizeof word);
		if ((word & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	while (len < s.len && (unsigned char)s.at[len] < 0x80)
		len++;
	return len;
}

static bool add_byte(unsigned char byte, struct buf *out)
{
	unsigned value = byte >= 0x80 && byte < 0xa0 ? windows_1252[byte - 0x80] : byte;

	return charset_add_character(value, out);
}

static bool feed_bytes(struct slice s, struct buf *out)
{
	while (s.len > 0) {
		size_t len = ascii_run(s);

		if (!buf_add(out, slice_first(s, len)) ||
			(len < s.len && !add_byte((unsigned char)s.at[len], out)))
			return false;
		s = slice_skip(s, len + 1);
	}
	return true;
}

/* A byte that is no part of UTF-8. */
static bool add_wrong(const struct charset_reader *c, char byte, struct buf *out)
{
	return c->reading == READ_LAX ? add_byte((unsigned char)byte, out)
				      : charset_add_character(REPLACEMENT, out);
}

/* How long a character with this first byte would be. */
static size_t utf8_length(char first)
{
	unsigned char byte = (unsigned char)first;

	return byte < 0xc2 || byte > 0xf4 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

static bool feed_utf8_whole(struct charset_reader *c, struct slice s, struct buf *out)
{
	while (s.len > 0) {
		size_t len = ascii_run(s);
		struct slice rest = slice_skip(s, len);

		if (!buf_add(out, slice_first(s, len)))
			return false;
		len = utf8_first(rest);
		if (rest.len > 0 && len == 0 && rest.len < utf8_length(rest.at[0])) {
			memcpy(c->held, rest.at, rest.len);
			c->held_len = rest.len;
			return true;
		}
		if (rest.len > 0 && (len > 0 ? !buf_add(out, slice_first(rest, len))
					     : !add_wrong(c, rest.at[0], out)))
			return false;
		s = slice_skip(rest, len > 0 ? len : 1);
	}
	return true;
}

static bool feed_utf8(struct charset_reader *c, struct slice s, struct buf *out)
{
	/* A character begun in an earlier piece gets its bytes one by one: at most three. */
	while (c->held_len > 0 && s.len > 0) {
		char all[5];
		size_t len = c->held_len;

		memcpy(all, c->held, len);
		all[len++] = s.at[0];
		s = slice_skip(s, 1);
		c->held_len = 0;
		if (!feed_utf8_whole(c, (struct slice){ all, len }, out))
			return false;
	}
	return feed_utf8_whole(c, s, out);
}

/* One call of iconv. *ret_used bytes of s were read; false: over out->max. */
static bool convert(
	struct charset_reader *c, struct slice s, struct buf *out, size_t *ret_used, int *ret_cause)
{
	size_t room = out->max - out->len < CONVERT_BYTES ? out->max - out->len : CONVERT_BYTES;
	char *to = buf_reserve(out, room), *at = to;
	char from[CONVERT_BYTES];
	char *from_at = from;
	size_t len = s.len < sizeof from ? s.len : sizeof from, left = len;
	size_t before_room = room;

	if (to == NULL)
		return false;
	memcpy(from, s.at, len);
	errno = 0;
	*ret_cause = iconv(c->cd, &from_at, &left, &at, &room) == (size_t)-1 ? errno : 0;
	buf_grew(out, (size_t)(at - to));
	*ret_used = len - left;
	return *ret_cause != E2BIG || *ret_used > 0 || before_room > room ||
	       before_room == CONVERT_BYTES;
}

static bool feed_iconv(struct charset_reader *c, struct slice s, struct buf *out)
{
	while (s.len > 0) {
		size_t used;
		int cause;

		if (!convert(c, s, out, &used, &cause))
			return false;
		s = slice_skip(s, used);
		if (cause == EINVAL && s.len < HELD_BYTES_MAX) {
			memcpy(c->held, s.at, s.len);
			c->held_len = s.len;
			return true;
		}
		if (cause == EILSEQ || (cause == EINVAL && used == 0) ||
			(cause == E2BIG && used == 0)) {
			if (!charset_add_character(REPLACEMENT, out))
				return false;
			s = slice_skip(s, 1);
		}
	}
	return true;
}

static bool feed_iconv_held(struct charset_reader *c, struct slice s, struct buf *out)
{
	while (c->held_len > 0 && s.len > 0) {
		char all[HELD_BYTES_MAX + 1];
		size_t len = c->held_len;

		memcpy(all, c->held, len);
		all[len++] = s.at[0];
		s = slice_skip(s, 1);
		c->held_len = 0;
		if (!feed_iconv(c, (struct slice){ all, len }, out))
			return false;
	}
	return feed_iconv(c, s, out);
}

bool charset_feed(struct charset_reader *c, struct slice piece, struct buf *out)
{
	switch (c->reading) {
	case READ_UTF8:
	case READ_LAX:
		return feed_utf8(c, piece, out);
	case READ_BYTES:
		return feed_bytes(piece, out);
	case READ_ICONV:
		break;
	}
	return feed_iconv_held(c, piece, out);
}

bool charset_end(struct charset_reader *c, struct buf *out)
{
	size_t len = c->held_len;

	c->held_len = 0;
	for (size_t i = 0; i < len; i++) {
		if (!add_wrong(c, c->held[i], out))
			return false;
	}
	return true;
}

bool charset_is_plain(const struct charset_reader *c)
{
	return c->reading != READ_ICONV && c->held_len == 0;
}

static void reader_free(struct charset_reader **c)
{
	charset_close(*c);
}

bool charset_to_utf8(struct slice name, struct slice text, struct buf *out)
{
	ON_EXIT(reader_free) struct charset_reader *c = charset_open(name);

	return c != NULL && charset_feed(c, text, out) && charset_end(c, out);
}
