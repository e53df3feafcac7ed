/* SPDX-License-Identifier: MIT */
/* What a peer calls DEFLATE: the first byte is the size of the pieces it comes in. To rest between them changes nothing. */
#include "fuzz.h"
#include "net/zstream.h"

#include <string.h>

enum { OUTPUT_BYTES_MAX = 1 << 20, ROOM_BYTES = 512 };

/* All that inflates now; false: broken, or enough. */
static bool drain(struct zstream *z, struct buf *out)
{
	char room[ROOM_BYTES];
	size_t count;

	for (;;) { /* ends with the piece, or with enough */
		switch (zstream_inflate(z, room, sizeof room, &count)) {
		case ZSTREAM_OK:
			invariant(count > 0 && count <= sizeof room);
			if (!buf_add(out, (struct slice){ room, count }))
				return false;
			break;
		case ZSTREAM_EMPTY:
			invariant(!zstream_has_input(z));
			return true;
		case ZSTREAM_BROKEN:
			return false;
		}
	}
}

static bool inflate_all(struct slice s, size_t piece, bool rests, struct buf *out)
{
	struct zstream *z = zstream_new();
	bool is_good = z != NULL;

	while (is_good && s.len > 0) {
		struct slice first = slice_first(s, piece);
		size_t bytes;
		char *room = zstream_room(z, &bytes);

		invariant(room != NULL && first.len <= bytes);
		memcpy(room, first.at, first.len);
		zstream_came(z, first.len);
		s = slice_skip(s, first.len);
		is_good = drain(z, out);
		if (is_good && rests)
			zstream_rest(z);
	}
	zstream_free(z);
	return is_good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf once = { .max = OUTPUT_BYTES_MAX }, rested = { .max = OUTPUT_BYTES_MAX };
	struct slice s = fuzz_input(data, size);
	bool is_good;

	if (size < 2 || size > 1 << 14)
		return 0;
	is_good = inflate_all(slice_skip(s, 1), SIZE_MAX, false, &once);
	invariant(inflate_all(slice_skip(s, 1), (size_t)data[0] + 1, true, &rested) == is_good);
	invariant(slice_same(buf_slice(&once), buf_slice(&rested)));
	return 0;
}
