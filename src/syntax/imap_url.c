/* SPDX-License-Identifier: MIT */
#include "syntax/imap_url.h"

#include "syntax/imap_inner.h"
#include "syntax/imap_name.h"

static const char why_shape[] =
	"the URL is not /mailbox;UIDVALIDITY=n/;UID=n/;SECTION=part/;PARTIAL=offset.length";

static int hex_digit(char byte)
{
	char low = ascii_lower(byte);

	if (ascii_is_digit(byte))
		return byte - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* Percent-decoded, RFC 3986 2.1. */
static struct slice decode(struct imap_reader *r, struct slice text)
{
	char *room = imap_take(r, text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len && room != NULL; i++) {
		int high = -1, low = -1;

		if (text.at[i] != '%') {
			room[len++] = text.at[i];
			continue;
		}
		if (text.len - i > 2) {
			high = hex_digit(text.at[i + 1]);
			low = hex_digit(text.at[i + 2]);
		}
		if (high < 0 || low < 0) {
			imap_miss(r, "a % of the URL is not followed by two hexadecimal digits");
			return S("");
		}
		room[len++] = (char)(high * 16 + low);
		i += 2;
	}
	return room == NULL ? S("") : (struct slice){ room, len };
}

static bool is_mailbox_byte(char byte)
{
	return byte > ' ' && byte < 127 && byte != ';' && byte != '?' && byte != '#' && byte != '"';
}

static bool is_section_byte(char byte)
{
	return is_mailbox_byte(byte) && byte != '/';
}

static void read_mailbox(struct imap_reader *r, struct imap_url *url)
{
	struct slice text = cursor_while(&r->c, is_mailbox_byte);
	struct imap_parse utf8 = *r->p;

	/* "/Drafts/;UID=20": the last slash belongs to what follows. */
	if (text.len > 0 && text.at[text.len - 1] == '/') {
		text.len--;
		r->c.at--;
	}
	if (slice_starts(text, S("/")))
		text = slice_skip(text, 1);
	utf8.is_utf8 = true;
	text = decode(r, text);
	if (!r->c.broken && !imap_name_read(&utf8, text, &url->mailbox))
		imap_miss(r, utf8.why);
}

static void read_section(struct imap_reader *r, struct imap_url *url)
{
	struct slice text = decode(r, cursor_while(&r->c, is_section_byte));
	struct imap_parse inner = *r->p;

	url->has_section = true;
	if (r->c.broken)
		return;
	if (text.len == 0)
		imap_miss(r, why_shape);
	else if (!imap_section_parse(&inner, text, &url->section))
		imap_miss(r, inner.why);
}

static void read_partial(struct imap_reader *r, struct imap_section *section)
{
	section->has_partial = true;
	section->partial_offset = imap_number(r, 0, INT64_MAX, why_shape);
	section->partial_bytes = INT64_MAX;
	if (imap_try(r, '.'))
		section->partial_bytes = imap_number(r, 1, INT64_MAX, why_shape);
}

bool imap_url_parse(struct imap_parse *p, struct slice text, struct imap_url *ret)
{
	struct imap_reader r = imap_reader_over(p, text);
	struct imap_url url = { 0 };

	if (!imap_at(&r, '/') && !imap_at(&r, ';'))
		imap_miss(&r, "the URL must begin with /: only mailboxes of this server are meant");
	if (slice_starts(text, S("//")))
		imap_miss(&r, "the URL names another server");
	read_mailbox(&r, &url);
	if (cursor_try(&r.c, S(";UIDVALIDITY=")))
		url.uid_validity = (uint32_t)imap_number(&r, 1, UINT32_MAX, why_shape);
	(void)imap_try(&r, '/');
	if (!cursor_try(&r.c, S(";UID=")))
		imap_miss(&r, why_shape);
	url.uid = (uint32_t)imap_number(&r, 1, UINT32_MAX, why_shape);
	if (cursor_try(&r.c, S("/;SECTION=")))
		read_section(&r, &url);
	if (cursor_try(&r.c, S("/;PARTIAL=")))
		read_partial(&r, &url.section);
	if (!cursor_at_end(&r.c))
		imap_miss(&r, why_shape);
	if (!imap_reader_done(&r))
		return false;
	*ret = url;
	return true;
}
