/* SPDX-License-Identifier: MIT */
/* The first line is a pattern, the rest a name. */
#include "base/limits.h"
#include "fuzz.h"
#include "syntax/imap_command.h"
#include "syntax/imap_name.h"

#include <string.h>

enum { SLOW_BYTES = 48 };

/* What the pattern means, place by place: row i is the name's first i bytes. */
static bool slow_match(struct slice pattern, struct slice name)
{
	bool is_on[SLOW_BYTES + 1][SLOW_BYTES + 1] = { { true } };
	bool is_inbox = slice_same(slice_first(name, slice_find(name, '/')), S("INBOX"));

	for (size_t i = 0; i <= name.len; i++) {
		for (size_t j = 0; j < pattern.len; j++) {
			char wild = pattern.at[j];

			if (!is_on[i][j])
				continue;
			if (wild == '*' || wild == '%')
				is_on[i][j + 1] = true;
			if (i == name.len)
				continue;
			if (wild == '*' || (wild == '%' && name.at[i] != '/'))
				is_on[i + 1][j] = true;
			else if (wild == name.at[i] ||
				 (is_inbox && i < 5 &&
					 ascii_lower(wild) == ascii_lower(name.at[i])))
				is_on[i + 1][j + 1] = wild != '%';
		}
	}
	return is_on[name.len][pattern.len];
}

static void check_name(struct slice text, bool is_utf8)
{
	auto_arena arena = { .max = LIMIT_ARENA_BYTES };
	struct imap_parse p = { .arena = &arena, .is_utf8 = is_utf8 };
	auto_buf written = { .max = LIMIT_ARENA_BYTES };
	struct slice name, again, kept;
	const char *why = NULL;

	if (!imap_name_read(&p, text, &name)) {
		invariant(p.why != NULL);
		return;
	}
	invariant(name.len <= LIMIT_MAILBOX_NAME_BYTES && !fuzz_has_control(name));
	invariant(imap_name_write(&written, name, is_utf8));
	if (name.len > 0) {
		invariant(imap_mailbox_parse(&p, buf_slice(&written), &again));
		invariant(slice_same(again, name));
	}
	invariant(imap_pattern_match(S("*"), name));
	invariant(imap_pattern_match(name, name));
	kept = name;
	invariant(imap_name_may_create(&kept, &why) == (why == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = fuzz_input(data, size);
	struct slice pattern = slice_first(s, slice_find(s, '\n'));
	struct slice name = slice_skip(s, pattern.len + 1);
	bool is_match = imap_pattern_match(pattern, name);

	if (size > LIMIT_ARENA_BYTES / 8)
		return 0;
	if (pattern.len <= SLOW_BYTES && name.len <= SLOW_BYTES)
		invariant(is_match == slow_match(pattern, name));
	/* What matches is below each level above it that might match below. */
	if (is_match && slice_find(name, '/') > 0 && slice_find(name, '/') < name.len)
		invariant(imap_pattern_match_below(
				  pattern, slice_first(name, slice_find(name, '/'))) ||
			  slice_find(name, '/') + 1 == name.len);
	check_name(name, false);
	check_name(name, true);
	return 0;
}
