/* SPDX-License-Identifier: MIT */
#include "message/trace.h"

#include "base/cursor.h"
#include "base/limits.h"
#include "syntax/address.h"

#include <time.h>

enum {
	LINE_COLUMNS_MAX = 77,  /* RFC 5322 2.1.1: should be no more than 78 */
	FOLD_COLUMNS = 8,       /* of the tab that begins a folded line */
	TOKEN_BYTES_MAX = 1024, /* an address with its brackets; a name and its address */
};

/* A header field in the making: tokens, with a blank or a fold between them. */
struct field {
	struct buf *out;
	size_t column;
	bool is_ok;
};

static void add(struct field *f, struct slice s)
{
	f->is_ok = f->is_ok && buf_add(f->out, s);
	f->column += s.len;
}

static void add_token(struct field *f, struct slice token)
{
	if (f->column + 1 + token.len > LINE_COLUMNS_MAX) {
		add(f, S("\r\n\t"));
		f->column = FOLD_COLUMNS;
	} else {
		add(f, S(" "));
	}
	add(f, token);
}

/* atext of RFC 5322 3.2.3, the dot, the colon of an IPv6 address, and UTF-8. */
static bool is_word_byte(char byte)
{
	struct slice marks = S("!#$%&'*+-./=?^_`{|}~:");

	return ascii_is_alpha(byte) || ascii_is_digit(byte) || (unsigned char)byte >= 0x80 ||
	       slice_find(marks, byte) < marks.len;
}

static bool is_literal_byte(char byte)
{
	return is_word_byte(byte) || byte == '[' || byte == ']';
}

static bool is_comment_byte(char byte)
{
	return is_word_byte(byte) || byte == ' ';
}

/* An address keeps its quotes; only what could end the line is replaced. */
static bool is_path_byte(char byte)
{
	return (unsigned char)byte >= ' ' && byte != 127;
}

/*
 * Text that came from outside: whatever could end the line, the comment or the word becomes '?'. What
 * the session lets through has none of these; this is the second wall.
 */
static bool add_harmless(struct buf *token, struct slice s, bool (*is_harmless)(char byte))
{
	struct cursor c = cursor_over(s);

	while (!cursor_at_end(&c)) {
		if (!buf_add(token, cursor_while(&c, is_harmless)))
			return false;
		if (cursor_take(&c, 1).len > 0 && !buf_add_byte(token, '?'))
			return false;
	}
	return true;
}

/* RFC 5321 4.1.3: an IPv6 address says that it is one. */
static bool add_literal(struct buf *token, struct slice address)
{
	bool is_ipv6 = slice_find(address, ':') < address.len;

	return buf_add(token, is_ipv6 ? S("[IPv6:") : S("[")) &&
	       add_harmless(token, address, is_word_byte) && buf_add(token, S("]"));
}

/* Extended-Domain: the name the client gave, and in a comment the address it came from. */
static void add_from(struct field *f, const struct envelope *e)
{
	char room[TOKEN_BYTES_MAX];
	struct buf token = BUF_OVER(room);

	add_token(f, S("from"));
	f->is_ok =
		f->is_ok &&
		(e->hello.len == 0 ? buf_add(&token, S("unknown"))
				   : add_harmless(&token, slice_first(e->hello, LIMIT_DOMAIN_BYTES),
					     address_is_literal(e->hello) ? is_literal_byte
									  : is_word_byte));
	add_token(f, buf_slice(&token));
	if (e->peer_address.len == 0)
		return;
	buf_clear(&token);
	f->is_ok = f->is_ok && buf_add_byte(&token, '(') &&
		   add_literal(&token, slice_first(e->peer_address, LIMIT_DOMAIN_BYTES)) &&
		   buf_add_byte(&token, ')');
	add_token(f, buf_slice(&token));
}

/* The registered words: SMTP and ESMTP (RFC 5321), LMTP and the letters S and A (RFC 3848), and the
 * UTF8 ones (RFC 6531 4.3). Plain SMTP has neither letters nor UTF8. */
