/* SPDX-License-Identifier: MIT */
#include "base/limits.h"
#include "fuzz.h"
#include "message/header.h"

#define auto_header ON_EXIT(header_done) struct header

static size_t feed(struct header *h, struct slice s, size_t step)
{
	size_t used_all = 0;

	for (size_t i = 0; i < s.len; i += step) {
		size_t used;

		invariant(header_feed(h, slice_first(slice_skip(s, i), step), &used));
		invariant(used <= step);
		used_all += used;
	}
	return used_all;
}

static void check_feeding(struct slice s, struct header *whole)
{
	static const size_t steps[] = { 1, 2, 3, 64 };
	size_t used = feed(whole, s, s.len == 0 ? 1 : s.len);

	invariant(slice_same(buf_slice(&whole->bytes), slice_first(s, used)));
	invariant(whole->is_complete || whole->is_too_long || used == s.len);
	for (size_t i = 0; i < COUNT(steps); i++) {
		auto_header split;

		header_init(&split);
		invariant(feed(&split, s, steps[i]) == used);
		invariant(split.is_complete == whole->is_complete);
		invariant(slice_same(buf_slice(&split.bytes), buf_slice(&whole->bytes)));
	}
}

static void check_text(struct slice value)
{
	auto_buf text = { .max = LIMIT_HEADER_BYTES };
	struct slice s;

	invariant(header_value_text(value, &text));
	s = buf_slice(&text);
	invariant(
		s.len <= value.len && slice_find(s, '\n') == s.len && slice_find(s, '\r') == s.len);
}

static void check_fields(struct slice bytes)
{
	struct header_field field;
	unsigned budget = 50; /* header_count() walks all fields: do not be quadratic */

	for (size_t at = 0, before = 0; header_next(bytes, &at, &field); before = at) {
		struct slice first;

		invariant(at > before && at <= bytes.len && field.name.len > 0);
		invariant(fuzz_is_inside(field.name, bytes) && fuzz_is_inside(field.value, bytes));
		invariant(!fuzz_has_control(field.name) &&
			  slice_find(field.name, ':') == field.name.len);
		check_text(field.value);
		if (budget == 0)
			continue;
		budget--;
		invariant(header_find(bytes, field.name, &first) &&
			  header_count(bytes, field.name) > 0);
		invariant(first.at <= field.value.at);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = fuzz_input(data, size);
	auto_header h;

	header_init(&h);
	check_feeding(s, &h);
	check_fields(buf_slice(&h.bytes));
	check_fields(s);
	return 0;
}
