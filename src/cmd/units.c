/* SPDX-License-Identifier: MIT */
#include "cmd/units.h"

struct unit {
	struct slice name;
	uint64_t factor;
};

/* Largest first: printing takes the first that divides. */
static const struct unit sizes[] = {
	{ S_INIT("G"), UINT64_C(1) << 30 },
	{ S_INIT("M"), UINT64_C(1) << 20 },
	{ S_INIT("K"), UINT64_C(1) << 10 },
	{ S_INIT(""), 1 },
};
static const struct unit times[] = {
	{ S_INIT("d"), UINT64_C(86400000) },
	{ S_INIT("h"), 3600000 },
	{ S_INIT("m"), 60000 },
	{ S_INIT("s"), 1000 },
	{ S_INIT("ms"), 1 },
};

static bool read_with(const struct unit *units, size_t count, struct slice text, uint64_t *ret)
{
	size_t digits = 0;
	uint64_t number;

	while (digits < text.len && ascii_is_digit(text.at[digits]))
		digits++;
	if (!slice_number(slice_first(text, digits), UINT64_MAX, &number))
		return false;
	struct slice name = slice_trim(slice_skip(text, digits));
	for (size_t i = 0; i < count; i++) {
		if (!slice_same_nocase(name, units[i].name))
			continue;
		if (number > UINT64_MAX / units[i].factor)
			return false;
		*ret = number * units[i].factor;
		return true;
	}
	return false;
}

static bool print_with(const struct unit *units, size_t count, uint64_t value, struct buf *out)
{
	size_t i = 0;

	while (i + 1 < count && (value == 0 || value % units[i].factor != 0))
		i++;
	return buf_add_number(out, value / units[i].factor) && buf_add(out, units[i].name);
}

bool units_read_size(struct slice text, uint64_t *ret_bytes)
{
	return read_with(sizes, COUNT(sizes), text, ret_bytes);
}

bool units_read_time(struct slice text, uint64_t *ret_ms)
{
	return read_with(times, COUNT(times), text, ret_ms);
}

bool units_print_size(uint64_t bytes, struct buf *out)
{
	return print_with(sizes, COUNT(sizes), bytes, out);
}

bool units_print_time(uint64_t ms, struct buf *out)
{
	return print_with(times, COUNT(times), ms, out);
}

bool units_print_size_short(uint64_t bytes, struct buf *out)
{
	for (size_t i = 0; i + 1 < COUNT(sizes); i++) {
		uint64_t tenths;

		if (bytes < sizes[i].factor)
			continue;
		tenths = bytes / (sizes[i].factor / 10 + 1);
		if (bytes % sizes[i].factor == 0 || tenths >= 100)
			return buf_add_number(out, bytes / sizes[i].factor) &&
			       buf_add(out, sizes[i].name);
		return buf_add_format(out, "%llu.%llu%.*s", (unsigned long long)tenths / 10,
			(unsigned long long)tenths % 10, S_FMT(sizes[i].name));
	}
	return buf_add_number(out, bytes);
}
