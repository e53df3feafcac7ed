/* SPDX-License-Identifier: MIT */
#include "syntax/imap_metadata.h"

#include "base/limits.h"
#include "syntax/imap_inner.h"

/* RFC 5464 3.2: levels of printable ASCII, without '*' and '%', under /private or /shared. */
static bool is_entry(struct slice name)
{
	bool was_slash = true;

	/* The roots alone, to be read with what is below them. */
	if (slice_same_nocase(name, S("/private")) || slice_same_nocase(name, S("/shared")))
		return true;
	if (!slice_starts_nocase(name, S("/private/")) && !slice_starts_nocase(name, S("/shared/")))
		return false;
	for (size_t i = 1; i < name.len; i++) {
		char byte = name.at[i];

		if (byte <= ' ' || byte >= 127 || byte == '*' || byte == '%' ||
			(byte == '/' && was_slash))
			return false;
		was_slash = byte == '/';
	}
	return !was_slash;
}

bool imap_entry_is_valid(struct slice name)
{
	char room[LIMIT_IMAP_ENTRY_BYTES];

	return name.len <= sizeof room && is_entry(name) &&
	       slice_find(slice_skip(name, 1), '/') < name.len - 1 &&
	       slice_same(slice_lower(name, room), name);
}

struct slice imap_entry_read(struct imap_reader *r)
{
	struct slice name = imap_astring(r);
	char *room;

	if (name.len > LIMIT_IMAP_ENTRY_BYTES)
		imap_miss(r, "the entry's name is too long");
	if (!r->c.broken && !is_entry(name))
		imap_miss(r, "an entry's name begins with /private/ or /shared/, without * and %");
	room = imap_take(r, name.len + 1);
	return room == NULL ? S("") : slice_lower(name, room);
}

static void read_option(struct imap_reader *r, struct imap_metadata_ask *ask)
{
	if (imap_try_word(r, S("MAXSIZE"))) {
		imap_space(r);
		ask->has_max_bytes = true;
		ask->max_bytes = imap_number(r, 0, UINT32_MAX, "MAXSIZE takes a number");
		return;
	}
	if (!imap_try_word(r, S("DEPTH")))
		imap_miss(r, "the options are MAXSIZE and DEPTH");
	imap_space(r);
	if (imap_try_word(r, S("infinity")))
		ask->depth = IMAP_DEPTH_INFINITY;
	else
		ask->depth = (unsigned)imap_number(r, 0, 1, "DEPTH is 0, 1 or infinity");
}

void imap_metadata_options_read(struct imap_reader *r, struct imap_metadata_ask *ask)
{
	imap_expect(r, '(', "a list of options is expected");
	do
		read_option(r, ask);
	while (imap_try(r, ' '));
	imap_expect(r, ')', "the list of options does not end");
}

void imap_entries_read(struct imap_reader *r, struct imap_metadata_ask *ask)
{
	struct imap_array entries = { 0 };
	bool has_list = imap_try(r, '(');
	struct slice *at;

	do {
		struct slice name = imap_entry_read(r);

		at = imap_array_add(
			r, &entries, sizeof *at, LIMIT_IMAP_ENTRIES, "there are too many entries");
		if (at != NULL)
			*at = name;
	} while (has_list && imap_try(r, ' '));
	if (has_list)
		imap_expect(r, ')', "the list of entries does not end");
	ask->entries = entries.at;
	ask->entry_count = entries.count;
}

/* A mailbox, or "" for the server. */
static struct slice read_mailbox(struct imap_reader *r)
{
	return cursor_try(&r->c, S("\"\"")) ? S("") : imap_mailbox(r);
}

/* Behind the mailbox "(" begins options or a list of entries: entries begin with a slash. */
static bool is_options(const struct imap_reader *r)
{
	struct slice rest = cursor_rest(&r->c);

	return slice_starts_nocase(rest, S("(MAXSIZE ")) || slice_starts_nocase(rest, S("(DEPTH "));
}

bool imap_getmetadata_parse(struct imap_parse *p, struct slice args, struct imap_getmetadata *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_getmetadata g = { 0 };
	bool has_options = imap_at(&r, '(');

	if (has_options) {
		imap_metadata_options_read(&r, &g.ask);
		imap_space(&r);
	}
	g.mailbox = read_mailbox(&r);
	imap_space(&r);
	if (!has_options && is_options(&r)) {
		imap_metadata_options_read(&r, &g.ask);
		imap_space(&r);
	}
	imap_entries_read(&r, &g.ask);
	if (!imap_reader_done(&r))
		return false;
	*ret = g;
	return true;
}

static void read_value(struct imap_reader *r, struct imap_array *values)
{
	struct imap_metadata_value *v = imap_array_add(
		r, values, sizeof *v, LIMIT_IMAP_ENTRIES, "there are too many entries");

	if (v == NULL)
		return;
	v->entry = imap_entry_read(r);
	imap_space(r);
	v->value = imap_nstring8(r, &v->is_nil);
}

bool imap_setmetadata_parse(struct imap_parse *p, struct slice args, struct imap_setmetadata *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_setmetadata s = { .mailbox = read_mailbox(&r) };
	struct imap_array values = { 0 };

	imap_space(&r);
	imap_expect(&r, '(', "SETMETADATA takes a list: (entry value)");
	do
		read_value(&r, &values);
	while (imap_try(&r, ' '));
	imap_expect(&r, ')', "the list of entries does not end");
	s.values = values.at;
	s.value_count = values.count;
	if (!imap_reader_done(&r))
		return false;
	*ret = s;
	return true;
}
