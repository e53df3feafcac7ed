/* SPDX-License-Identifier: MIT */
#include "cmd/archive/maildir_file.h"

#include "base/cursor.h"
#include "cmd/archive/zone.h"

#include <inttypes.h>

bool maildir_file_write(struct buf *out, const struct maildir_file *f)
{
	char zone[ZONE_BYTES];

	if (!buf_add_format(out, "%" PRIu64 ".V%" PRIu32 "U%" PRIu32 ".mailvisor", f->number,
		    f->uid_validity, f->uid) ||
		(f->zone_min != 0 &&
			!buf_add_format(out, ",Z=%s", zone_write(f->zone_min, zone))) ||
		(f->keeps_lf && !buf_add(out, S(",E=lf"))))
		return false;
	for (size_t i = 0; i < f->keyword_count; i++)
		if (!buf_add_format(out, "%s%02u", i == 0 ? ",K=" : "", f->keywords[i]))
			return false;
	return true;
}

static void read_keywords(struct slice list, struct maildir_file *f)
{
	uint64_t number;

	for (; list.len >= 2 && f->keyword_count < MAILDIR_KEYWORDS; list = slice_skip(list, 2))
		if (slice_number(slice_first(list, 2), MAILDIR_KEYWORDS - 1, &number) &&
			number >= MAILDIR_LETTERS)
			f->keywords[f->keyword_count++] = (uint8_t)number;
}

static void read_field(struct slice field, struct maildir_file *f)
{
	if (slice_starts(field, S("Z=")))
		(void)zone_read(slice_skip(field, 2), &f->zone_min);
	else if (slice_starts(field, S("K=")))
		read_keywords(slice_skip(field, 2), f);
	else if (slice_same(field, S("E=lf")))
		f->keeps_lf = true;
}

/* "1700000000.V7U12.mailvisor" */
static void read_own(struct slice name, struct maildir_file *f)
{
	struct cursor c = cursor_over(name);

	f->number = cursor_number(&c, UINT64_MAX);
	if (c.broken) {
		f->number = 0;
		return;
	}
	cursor_expect(&c, S(".V"));
	f->uid_validity = (uint32_t)cursor_number(&c, UINT32_MAX);
	cursor_expect(&c, S("U"));
	f->uid = (uint32_t)cursor_number(&c, UINT32_MAX);
	cursor_expect(&c, S(".mailvisor"));
	f->is_ours = !c.broken;
}

/* A file that a reader moves from new to cur meanwhile stays the same one. */
static struct slice base_of(struct slice name)
{
	return slice_first(name, slice_find(name, ':'));
}

void maildir_file_read(struct slice name, struct maildir_file *ret)
{
	struct slice rest = base_of(name), field = slice_first(rest, slice_find(rest, ','));

	*ret = (struct maildir_file){ .number = 0 };
	read_own(field, ret);
	for (rest = slice_skip(rest, field.len); rest.len > 0; rest = slice_skip(rest, field.len)) {
		rest = slice_skip(rest, 1);
		field = slice_first(rest, slice_find(rest, ','));
		read_field(field, ret);
	}
}

static int number_order(uint64_t a, uint64_t b)
{
	return a == b ? 0 : a < b ? -1 : 1;
}

struct maildir_order maildir_order_of(struct slice name)
{
	struct slice base = base_of(name);
	struct maildir_file file = { .number = 0 };

	read_own(slice_first(base, slice_find(base, ',')), &file);
	return (struct maildir_order){ .is_ours = file.is_ours,
		.uid_validity = file.is_ours ? file.uid_validity : 0,
		.number = file.is_ours ? file.uid : file.number,
		.base = base };
}

int maildir_order(const struct maildir_order *a, const struct maildir_order *b)
{
	int order = number_order(a->uid_validity, b->uid_validity);

	if (a->is_ours != b->is_ours)
		return a->is_ours ? -1 : 1;
	if (order == 0)
		order = number_order(a->number, b->number);
	return order != 0 ? order : slice_order(a->base, b->base);
}
