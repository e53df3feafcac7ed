/* SPDX-License-Identifier: MIT */
/* Segments, with byte 1 between them. */
#include "base/limits.h"
#include "fuzz.h"
#include "syntax/imap_append.h"
#include "syntax/imap_url.h"

static void check_lists(const struct imap_append *a)
{
	size_t message_count = 0;

	for (const struct imap_append_message *m = a->messages; m != NULL; m = m->next) {
		size_t part_count = 0;

		for (const struct imap_append_part *part = m->parts; part != NULL;
			part = part->next) {
			invariant(part->next != NULL || m->next != NULL || part == a->part);
			part_count++;
		}
		invariant(part_count > 0 && part_count == m->part_count);
		invariant(m->next != NULL || m == a->message);
		message_count++;
	}
	invariant(message_count == a->message_count);
}

static void check_url(struct slice s)
{
	auto_arena arena = { .max = LIMIT_ARENA_BYTES };
	struct imap_parse p = { .arena = &arena };
	struct imap_url url;

	if (imap_url_parse(&p, s, &url))
		invariant(url.uid > 0 && !fuzz_has_control(url.mailbox));
	else
		invariant(p.why != NULL);
}

static void walk(struct slice s, bool is_replace)
{
	auto_arena arena = { .max = LIMIT_ARENA_BYTES };
	struct imap_parse p = { .arena = &arena };
	struct imap_append a = { .is_replace = is_replace };
	enum imap_append_answer answer = IMAP_APPEND_MESSAGE;

	while (answer == IMAP_APPEND_MESSAGE) {
		size_t len = slice_find(s, '\x01');

		answer = imap_append_next(&p, slice_first(s, len), &a);
		check_lists(&a);
		if (answer == IMAP_APPEND_MESSAGE)
			invariant(a.part->literal.kind == IMAP_LITERAL_BYTES);
		if (answer == IMAP_APPEND_ARGUMENT)
			invariant(a.argument.kind == IMAP_LITERAL_BYTES);
		if (answer == IMAP_APPEND_BAD)
			invariant(p.why != NULL);
		s = slice_skip(s, len + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = fuzz_input(data, size);

	if (size > 1 << 16)
		return 0;
	walk(s, false);
	walk(s, true);
	check_url(s);
	return 0;
}
