/* SPDX-License-Identifier: MIT */
#include "syntax/imap_set.h"

#include "base/limits.h"
#include "syntax/imap_word.h"

#include <stdlib.h>

static uint32_t number_or_star(struct imap_reader *r)
{
	if (imap_try(r, '*'))
		return IMAP_STAR;
	return (uint32_t)imap_number(
		r, 1, UINT32_MAX, "a set has numbers from 1 to 4294967295, or *");
}

/* RFC 9051 9 seq-range: 4:2 is 2:4, and *:5 is 5:*. */
static struct imap_range range(struct imap_reader *r)
{
	struct imap_range found;
	bool is_swapped;

	found.first = found.last = number_or_star(r);
	if (imap_try(r, ':'))
		found.last = number_or_star(r);
	is_swapped =
		found.last != IMAP_STAR && (found.first == IMAP_STAR || found.first > found.last);
	if (is_swapped)
		return (struct imap_range){ found.last, found.first };
	return found;
}

static size_t count_ranges(struct slice text)
{
	size_t count = 1;

	for (size_t i = 0; i < text.len; i++)
		count += text.at[i] == ',';
	return count;
}

bool imap_set_parse(struct imap_parse *p, struct slice text, struct imap_set *ret)
{
	struct imap_reader r = imap_reader_over(p, text);
	size_t count = count_ranges(text);
	struct imap_range *ranges;

	if (slice_same(text, S("$"))) {
		*ret = (struct imap_set){ .is_saved = true };
		return true;
	}
	if (text.len == 0)
		imap_miss(&r, "a set of numbers is expected");
	if (count > LIMIT_IMAP_SET_RANGES)
		imap_miss(&r, "the set has too many ranges");
	ranges = imap_take(&r, count * sizeof *ranges);
	for (size_t i = 0; i < count && !r.c.broken; i++) {
		if (i > 0)
			imap_expect(&r, ',', "a set is numbers and ranges with commas between");
		ranges[i] = range(&r);
	}
	if (!imap_reader_done(&r)) {
		if (!r.c.broken)
			p->why = "a set is numbers and ranges with commas between";
		return false;
	}
	*ret = (struct imap_set){ ranges, count, false };
	return true;
}

static int range_order(const void *a, const void *b)
{
	const struct imap_range *left = a, *right = b;

	return (left->first > right->first) - (left->first < right->first);
}

static size_t merge(struct imap_range *ranges, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct imap_range *last = kept == 0 ? NULL : &ranges[kept - 1];

		if (last == NULL || (uint64_t)last->last + 1 < ranges[i].first)
			ranges[kept++] = ranges[i];
		else if (ranges[i].last > last->last)
			last->last = ranges[i].last;
	}
	return kept;
}

bool imap_set_resolve(
	struct imap_set set, uint32_t largest, struct arena *arena, struct imap_set *ret)
{
	struct imap_range *ranges = arena_take(arena, (set.count + 1) * sizeof *ranges);
	size_t count = 0;

	if (ranges == NULL)
		return false;
	for (size_t i = 0; i < set.count; i++) {
		struct imap_range one = set.at[i];

		if (one.last == IMAP_STAR) {
			if (largest == 0)
				continue;
			one.first = one.first == IMAP_STAR ? largest : one.first;
			one.last = one.first > largest ? one.first : largest;
			one.first = one.first > largest ? largest : one.first;
		}
		ranges[count++] = one;
	}
	qsort(ranges, count, sizeof *ranges, range_order);
	*ret = (struct imap_set){ ranges, merge(ranges, count), false };
	return true;
}

bool imap_set_has(struct imap_set set, uint32_t number)
{
	size_t low = 0, high = set.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (number < set.at[middle].first)
			high = middle;
		else if (number > set.at[middle].last)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

uint64_t imap_set_size(struct imap_set set)
{
	uint64_t size = 0;

	for (size_t i = 0; i < set.count; i++)
		size += (uint64_t)set.at[i].last - set.at[i].first + 1;
	return size;
}

bool imap_set_has_star(struct imap_set set)
{
	for (size_t i = 0; i < set.count; i++) {
		if (set.at[i].last == IMAP_STAR)
			return true;
	}
	return false;
}

static bool number_write(struct buf *out, uint32_t number)
{
	return number == IMAP_STAR ? buf_add_byte(out, '*') : buf_add_number(out, number);
}

static bool range_write(struct buf *out, struct imap_range r, bool is_first)
{
	if (!is_first && !buf_add_byte(out, ','))
		return false;
	if (!number_write(out, r.first))
		return false;
	return r.first == r.last || (buf_add_byte(out, ':') && number_write(out, r.last));
}

bool imap_set_write(struct buf *out, struct imap_set set)
{
	if (set.is_saved)
		return buf_add_byte(out, '$');
	for (size_t i = 0; i < set.count; i++) {
		if (!range_write(out, set.at[i], i == 0))
			return false;
	}
	return true;
}

bool imap_set_finish(struct imap_set_writer *w)
{
	struct imap_range open = { w->first, w->last };

	if (w->first == 0)
		return true;
	if (!range_write(w->out, open, !w->has_some))
		return false;
	w->has_some = true;
	w->first = w->last = 0;
	return true;
}

bool imap_set_add(struct imap_set_writer *w, uint32_t number)
{
	invariant(number != 0);
	if (w->first != 0 && number == w->last + 1) {
		w->last = number;
		return true;
	}
	if (!imap_set_finish(w))
		return false;
	w->first = w->last = number;
	return true;
}
