/* SPDX-License-Identifier: MIT */
/*
 * A key is its own key, and what people read leads back to it.
 */
#include "fuzz.h"
#include "message/names.h"
#include "syntax/address.h"

enum { ROOM_BYTES = 1 << 16 };

static void check_domain(struct slice s)
{
	auto_buf key = { .max = ROOM_BYTES }, again = { .max = ROOM_BYTES };
	auto_buf text = { .max = ROOM_BYTES };

	if (!names_domain_key(s, &key)) {
		invariant(key.len == 0);
		return;
	}
	invariant(key.len > 0 && key.len <= 253 && address_is_domain(buf_slice(&key)));
	invariant(names_domain_key(buf_slice(&key), &again));
	invariant(slice_same(buf_slice(&again), buf_slice(&key)));
	buf_clear(&again);
	invariant(names_domain_text(s, &text));
	invariant(names_domain_key(buf_slice(&text), &again));
	invariant(slice_same(buf_slice(&again), buf_slice(&key)));
}

static void check_local(struct slice s)
{
	auto_buf key = { .max = ROOM_BYTES }, again = { .max = ROOM_BYTES };

	if (!names_local_key(s, &key))
		return;
	invariant(names_local_key(buf_slice(&key), &again));
	invariant(slice_same(buf_slice(&again), buf_slice(&key)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = fuzz_input(data, size);

	if (size > ROOM_BYTES / 16)
		return 0;
	check_domain(s);
	check_local(s);
	return 0;
}
