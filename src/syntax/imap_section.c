/* SPDX-License-Identifier: MIT */
#include "syntax/imap_section.h"

#include "base/limits.h"
#include "syntax/imap_inner.h"
#include "syntax/imap_text.h"

#include <inttypes.h>

static const struct imap_row texts[] = {
	{ S_INIT("HEADER"), IMAP_TEXT_HEADER },
	{ S_INIT("HEADER.FIELDS"), IMAP_TEXT_HEADER_FIELDS },
	{ S_INIT("HEADER.FIELDS.NOT"), IMAP_TEXT_HEADER_FIELDS_NOT },
	{ S_INIT("TEXT"), IMAP_TEXT_TEXT },
	{ S_INIT("MIME"), IMAP_TEXT_MIME },
};

static void read_part(struct imap_reader *r, struct imap_section *s)
{
	static const char why[] = "part numbers are 1 to 4294967295 with dots between";
	struct imap_array numbers = { 0 };
	uint32_t *at;

	while (ascii_is_digit((char)cursor_peek(&r->c))) {
		at = imap_array_add(r, &numbers, sizeof *at, LIMIT_IMAP_SECTION_DEPTH,
			"the section has too many part numbers");
		if (at == NULL)
			return;
		*at = (uint32_t)imap_number(r, 1, UINT32_MAX, why);
		if (imap_at(r, ']') || cursor_at_end(&r->c))
			break;
		imap_expect(r, '.', why);
		if (cursor_at_end(&r->c) || imap_at(r, ']'))
			imap_miss(r, why);
	}
	s->part = numbers.at;
	s->part_count = numbers.count;
}

static bool has_fields(const struct imap_section *s)
{
	return s->text == IMAP_TEXT_HEADER_FIELDS || s->text == IMAP_TEXT_HEADER_FIELDS_NOT;
}

/* RFC 5322 3.6.8: printable, no colon. A name that cannot be in a header is the client's mistake. */
static bool is_field_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.at[i] <= ' ' || name.at[i] >= 127 || name.at[i] == ':')
			return false;
	}
	return name.len > 0;
}

static void read_fields(struct imap_reader *r, struct imap_section *s)
{
	struct imap_array names = { 0 };
	struct slice *at;

	imap_space(r);
	imap_expect(r, '(', "a list of header fields is expected: (DATE FROM)");
	do {
		struct slice name = imap_astring(r);

		if (!is_field_name(name))
			imap_miss(r, "that is no name of a header field");
		at = imap_array_add(r, &names, sizeof *at, LIMIT_IMAP_SECTION_FIELDS,
			"there are too many header fields");
		if (at != NULL)
			*at = name;
	} while (imap_try(r, ' '));
	imap_expect(r, ')', "the list of header fields does not end");
	s->fields = names.at;
	s->field_count = names.count;
}

void imap_section_read(struct imap_reader *r, bool only_part, struct imap_section *s)
{
	read_part(r, s);
	if (imap_at(r, ']') || cursor_at_end(&r->c))
		return;
	if (only_part) {
		imap_miss(r, "BINARY takes part numbers only");
		return;
	}
	s->text = (enum imap_section_text)imap_row_read(r, texts, COUNT(texts),
		"a section is part numbers, HEADER, HEADER.FIELDS (...), TEXT or MIME");
	if (s->text == IMAP_TEXT_MIME && s->part_count == 0)
		imap_miss(r, "MIME wants part numbers before it");
	if (has_fields(s))
		read_fields(r, s);
}

bool imap_section_parse(struct imap_parse *p, struct slice text, struct imap_section *ret)
{
	struct imap_reader r = imap_reader_over(p, text);
	struct imap_section s = { .kind = IMAP_SECTION_BODY };

	imap_section_read(&r, false, &s);
	if (!imap_reader_done(&r))
		return false;
	*ret = s;
	return true;
}

static const struct slice *text_name(enum imap_section_text text)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (texts[i].value == (unsigned)text)
			return &texts[i].word;
	}
	return NULL;
}

static bool fields_write(struct buf *out, const struct imap_section *s)
{
	for (size_t i = 0; i < s->field_count; i++) {
		if (!buf_add(out, i == 0 ? S(" (") : S(" ")) ||
			!imap_text_astring(out, s->fields[i], false))
			return false;
	}
	return s->field_count == 0 || buf_add_byte(out, ')');
}

static bool inside_write(struct buf *out, const struct imap_section *s)
{
	const struct slice *name = text_name(s->text);

	for (size_t i = 0; i < s->part_count; i++) {
		if ((i > 0 && !buf_add_byte(out, '.')) || !buf_add_number(out, s->part[i]))
			return false;
	}
	if (name == NULL)
		return true;
	return (s->part_count == 0 || buf_add_byte(out, '.')) && buf_add(out, *name) &&
	       fields_write(out, s);
}

bool imap_section_write(struct buf *out, const struct imap_section *s)
{
	/* In the order of enum imap_section_kind. */
	static const struct slice names[] = { S_INIT("BODY["), S_INIT("BINARY["),
		S_INIT("BINARY.SIZE["), S_INIT("RFC822"), S_INIT("RFC822.HEADER"),
		S_INIT("RFC822.TEXT") };

	if (!buf_add(out, names[s->kind]))
		return false;
	if (s->kind >= IMAP_SECTION_RFC822)
		return true;
	if (!inside_write(out, s) || !buf_add_byte(out, ']'))
		return false;
	return !s->has_partial || s->kind == IMAP_SECTION_BINARY_SIZE ||
	       buf_add_format(out, "<%" PRIu64 ">", s->partial_offset);
}
