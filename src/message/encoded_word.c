/* SPDX-License-Identifier: MIT */
#include "message/encoded_word.h"

#include "base/cursor.h"
#include "base/limits.h"
#include "message/charset.h"
#include "message/header.h"
#include "message/transfer.h"

#include <string.h>

/* Bytes of neighbouring words in one character set: a character may be cut between them. */
struct pending {
	struct slice charset;
	struct buf bytes;
	bool is_open;
};

static void pending_done(struct pending *p)
{
	buf_done(&p->bytes);
}

static bool flush(struct pending *p, struct buf *out)
{
	bool is_good = !p->is_open || charset_to_utf8(p->charset, buf_slice(&p->bytes), out);

	p->is_open = false;
	buf_clear(&p->bytes);
	return is_good;
}

struct word {
	struct slice charset, text;
	bool is_base64;
};

/* "=?charset*language?B?text?=" at the front of s: its length, or 0. RFC 2047 2, RFC 2231 5. */
static size_t take_word(struct slice s, struct word *ret)
{
	struct cursor c = cursor_over(s);
	struct slice charset, encoding, text;

	cursor_expect(&c, S("=?"));
	charset = cursor_until(&c, '?');
	encoding = cursor_until(&c, '?');
	if (c.broken || encoding.len != 1 || charset.len == 0)
		return 0;
	text = cursor_until(&c, '?');
	cursor_expect(&c, S("="));
	if (c.broken || strchr("bBqQ", encoding.at[0]) == NULL)
		return 0;
	*ret = (struct word){ slice_first(charset, slice_find(charset, '*')), text,
		ascii_lower(encoding.at[0]) == 'b' };
	return (size_t)(c.at - s.at);
}

/* RFC 2047 4.2: quoted-printable with "_" for the blank. */
static bool decode_q(struct slice text, struct buf *out)
{
	auto_buf plain = { .max = LIMIT_HEADER_BYTES };
	struct transfer_decoder d;

	if (!buf_add(&plain, text))
		return false;
	for (size_t i = 0; i < plain.len; i++) {
		if (plain.at[i] == '_')
			plain.at[i] = ' ';
	}
	transfer_begin(&d, TRANSFER_QUOTED_PRINTABLE);
	/* A last byte keeps blanks at the end, and goes away again. */
	if (!buf_add_byte(&plain, '.') || !transfer_feed(&d, buf_slice(&plain), out) ||
		!transfer_end(&d, out))
		return false;
	out->len--;
	return true;
}

static bool take_into(struct pending *p, const struct word *word, struct buf *out)
{
	struct transfer_decoder d;

	if (p->is_open && !slice_same_nocase(p->charset, word->charset) && !flush(p, out))
		return false;
	p->is_open = true;
	p->charset = word->charset;
	if (!word->is_base64)
		return decode_q(word->text, &p->bytes);
	transfer_begin(&d, TRANSFER_BASE64);
	return transfer_feed(&d, word->text, &p->bytes) && transfer_end(&d, &p->bytes);
}

static size_t blank_run(struct slice s)
{
	size_t len = 0;

	while (len < s.len && (s.at[len] == ' ' || s.at[len] == '\t'))
		len++;
	return len;
}

static bool decode(struct slice s, struct pending *p, struct buf *out)
{
	static const struct slice mark = S_INIT("=?");

	while (s.len > 0) {
		struct word word;
		size_t blanks = blank_run(s), len = take_word(slice_skip(s, blanks), &word);
		const char *next;

		if (len > 0) {
			/* RFC 2047 6.2: blanks between two words are not shown. */
			if ((!p->is_open && !buf_add(out, slice_first(s, blanks))) ||
				!take_into(p, &word, out))
				return false;
			s = slice_skip(s, blanks + len);
			continue;
		}
		next = s.len < blanks + 2
			       ? NULL
			       : memmem(s.at + blanks + 1, s.len - blanks - 1, mark.at, mark.len);
		len = next == NULL ? s.len : (size_t)(next - s.at);
		while (next != NULL && len > 0 && (s.at[len - 1] == ' ' || s.at[len - 1] == '\t'))
			len--;
		if (len == 0)
			len = blanks + 1;
		if (!flush(p, out) || !charset_to_utf8(S(""), slice_first(s, len), out))
			return false;
		s = slice_skip(s, len);
	}
	return flush(p, out);
}

bool encoded_word_decode(struct slice value, struct buf *out)
{
	auto_buf text = { .max = LIMIT_HEADER_BYTES };
	ON_EXIT(pending_done) struct pending p = { .bytes = { .max = LIMIT_HEADER_BYTES } };
	size_t before = out->len;

	if (header_value_text(value, &text) && decode(buf_slice(&text), &p, out))
		return true;
	out->len = before;
	return false;
}
