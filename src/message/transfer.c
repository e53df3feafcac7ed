/* SPDX-License-Identifier: MIT */
#include "message/transfer.h"

#include "message/header_token.h"

#include <string.h>

enum transfer transfer_named(struct slice value)
{
	static const struct {
		struct slice name;
		enum transfer transfer;
	} rows[] = {
		{ S_INIT(""), TRANSFER_IDENTITY },
		{ S_INIT("7bit"), TRANSFER_IDENTITY },
		{ S_INIT("8bit"), TRANSFER_IDENTITY },
		{ S_INIT("binary"), TRANSFER_IDENTITY },
		{ S_INIT("quoted-printable"), TRANSFER_QUOTED_PRINTABLE },
		{ S_INIT("base64"), TRANSFER_BASE64 },
	};
	struct cursor c = cursor_over(value);
	struct slice name;

	header_skip_blanks(&c);
	name = header_take_token(&c);
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (slice_same_nocase(rows[i].name, name))
			return rows[i].transfer;
	}
	return TRANSFER_UNKNOWN;
}

void transfer_begin(struct transfer_decoder *d, enum transfer transfer)
{
	d->transfer = transfer;
	d->bits = 0;
	d->bit_count = 0;
	d->held_count = 0;
	d->is_over = false;
	d->blank_count = 0;
}

/* 1 to 64 for the letters, 65 for "=", 0 for what is skipped. */
static const uint8_t base64_values[256] = { ['A'] = 1,
	['B'] = 2,
	['C'] = 3,
	['D'] = 4,
	['E'] = 5,
	['F'] = 6,
	['G'] = 7,
	['H'] = 8,
	['I'] = 9,
	['J'] = 10,
	['K'] = 11,
	['L'] = 12,
	['M'] = 13,
	['N'] = 14,
	['O'] = 15,
	['P'] = 16,
	['Q'] = 17,
	['R'] = 18,
	['S'] = 19,
	['T'] = 20,
	['U'] = 21,
	['V'] = 22,
	['W'] = 23,
	['X'] = 24,
	['Y'] = 25,
	['Z'] = 26,
	['a'] = 27,
	['b'] = 28,
	['c'] = 29,
	['d'] = 30,
	['e'] = 31,
	['f'] = 32,
	['g'] = 33,
	['h'] = 34,
	['i'] = 35,
	['j'] = 36,
	['k'] = 37,
	['l'] = 38,
	['m'] = 39,
	['n'] = 40,
	['o'] = 41,
	['p'] = 42,
	['q'] = 43,
	['r'] = 44,
	['s'] = 45,
	['t'] = 46,
	['u'] = 47,
	['v'] = 48,
	['w'] = 49,
	['x'] = 50,
	['y'] = 51,
	['z'] = 52,
	['0'] = 53,
	['1'] = 54,
	['2'] = 55,
	['3'] = 56,
	['4'] = 57,
	['5'] = 58,
	['6'] = 59,
	['7'] = 60,
	['8'] = 61,
	['9'] = 62,
	['+'] = 63,
	['/'] = 64,
	['='] = 65 };

/* 0 to 63, 64 for "=", 65 and more for what is skipped. */
static unsigned base64_value(char byte)
{
	return (uint8_t)(base64_values[(unsigned char)byte] - 1);
}

/* Four letters to three bytes, as long as there is nothing between them; how many letters were read. */
static size_t base64_quads(struct slice s, char **to)
{
	size_t at = 0;

	for (; s.len - at >= 4; at += 4) {
		unsigned a = base64_value(s.at[at]), b = base64_value(s.at[at + 1]);
		unsigned c = base64_value(s.at[at + 2]), d = base64_value(s.at[at + 3]);
		unsigned bits = a << 18 | b << 12 | c << 6 | d;

		if ((a | b | c | d) > 63)
			break;
		*(*to)++ = (char)(bits >> 16 & 0xff);
		*(*to)++ = (char)(bits >> 8 & 0xff);
		*(*to)++ = (char)(bits & 0xff);
	}
	return at;
}

static bool feed_base64(struct transfer_decoder *d, struct slice piece, struct buf *out)
{
	char *to = buf_reserve(out, piece.len), *at = to;

	if (to == NULL)
		return false;
	for (size_t i = 0; i < piece.len && !d->is_over; i++) {
		unsigned value;

		i += d->bit_count == 0 ? base64_quads(slice_skip(piece, i), &at) : 0;
		if (i == piece.len)
			break;
		value = base64_value(piece.at[i]);
		/* RFC 2045 6.8: padding ends the data; before two letters it is noise. */
		if (value == 64 && d->bit_count != 6)
			d->is_over = d->bit_count > 0;
		if (value >= 64)
			continue;
		d->bits = d->bits << 6 | value;
		d->bit_count = (uint8_t)(d->bit_count + 6);
		if (d->bit_count >= 8) {
			d->bit_count = (uint8_t)(d->bit_count - 8);
			*at++ = (char)(d->bits >> d->bit_count & 0xff);
		}
	}
	buf_grew(out, (size_t)(at - to));
	return true;
}

