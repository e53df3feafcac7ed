/* SPDX-License-Identifier: MIT */
#include "mail/timeline_rows.h"

#include "base/record.h"

enum { PACK_VERSION = 1, PACK_BYTES = 32 << 10 /* with one more record under LIMIT_VALUE_BYTES */ };
_Static_assert(PACK_BYTES + TIMELINE_RECORD_BYTES + LIMIT_PARTITION_NAME_BYTES < LIMIT_VALUE_BYTES,
	"a pack that one more row was added to is a value");

static void pack_set(struct batch *b, uint64_t seq, size_t number, struct buf *pack)
{
	struct key key = key_of(TIMELINE_PACK);

	key_add_number(&key, seq, 8);
	key_add_number(&key, number, 2);
	batch_set(b, key_slice(&key), buf_slice(pack));
	buf_clear(pack);
}

size_t timeline_packs_stage(struct batch *b, struct slice rows, uint64_t seq)
{
	auto_buf pack = { .max = LIMIT_VALUE_BYTES };
	struct cursor c = cursor_over(rows);
	size_t count = 0;

	while (!cursor_at_end(&c)) {
		struct slice key = record_read_text(&c), value = record_read_text(&c);

		if ((pack.len == 0 && !record_u8(&pack, PACK_VERSION)) ||
			!record_text(&pack, key) || !record_text(&pack, value)) {
			b->is_short = true;
			return count;
		}
		if (pack.len >= PACK_BYTES)
			pack_set(b, seq, count++, &pack);
	}
	if (pack.len > 0)
		pack_set(b, seq, count++, &pack);
	return count;
}

bool timeline_pack_rows(const struct store_row *pack, timeline_row_fn *row, void *context)
{
	struct cursor c = cursor_over(pack->value);

	if (record_read_u8(&c) != PACK_VERSION)
		return true;
	while (!cursor_at_end(&c)) {
		struct store_row one;

		one.key = record_read_text(&c);
		one.value = record_read_text(&c);
		if (c.broken)
			return true; /* its beginning is worth more than nothing */
		if (!row(context, &one))
			return false;
	}
	return true;
}
