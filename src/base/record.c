/* SPDX-License-Identifier: MIT */
#include "base/record.h"

bool record_number(struct buf *b, uint64_t value)
{
	char bytes[10];
	size_t len = 0;

	do {
		uint8_t low = value & 0x7f;

		value >>= 7;
		bytes[len++] = (char)(value > 0 ? low | 0x80u : low);
	} while (value > 0);
	return buf_add(b, (struct slice){ bytes, len });
}

bool record_text(struct buf *b, struct slice s)
{
	return record_number(b, s.len) && buf_add(b, s);
}

bool record_u8(struct buf *b, uint8_t value)
{
	return buf_add_byte(b, (char)value);
}

static bool add_big_endian(struct buf *b, uint64_t value, size_t count)
{
	char bytes[8];

	for (size_t i = 0; i < count; i++)
		bytes[i] = (char)(value >> (8 * (count - 1 - i)));
	return buf_add(b, (struct slice){ bytes, count });
}

bool record_u32(struct buf *b, uint32_t value)
{
	return add_big_endian(b, value, 4);
}

bool record_u64(struct buf *b, uint64_t value)
{
	return add_big_endian(b, value, 8);
}

uint64_t record_read_number(struct cursor *c)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && !cursor_at_end(c); shift += 7) {
		uint8_t byte = (uint8_t)*c->at++;
		uint64_t low = byte & 0x7f;

		if (low > UINT64_MAX >> shift)
			break;
		value |= low << shift;
		if ((byte & 0x80) == 0)
			return value;
	}
	cursor_break(c);
	return 0;
}

struct slice record_read_text(struct cursor *c)
{
	uint64_t len = record_read_number(c);

	if (len > cursor_left(c)) {
		cursor_break(c);
		return S("");
	}
	return cursor_take(c, (size_t)len);
}

static uint64_t read_big_endian(struct cursor *c, size_t count)
{
	struct slice bytes = cursor_take(c, count);
	uint64_t value = 0;

	for (size_t i = 0; i < bytes.len; i++)
		value = value << 8 | (uint8_t)bytes.at[i];
	return value;
}

uint8_t record_read_u8(struct cursor *c)
{
	return (uint8_t)read_big_endian(c, 1);
}

uint32_t record_read_u32(struct cursor *c)
{
	return (uint32_t)read_big_endian(c, 4);
}

uint64_t record_read_u64(struct cursor *c)
{
	return read_big_endian(c, 8);
}
