/* SPDX-License-Identifier: MIT */
#include "base/id.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

static const char id_letters[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* 64 random bits a process; a child after fork would repeat them, and we never fork after the first id. */
static uint64_t process_bits(void)
{
	static _Atomic uint64_t bits;
	uint64_t now = atomic_load(&bits), expected = 0;

	if (now != 0)
		return now;
	while (now == 0)
		invariant(getrandom(&now, sizeof now, 0) == (ssize_t)sizeof now);
	return atomic_compare_exchange_strong(&bits, &expected, now) ? now : expected;
}

static void put_big_endian(uint8_t *at, uint64_t value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		at[i] = (uint8_t)(value >> (8 * (count - 1 - i)));
}

struct id id_new(const struct clock *clock)
{
	static _Atomic uint64_t sequence;
	uint64_t number = atomic_fetch_add(&sequence, 1);
	struct id id;

	put_big_endian(id.bytes, clock_wall_ns(clock) / NS_PER_MS, 6);
	put_big_endian(id.bytes + 6, number, 2);
	put_big_endian(id.bytes + 8, process_bits() + number, 8);
	return id;
}

bool id_same(struct id a, struct id b)
{
	return memcmp(a.bytes, b.bytes, ID_BYTES) == 0;
}

bool id_is_zero(struct id id)
{
	return id_same(id, (struct id){ 0 });
}

struct slice id_slice(const struct id *id)
{
	return (struct slice){ (const char *)id->bytes, ID_BYTES };
}

/* 128 bits are 26 letters of 5 bits; the first carries the upper 3. */
struct slice id_text(struct id id, char room[ID_TEXT_BYTES + 1])
{
	unsigned held = 0,
		 held_bits = 2; /* two zero bits before, so that the last letter is full */
	size_t at = 0;

	for (size_t i = 0; i < ID_BYTES; i++) {
		held = (held << 8 | id.bytes[i]) & 0xfff;
		for (held_bits += 8; held_bits >= 5; held_bits -= 5)
			room[at++] = id_letters[held >> (held_bits - 5) & 31];
	}
	invariant(at == ID_TEXT_BYTES && held_bits == 0);
	room[at] = '\0';
	return (struct slice){ room, at };
}

bool id_parse(struct slice text, struct id *ret)
{
	struct id id;
	unsigned held = 0, held_bits = 0;
	size_t at = 0;

	if (text.len != ID_TEXT_BYTES)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		const char *hit =
			memchr(id_letters, ascii_lower(text.at[i]), sizeof id_letters - 1);

		if (hit == NULL || (i == 0 && hit - id_letters > 7))
			return false;
		held = (held << 5 | (unsigned)(hit - id_letters)) & 0x1fff;
		held_bits += i == 0 ? 3 : 5;
		if (held_bits >= 8) {
			held_bits -= 8;
			id.bytes[at++] = (uint8_t)(held >> held_bits);
		}
	}
	invariant(at == ID_BYTES);
	*ret = id;
	return true;
}
