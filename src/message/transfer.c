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

/* 0 to 63, 64 for "=", 65 for what is skipped. */
static int base64_value(char byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A';
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 26;
	if (byte >= '0' && byte <= '9')
		return byte - '0' + 52;
	return byte == '+' ? 62 : byte == '/' ? 63 : byte == '=' ? 64 : 65;
}

static bool feed_base64(struct transfer_decoder *d, struct slice piece, struct buf *out)
{
	char *to = buf_reserve(out, piece.len), *at = to;

	if (to == NULL)
		return false;
	for (size_t i = 0; i < piece.len && !d->is_over; i++) {
		int value = base64_value(piece.at[i]);

		/* RFC 2045 6.8: padding ends the data; before two letters it is noise. */
		if (value == 64 && d->bit_count != 6)
			d->is_over = d->bit_count > 0;
		if (value >= 64)
			continue;
		d->bits = d->bits << 6 | (uint32_t)value;
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

/* How many bytes at the front are text that stays as it is. */
static size_t plain_run(struct slice s)
{
	size_t len = 0;

	while (len < s.len && s.at[len] != '=' && s.at[len] != ' ' && s.at[len] != '\t' &&
		s.at[len] != '\r' && s.at[len] != '\n')
		len++;
	return len;
}

static bool feed_quoted_printable(struct transfer_decoder *d, struct slice piece, struct buf *out)
{
	while (piece.len > 0) {
		size_t len = d->held_count > 0 ? 0 : plain_run(piece);

		if (len > 0) {
			if (!add_blanks(d, out) || !buf_add(out, slice_first(piece, len)))
				return false;
		} else {
			len = 1;
			if (d->held_count > 0 ? !take_escaped(d, piece.at[0], out)
					      : !take_plain(d, piece.at[0], out))
				return false;
		}
		piece = slice_skip(piece, len);
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