static bool add_with(struct buf *token, const struct envelope *e)
{
	struct slice name = e->protocol == PROTOCOL_LMTP ? S("LMTP") : S("ESMTP");

	if (e->protocol == PROTOCOL_SMTP)
		return buf_add(token, S("SMTP"));
	if (e->is_utf8)
		name = e->protocol == PROTOCOL_LMTP ? S("UTF8LMTP") : S("UTF8SMTP");
	return buf_add(token, name) && buf_add(token, e->tls.len > 0 ? S("S") : S("")) &&
	       buf_add(token, e->account.len > 0 ? S("A") : S(""));
}

static void add_by_with(struct field *f, const struct envelope *e, struct slice host)
{
	char room[TOKEN_BYTES_MAX];
	struct buf token = BUF_OVER(room);

	add_token(f, S("by"));
	f->is_ok = f->is_ok &&
		   add_harmless(&token, slice_first(host, LIMIT_DOMAIN_BYTES), is_literal_byte);
	add_token(f, buf_slice(&token));
	buf_clear(&token);
	f->is_ok = f->is_ok && add_with(&token, e);
	add_token(f, S("with"));
	add_token(f, buf_slice(&token));
	if (e->tls.len == 0)
		return;
	buf_clear(&token);
	f->is_ok = f->is_ok && buf_add_byte(&token, '(') &&
		   add_harmless(&token, slice_first(e->tls, LIMIT_DOMAIN_BYTES), is_comment_byte) &&
		   buf_add_byte(&token, ')');
	add_token(f, buf_slice(&token));
}

static bool add_path(struct buf *token, struct slice address)
{
	return buf_add_byte(token, '<') && add_harmless(token, address, is_path_byte) &&
	       buf_add_byte(token, '>');
}

static void add_for(struct field *f, struct slice address)
{
	char room[TOKEN_BYTES_MAX];
	struct buf token = BUF_OVER(room);

	f->is_ok = f->is_ok && add_path(&token, address);
	add_token(f, S("for"));
	add_token(f, buf_slice(&token));
}

static void add_when(struct field *f, uint64_t wall_ns)
{
	char room[64];
	struct buf token = BUF_OVER(room);

	f->is_ok = f->is_ok && trace_date_text(wall_ns, &token);
	add(f, S(";"));
	add_token(f, buf_slice(&token));
	add(f, S("\r\n"));
}

bool trace_received(
	const struct envelope *e, struct slice host, struct slice for_address, struct buf *out)
{
	struct field f = { .out = out, .is_ok = true };
	size_t len_before = out->len;
	char id_room[ID_TEXT_BYTES + 1];

	add(&f, S("Received:"));
	add_from(&f, e);
	add_by_with(&f, e, host);
	add_token(&f, S("id"));
	add_token(&f, id_text(e->id, id_room));
	if (for_address.len > 0)
		add_for(&f, for_address);
	add_when(&f, e->wall_ns);
	if (!f.is_ok)
		out->len = len_before;
	return f.is_ok;
}

bool trace_return_path(struct slice reverse_path, struct buf *out)
{
	size_t len_before = out->len;

	if (buf_add(out, S("Return-Path: ")) && add_path(out, reverse_path) &&
		buf_add(out, S("\r\n")))
		return true;
	out->len = len_before;
	return false;
}

bool trace_date_text(uint64_t wall_ns, struct buf *out)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	char room[48];
	struct buf text = BUF_OVER(room);
	struct tm t;

	/* Not strftime: its names depend on the locale. 64 bits of nanoseconds end in the year 2554. */
	if (gmtime_r(&seconds, &t) == NULL)
		return false;
	return buf_add_format(&text, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[t.tm_wday],
		       t.tm_mday, months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min,
		       t.tm_sec) &&
	       buf_add(out, buf_slice(&text));
}

bool trace_date(uint64_t wall_ns, struct buf *out)
{
	size_t len_before = out->len;

	if (buf_add(out, S("Date: ")) && trace_date_text(wall_ns, out) && buf_add(out, S("\r\n")))
		return true;
	out->len = len_before;
	return false;
}

bool trace_message_id(struct id id, struct slice host, struct buf *out)
{
	size_t len_before = out->len;
	char id_room[ID_TEXT_BYTES + 1];

	if (buf_add(out, S("Message-ID: <")) && buf_add(out, id_text(id, id_room)) &&
		buf_add(out, S("@")) && add_harmless(out, host, is_literal_byte) &&
		buf_add(out, S(">\r\n")))
		return true;
	out->len = len_before;
	return false;
}
