/* SPDX-License-Identifier: MIT */
#include "fuzz.h"
#include "message/encoded_word.h"
#include "message/message_id.h"
#include "message/sent_date.h"
#include "message/text_search.h"
#include "message/thread_subject.h"

static void builder_free(struct structure_builder **b)
{
	structure_free(*b);
}

static void search_free(struct text_search **t)
{
	text_search_free(*t);
}

static bool is_found(
	const struct structure *s, const struct text_key *key, struct slice message, size_t step)
{
	struct text_wish wish = { .key = key, .scope = TEXT_SEARCH_TEXT };
	ON_EXIT(search_free) struct text_search *t = text_search_new(s, &wish, 1);

	invariant(t != NULL);
	for (size_t at = 0; at < message.len; at += step) {
		if (!text_search_feed(t, slice_first(slice_skip(message, at), step)))
			break;
	}
	text_search_end(t);
	return wish.is_found;
}

static void check_fields(struct slice value)
{
	auto_buf text = { .max = 1 << 20 };
	auto_buf id = { .max = MESSAGE_ID_BYTES_MAX };
	struct sent_date date;
	bool is_reply;
	size_t at = 0;

	(void)!sent_date_parse(value, &date);
	(void)!encoded_word_decode(value, &text);
	(void)!thread_subject_base(value, &text, &is_reply);
	while (message_id_next(value, &at, &id)) {
		auto_buf again = { .max = MESSAGE_ID_BYTES_MAX };
		size_t again_at = 0;

		/* What is normalised stays as it is. */
		invariant(message_id_next(buf_slice(&id), &again_at, &again));
		invariant(slice_same(buf_slice(&id), buf_slice(&again)));
	}
}

/* The first line is what to look for, the rest is the message. A hit must not depend on the pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = fuzz_input(data, size);
	struct slice wanted = slice_first(input, slice_find(input, '\n'));
	struct slice message = slice_skip(input, wanted.len + 1);
	ON_EXIT(builder_free) struct structure_builder *b = structure_new();
	ON_EXIT(text_key_done) struct text_key key;
	auto_buf record = { .max = STRUCTURE_RECORD_BYTES_MAX };
	auto_arena arena = { .max = 1 << 20 };
	struct structure s;

	check_fields(wanted);
	invariant(b != NULL && structure_feed(b, message) && structure_end(b, &record));
	invariant(structure_decode(buf_slice(&record), &arena, &s));
	if (text_key_init(&key, S("UTF-8"), wanted) != TEXT_KEY_OK)
		return 0;
	invariant(is_found(&s, &key, message, 1) == is_found(&s, &key, message, message.len + 1));
	return 0;
}
