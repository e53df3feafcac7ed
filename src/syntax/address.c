/* SPDX-License-Identifier: MIT */
#include "syntax/address.h"

#include "base/cursor.h"
#include "base/limits.h"
#include "syntax/utf8.h"

#include <arpa/inet.h>
#include <string.h>

enum { LABEL_BYTES_MAX = 63 /* RFC 1035 2.3.4; counts for ASCII labels only, see is_label */ };

static bool is_high(char byte)
{
	return (unsigned char)byte >= 0x80;
}

/* atext of RFC 5322 3.2.3, and UTF-8 (RFC 6531 3.3) whose validity address_parse checks once. */
static bool is_atext(char byte)
{
	return ascii_is_alpha(byte) || ascii_is_digit(byte) || is_high(byte) ||
	       (byte != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", byte) != NULL);
}

/* Dot-string = Atom *("." Atom). */
static struct slice take_dot_string(struct cursor *c)
{
	const char *from = c->at;

	do {
		if (cursor_while(c, is_atext).len == 0)
			cursor_break(c);
	} while (cursor_try(c, S(".")));
	return (struct slice){ from, (size_t)(c->at - from) };
}

/* Quoted-string = DQUOTE *(qtextSMTP / "\" %d32-126) DQUOTE, with its quotes. */
static struct slice take_quoted(struct cursor *c)
{
	const char *from = c->at;

	cursor_expect(c, S("\""));
	while (!cursor_at_end(c) && cursor_peek(c) != '"') {
		bool is_escaped = cursor_try(c, S("\\"));
		struct slice byte = cursor_take(c, 1);

		if (c->broken || byte.at[0] == 127 || (unsigned char)byte.at[0] < ' ' ||
			(is_escaped && is_high(byte.at[0])))
			cursor_break(c);
	}
	cursor_expect(c, S("\""));
	return (struct slice){ from, (size_t)(c->at - from) };
}

static bool parts_parse(struct slice s, bool postmaster_ok, struct address *ret)
{
	struct cursor c = cursor_over(s);

	ret->local = cursor_peek(&c) == '"' ? take_quoted(&c) : take_dot_string(&c);
	if (postmaster_ok && cursor_finished(&c) && slice_same_nocase(s, S("postmaster")))
		return true;
	cursor_expect(&c, S("@"));
	ret->domain = cursor_rest(&c);
	if (c.broken || ret->local.len > LIMIT_LOCAL_PART_BYTES)
		return false;
	ret->is_literal = address_is_literal(ret->domain);
	if (ret->is_literal)
		return true;
	/* "a@b.example." names the same domain; DNS people write it so. */
	if (ret->domain.len > 0 && ret->domain.at[ret->domain.len - 1] == '.')
		ret->domain.len--;
	return address_is_domain(ret->domain);
}

bool address_parse(struct slice s, bool postmaster_ok, struct address *ret)
{
	struct address a = { .needs_utf8 = !utf8_is_ascii(s) };

	if (a.needs_utf8 && !utf8_is_valid(s))
		return false;
	if (!parts_parse(s, postmaster_ok, &a))
		return false;
	*ret = a;
	return true;
}

/* sub-domain = Let-dig [Ldh-str]. How long a U-label is as an A-label, message/names.c finds out. */
static bool is_label(struct slice s)
{
	if (s.len == 0 || s.at[0] == '-' || s.at[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_is_alpha(s.at[i]) && !ascii_is_digit(s.at[i]) && s.at[i] != '-' &&
			!is_high(s.at[i]))
			return false;
	}
	return s.len <= LABEL_BYTES_MAX || !utf8_is_ascii(s);
}

bool address_is_domain(struct slice s)
{
	size_t len;

	if (s.len > LIMIT_DOMAIN_BYTES || !utf8_is_valid(s))
		return false;
	do {
		len = slice_find(s, '.');
		if (!is_label(slice_first(s, len)))
			return false;
		if (len == s.len)
			return true;
		s = slice_skip(s, len + 1);
	} while (true);
}

/* RFC 5321 4.1.3. Tags other than IPv6 have never been registered, so we know none. */
bool address_is_literal(struct slice s)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char bytes[sizeof(struct in6_addr)];
	int family = AF_INET;

	if (s.len < 2 || s.at[0] != '[' || s.at[s.len - 1] != ']')
		return false;
	s = slice_first(slice_skip(s, 1), s.len - 2);
	if (slice_starts_nocase(s, S("IPv6:"))) {
		family = AF_INET6;
		s = slice_skip(s, 5);
	}
	return slice_text(s, text, sizeof text) && inet_pton(family, text, bytes) == 1;
}

struct slice address_local_plain(struct slice local, char *room)
{
	size_t len = 0;

	if (local.len < 2 || local.at[0] != '"')
		return local;
	for (size_t i = 1; i + 1 < local.len; i++) {
		if (local.at[i] == '\\' && i + 2 < local.len)
			i++;
		room[len++] = local.at[i];
	}
	return (struct slice){ room, len };
}
