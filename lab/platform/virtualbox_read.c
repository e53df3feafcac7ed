/* SPDX-License-Identifier: MIT */
#include "lab/platform/virtualbox_read.h"

#include "base/cursor.h"

enum { MAJOR_MAX = 1000, UUID_LENGTH = VIRTUALBOX_UUID_BYTES - 1 };

static struct slice line_next(struct slice *rest)
{
	struct slice line = slice_first(*rest, slice_find(*rest, '\n'));

	*rest = slice_skip(*rest, line.len + 1);
	return slice_trim(line);
}

/* A name or value with or without quotes: quotes inside are not escaped, so the last one ends it. */
static struct slice unquote(struct slice s)
{
	if (s.len < 2 || s.at[0] != '"' || s.at[s.len - 1] != '"')
		return s;
	return slice_first(slice_skip(s, 1), s.len - 2);
}

bool virtualbox_value(struct slice text, struct slice key, struct slice *ret)
{
	while (text.len > 0) {
		struct slice line = line_next(&text);
		size_t equals = slice_find(line, '=');

		if (equals == line.len || !slice_same(unquote(slice_first(line, equals)), key))
			continue;
		*ret = unquote(slice_skip(line, equals + 1));
		return true;
	}
	return false;
}

static bool is_uuid(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
		char byte = ascii_lower(s.at[i]);

		if (is_dash ? byte != '-' : !ascii_is_digit(byte) && (byte < 'a' || byte > 'f'))
			return false;
	}
	return s.len == UUID_LENGTH;
}

bool virtualbox_uuid(struct slice text, char ret[VIRTUALBOX_UUID_BYTES])
{
	while (text.len > 0) {
		struct slice line = line_next(&text);

		if (!slice_starts(line, S("UUID:")))
			continue;
		line = slice_trim(slice_skip(line, S("UUID:").len));
		return is_uuid(line) && slice_text(line, ret, VIRTUALBOX_UUID_BYTES);
	}
	return false;
}

bool virtualbox_entry_next(struct slice *rest, struct virtualbox_entry *ret)
{
	while (rest->len > 0) {
		struct slice line = line_next(rest);
		size_t brace = slice_find_last(line, '{');
		struct slice uuid = slice_skip(line, brace + 1);

		if (uuid.len != UUID_LENGTH + 1 || uuid.at[UUID_LENGTH] != '}' ||
			!is_uuid(slice_first(uuid, UUID_LENGTH)))
			continue;
		ret->name = unquote(slice_trim(slice_first(line, brace)));
		ret->uuid = slice_first(uuid, UUID_LENGTH);
		return true;
	}
	return false;
}

struct slice virtualbox_complaint(struct slice text)
{
	const struct slice head = S("VBoxManage: error: ");

	while (text.len > 0) {
		struct slice line = line_next(&text);

		if (slice_starts(line, head))
			return slice_skip(line, head.len);
	}
	return S("");
}

unsigned virtualbox_major(struct slice text)
{
	uint64_t major = 0;

	/* The Debian wrapper may warn before it. */
	while (text.len > 0) {
		struct slice line = line_next(&text);

		if (slice_number(slice_first(line, slice_find(line, '.')), MAJOR_MAX, &major))
			return (unsigned)major;
	}
	return 0;
}

bool virtualbox_is_live(struct slice state)
{
	static const struct slice ended[] = { S_INIT("poweroff"), S_INIT("aborted"),
		S_INIT("aborted-saved"), S_INIT("saved"), S_INIT("") };

	for (size_t i = 0; i < COUNT(ended); i++) {
		if (slice_same(ended[i], state))
			return false;
	}
	return true;
}
