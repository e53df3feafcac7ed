/* SPDX-License-Identifier: MIT */
/*
 * The first bytes choose what to read, each from the rest; what was read is written and read again.
 */
#include "base/record.h"
#include "fuzz.h"

enum { STEPS_MAX = 16 };

static void check_number(struct cursor *c)
{
	uint64_t value = record_read_number(c);
	char room[10];
	struct buf b = BUF_OVER(room);
	struct cursor again;

	invariant(!c->broken || value == 0);
	invariant(record_number(&b, value));
	again = cursor_over(buf_slice(&b));
	invariant(record_read_number(&again) == value && cursor_finished(&again));
}

static void check_text(struct cursor *c, struct slice whole)
{
	struct slice text = record_read_text(c);
	auto_buf b = { .max = 1 << 21 };
	struct cursor again;

	invariant(fuzz_is_inside(text, whole) && (!c->broken || text.len == 0));
	invariant(record_text(&b, text));
	again = cursor_over(buf_slice(&b));
	invariant(slice_same(record_read_text(&again), text) && cursor_finished(&again));
}

static void check_fixed(struct cursor *c)
{
	uint8_t small = record_read_u8(c);
	uint32_t middle = record_read_u32(c);
	uint64_t large = record_read_u64(c);
	char room[13];
	struct buf b = BUF_OVER(room);
	struct cursor again;

	invariant(!c->broken || large == 0);
	invariant(record_u8(&b, small) && record_u32(&b, middle) && record_u64(&b, large));
	invariant(b.len == sizeof room);
	again = cursor_over(buf_slice(&b));
	invariant(record_read_u8(&again) == small && record_read_u32(&again) == middle);
	invariant(record_read_u64(&again) == large && cursor_finished(&again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = fuzz_input(data, size);
	struct slice steps = slice_first(s, STEPS_MAX);
	struct cursor c = cursor_over(slice_skip(s, STEPS_MAX));

	for (size_t i = 0; i < steps.len; i++) {
		size_t left = cursor_left(&c);

		if (steps.at[i] % 3 == 0)
			check_number(&c);
		else if (steps.at[i] % 3 == 1)
			check_text(&c, s);
		else
			check_fixed(&c);
		invariant(c.broken || cursor_left(&c) < left);
	}
	return 0;
}