static int hex_value(char byte)
{
	char low = ascii_lower(byte);

	return ascii_is_digit(byte) ? byte - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

static bool add_blanks(struct transfer_decoder *d, struct buf *out)
{
	struct slice blanks = { d->blanks, d->blank_count };

	d->blank_count = 0;
	return buf_add(out, blanks);
}

/* One byte outside an escape. */
static bool take_plain(struct transfer_decoder *d, char byte, struct buf *out)
{
	switch (byte) {
	case ' ':
	case '\t':
		if (d->blank_count == TRANSFER_BLANKS_MAX && !add_blanks(d, out))
			return false;
		d->blanks[d->blank_count++] = byte;
		return true;
	case '\r':
	case '\n':
		/* RFC 2045 6.7 (3): blanks at a line's end were added on the way. */
		d->blank_count = 0;
		return buf_add_byte(out, byte);
	case '=':
		d->held[0] = byte;
		d->held_count = 1;
		return add_blanks(d, out);
	default:
		return add_blanks(d, out) && buf_add_byte(out, byte);
	}
}

static bool give_up_escape(struct transfer_decoder *d, struct buf *out)
{
	struct slice held = { d->held, d->held_count };

	d->held_count = 0;
	return buf_add(out, held);
}

/* One byte behind "=" or "=X". */
static bool take_escaped(struct transfer_decoder *d, char byte, struct buf *out)
{
	bool is_second = d->held_count == 2;

	if (byte == '\n' && (!is_second || d->held[1] == '\r')) {
		d->held_count = 0; /* a soft line break */
		return true;
	}
	if (!is_second && (byte == '\r' || hex_value(byte) >= 0)) {
		d->held[d->held_count++] = byte;
		return true;
	}
	if (is_second && d->held[1] != '\r' && hex_value(byte) >= 0) {
		d->held_count = 0;
		return buf_add_byte(out, (char)(hex_value(d->held[1]) << 4 | hex_value(byte)));
	}
	return give_up_escape(d, out) && take_plain(d, byte, out);
}

/* Not 0 when one of the eight bytes is this one. */
static uint64_t has_byte(uint64_t word, unsigned char byte)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t zero = word ^ ones * byte;

	return (zero - ones) & ~zero & ones << 7;
}

/* How many bytes at the front are before the next "=" or line end. */
static size_t text_run(struct slice s)
{
	size_t len = 0;
	uint64_t word;

	for (; s.len - len >= sizeof word; len += sizeof word) {
		memcpy(&word, s.at + len, sizeof word);
		if ((has_byte(word, '=') | has_byte(word, '\r') | has_byte(word, '\n')) != 0)
			break;
	}
	while (len < s.len && s.at[len] != '=' && s.at[len] != '\r' && s.at[len] != '\n')
		len++;
	return len;
}

/* Text in a line: all goes out at once but the blanks at its end, which wait for what follows. */
static bool take_run(struct transfer_decoder *d, struct slice run, struct buf *out)
{
	size_t kept = run.len;

	while (kept > 0 && (run.at[kept - 1] == ' ' || run.at[kept - 1] == '\t'))
		kept--;
	if (kept > 0 && !(add_blanks(d, out) && buf_add(out, slice_first(run, kept))))
		return false;
	for (; kept < run.len; kept++)
		if (!take_plain(d, run.at[kept], out))
			return false;
	return true;
}

static bool feed_quoted_printable(struct transfer_decoder *d, struct slice piece, struct buf *out)
{
	while (piece.len > 0) {
		size_t len = d->held_count > 0 ? 0 : text_run(piece);
		bool is_good;

		if (len > 0)
			is_good = take_run(d, slice_first(piece, len), out);
		else if (d->held_count > 0)
			is_good = take_escaped(d, piece.at[0], out);
		else
			is_good = take_plain(d, piece.at[0], out);
		if (!is_good)
			return false;
		piece = slice_skip(piece, len > 0 ? len : 1);
	}
	return true;
}

bool transfer_feed(struct transfer_decoder *d, struct slice piece, struct buf *out)
{
	switch (d->transfer) {
	case TRANSFER_QUOTED_PRINTABLE:
		return feed_quoted_printable(d, piece, out);
	case TRANSFER_BASE64:
		return feed_base64(d, piece, out);
	case TRANSFER_IDENTITY:
	case TRANSFER_UNKNOWN:
		break;
	}
	return buf_add(out, piece);
}

bool transfer_end(struct transfer_decoder *d, struct buf *out)
{
	d->blank_count = 0;
	/* A last "=" is a soft line break whose line end was cut off. */
	if (d->held_count == 1 || (d->held_count == 2 && d->held[1] == '\r'))
		d->held_count = 0;
	return d->transfer != TRANSFER_QUOTED_PRINTABLE || give_up_escape(d, out);
}
