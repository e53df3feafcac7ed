/* SPDX-License-Identifier: MIT */
#include "fuzz.h"
#include "message/envelope_text.h"
#include "message/section.h"
#include "message/structure_text.h"

static void builder_free(struct structure_builder **b)
{
	structure_free(*b);
}

static void record_of(struct slice message, size_t step, struct buf *record)
{
	ON_EXIT(builder_free) struct structure_builder *b = structure_new();

	invariant(b != NULL);
	for (size_t at = 0; at < message.len; at += step)
		invariant(structure_feed(b, slice_first(slice_skip(message, at), step)));
	invariant(structure_end(b, record));
	invariant(record->len <= STRUCTURE_RECORD_BYTES_MAX);
}

/* What structure_decode promises of parts, and what a client may rely on. */
static void check_parts(const struct structure *s, struct slice message)
{
	invariant(s->summary.bytes == message.len);
	invariant(s->parts[0].header_at == 0 && s->parts[0].end_at == message.len);
	for (size_t i = 0; i < s->part_count; i++) {
		const struct part *p = &s->parts[i], *parent = &s->parts[p->parent];
		uint64_t lines = 0;

		invariant(p->header_at <= p->body_at && p->body_at <= p->end_at);
		invariant(
			i == 0 || (p->header_at >= parent->body_at && p->end_at <= parent->end_at));
		invariant(p->next == 0 || s->parts[p->next].header_at >= p->end_at);
		for (uint64_t at = p->body_at; at < p->end_at; at++)
			lines += message.at[at] == '\n' ? 1 : 0;
		invariant(lines == p->lines);
	}
}

/* HEADER and TEXT are the message; each numbered part stands where the tree says. */
static void check_sections(const struct structure *s)
{
	struct section_range whole, header, text, body;

	invariant(section_range(s, NULL, 0, SECTION_BODY, &whole));
	invariant(section_range(s, NULL, 0, SECTION_HEADER, &header));
	invariant(section_range(s, NULL, 0, SECTION_TEXT, &text));
	invariant(header.at == 0 && text.at == header.len && text.at + text.len == whole.len);
	for (uint32_t i = 1; i < 5; i++) {
		for (uint32_t k = 0; k < 4; k++) {
			uint32_t path[2] = { i, k };
			const struct part *p;

			if (!section_find(s, path, k == 0 ? 1 : 2, &p))
				continue;
			invariant(section_range(s, path, k == 0 ? 1 : 2, SECTION_BODY, &body));
			invariant(body.at == p->body_at && body.at + body.len == p->end_at);
			invariant(section_range(s, path, k == 0 ? 1 : 2, SECTION_MIME, &header));
			invariant(header.at + header.len == body.at);
		}
	}
}

/* Brackets and strings of an answer must pair: a client reads on with what comes behind. */
static void check_balance(struct slice text)
{
	size_t depth = 0, at = 0;

	while (at < text.len) {
		char byte = text.at[at++];

		if (byte == '"') {
			while (text.at[at] != '"')
				at += text.at[at] == '\\' ? 2 : 1;
			at++;
		} else if (byte == '{') {
			uint64_t len = 0;

			while (ascii_is_digit(text.at[at]))
				len = len * 10 + (uint64_t)(text.at[at++] - '0');
			at += 3 + len;
		}
		depth += byte == '(' ? 1 : 0;
		invariant(byte != ')' || depth > 0);
		depth -= byte == ')' ? 1 : 0;
		invariant(at <= text.len && (depth > 0 || at == text.len));
	}
	invariant(depth == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = { 1, 7, 300 };
	struct slice message = fuzz_input(data, size);
	auto_buf record = { .max = 2 * STRUCTURE_RECORD_BYTES_MAX };
	auto_buf text = { .max = STRUCTURE_BODY_BYTES_MAX };
	auto_arena arena = { .max = 1 << 20 };
	struct envelope_view view;
	struct structure s;

	record_of(message, size == 0 ? 1 : size, &record);
	for (size_t i = 0; i < COUNT(steps); i++) {
		auto_buf again = { .max = 2 * STRUCTURE_RECORD_BYTES_MAX };

		record_of(message, steps[i], &again);
		invariant(slice_same(buf_slice(&record), buf_slice(&again)));
	}
	invariant(structure_decode(buf_slice(&record), &arena, &s));
	check_parts(&s, message);
	check_sections(&s);
	invariant(!s.summary.has_envelope || envelope_text_view(s.summary.envelope, &view));
	invariant(structure_text_add(&s, true, &text));
	check_balance(buf_slice(&text));
	/* And bytes from outside as a record: never more than "no". */
	arena_reset(&arena);
	if (structure_decode(message, &arena, &s)) {
		buf_clear(&text);
		(void)!structure_text_add(&s, true, &text);
	}
	return 0;
}
