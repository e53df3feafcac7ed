/* SPDX-License-Identifier: MIT */
#include "fuzz.h"
#include "message/header.h"
#include "syntax/address.h"

enum { ROOM_COUNT = 64 };

/* The addresses alone, as a list, are the same addresses. */
static void check_again(const struct slice *found, size_t count)
{
	auto_buf text = { .max = 1 << 20 };
	struct slice again[ROOM_COUNT];
	size_t again_count = 0;

	for (size_t i = 0; i < count; i++)
		invariant(buf_add(&text, found[i]) && buf_add(&text, S(",\r\n (and) ")));
	invariant(header_addresses(buf_slice(&text), again, ROOM_COUNT, &again_count));
	invariant(again_count == count);
	for (size_t i = 0; i < count; i++)
		invariant(slice_same(again[i], found[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = fuzz_input(data, size);
	struct slice room[ROOM_COUNT], one[1];
	size_t count = 0, count_again = 0;

	if (!header_addresses(s, room, ROOM_COUNT, &count))
		return 0;
	invariant(header_addresses(s, one, 1, &count_again) && count_again == count);
	if (count > ROOM_COUNT)
		return 0;
	for (size_t i = 0; i < count; i++) {
		struct address a;

		invariant(fuzz_is_inside(room[i], s) && address_parse(room[i], false, &a));
		invariant(i == 0 || room[i].at > room[i - 1].at);
	}
	invariant(count == 0 || slice_same(one[0], room[0]));
	check_again(room, count);
	return 0;
}
