/* SPDX-License-Identifier: MIT */
#include "syntax/imap_fetch.h"

#include "base/limits.h"
#include "syntax/imap_inner.h"

enum {
	FAST = IMAP_FETCH_FLAGS | IMAP_FETCH_INTERNALDATE | IMAP_FETCH_SIZE,
	ALL = FAST | IMAP_FETCH_ENVELOPE,
	FULL = ALL | IMAP_FETCH_BODY,
};

static const struct imap_row macros[] = {
	{ S_INIT("FAST"), FAST },
	{ S_INIT("ALL"), ALL },
	{ S_INIT("FULL"), FULL },
};
static const struct imap_row simple_items[] = {
	{ S_INIT("UID"), IMAP_FETCH_UID },
	{ S_INIT("FLAGS"), IMAP_FETCH_FLAGS },
	{ S_INIT("INTERNALDATE"), IMAP_FETCH_INTERNALDATE },
	{ S_INIT("RFC822.SIZE"), IMAP_FETCH_SIZE },
	{ S_INIT("ENVELOPE"), IMAP_FETCH_ENVELOPE },
	{ S_INIT("BODY"), IMAP_FETCH_BODY },
	{ S_INIT("BODYSTRUCTURE"), IMAP_FETCH_BODYSTRUCTURE },
	{ S_INIT("MODSEQ"), IMAP_FETCH_MODSEQ },
	{ S_INIT("EMAILID"), IMAP_FETCH_EMAILID },
	{ S_INIT("THREADID"), IMAP_FETCH_THREADID },
	{ S_INIT("SAVEDATE"), IMAP_FETCH_SAVEDATE },
	{ S_INIT("PREVIEW"), IMAP_FETCH_PREVIEW },
};
static const struct section_row {
	struct slice name;
	enum imap_section_kind kind;
	enum imap_section_text text;
	bool is_peek, has_brackets;
} section_items[] = {
	{ S_INIT("BODY"), IMAP_SECTION_BODY, IMAP_TEXT_ALL, false, true },
	{ S_INIT("BODY.PEEK"), IMAP_SECTION_BODY, IMAP_TEXT_ALL, true, true },
	{ S_INIT("BINARY"), IMAP_SECTION_BINARY, IMAP_TEXT_ALL, false, true },
	{ S_INIT("BINARY.PEEK"), IMAP_SECTION_BINARY, IMAP_TEXT_ALL, true, true },
	{ S_INIT("BINARY.SIZE"), IMAP_SECTION_BINARY_SIZE, IMAP_TEXT_ALL, true, true },
	{ S_INIT("RFC822"), IMAP_SECTION_RFC822, IMAP_TEXT_ALL, false, false },
	/* RFC 1730's: clients of that time still ask for them. */
	{ S_INIT("RFC822.PEEK"), IMAP_SECTION_RFC822, IMAP_TEXT_ALL, true, false },
	{ S_INIT("RFC822.TEXT.PEEK"), IMAP_SECTION_RFC822_TEXT, IMAP_TEXT_TEXT, true, false },
	{ S_INIT("RFC822.HEADER"), IMAP_SECTION_RFC822_HEADER, IMAP_TEXT_HEADER, true, false },
	{ S_INIT("RFC822.TEXT"), IMAP_SECTION_RFC822_TEXT, IMAP_TEXT_TEXT, false, false },
};

/* What is read so far. */
struct items {
	unsigned bits;
	struct imap_array sections;
};

static bool is_item_byte(char byte)
{
	return ascii_is_alpha(byte) || ascii_is_digit(byte) || byte == '.';
}

static const struct section_row *section_row(struct slice name, bool has_brackets)
{
	for (size_t i = 0; i < COUNT(section_items); i++) {
		if (section_items[i].has_brackets == has_brackets &&
			slice_same_nocase(section_items[i].name, name))
			return &section_items[i];
	}
	return NULL;
}

/* "<0.100>"; nothing when there is none. */
static void read_partial(struct imap_reader *r, struct imap_section *s)
{
	static const char why[] = "a partial is <offset.length>, with a length over 0";

	if (!imap_try(r, '<'))
		return;
	s->has_partial = true;
	s->partial_offset = imap_number(r, 0, INT64_MAX, why);
	imap_expect(r, '.', why);
	s->partial_bytes = imap_number(r, 1, INT64_MAX, why);
	imap_expect(r, '>', why);
}

static void read_section(struct imap_reader *r, const struct section_row *row, struct items *found)
{
	struct imap_section *s = imap_array_add(r, &found->sections, sizeof *s, LIMIT_IMAP_SECTIONS,
		"there are too many sections to fetch");

	if (s == NULL)
		return;
	*s = (struct imap_section){ .kind = row->kind, .text = row->text, .is_peek = row->is_peek };
	if (!row->has_brackets)
		return;
	imap_expect(r, '[', "a [ is expected");
	imap_section_read(r, row->kind != IMAP_SECTION_BODY, s);
	imap_expect(r, ']', "the section does not end with ]");
	if (row->kind != IMAP_SECTION_BINARY_SIZE)
		read_partial(r, s);
}

static void read_item(struct imap_reader *r, struct items *found)
{
	struct slice name = cursor_while(&r->c, is_item_byte);
	const struct section_row *row = section_row(name, imap_at(r, '['));
	size_t i = imap_row_find(name, simple_items, COUNT(simple_items));

	if (row != NULL) {
		read_section(r, row, found);
		return;
	}
	if (i == COUNT(simple_items) || imap_at(r, '[')) {
		imap_miss(r, "there is no such item to fetch");
		return;
	}
	found->bits |= simple_items[i].value;
	if (simple_items[i].value == IMAP_FETCH_PREVIEW && cursor_try(&r->c, S(" (LAZY)")))
		found->bits |= IMAP_FETCH_PREVIEW_LAZY;
}

struct imap_fetch_items imap_fetch_items_read(struct imap_reader *r)
{
	struct items found = { 0 };

	if (imap_try(r, '(')) {
		do
			read_item(r, &found);
		while (imap_try(r, ' '));
		imap_expect(r, ')', "the list of items does not end");
		return (struct imap_fetch_items){ found.bits, found.sections.at,
			found.sections.count };
	}
	for (size_t i = 0; i < COUNT(macros); i++) {
		if (imap_try_word(r, macros[i].word))
			return (struct imap_fetch_items){ .items = macros[i].value };
	}
	read_item(r, &found);
	return (struct imap_fetch_items){ found.bits, found.sections.at, found.sections.count };
}

bool imap_fetch_items_parse(struct imap_parse *p, struct slice text, struct imap_fetch_items *ret)
{
	struct imap_reader r = imap_reader_over(p, text);
	struct imap_fetch_items items = imap_fetch_items_read(&r);

	if (!imap_reader_done(&r))
		return false;
	*ret = items;
	return true;
}

struct imap_partial imap_partial_read(struct imap_reader *r)
{
	static const char why[] = "PARTIAL takes 1:500 or -1:-500";
	struct imap_partial found = { .is_from_end = imap_try(r, '-') };
	uint32_t swap;

	found.first = (uint32_t)imap_number(r, 1, UINT32_MAX, why);
	imap_expect(r, ':', why);
	if (found.is_from_end)
		imap_expect(r, '-', why);
	found.last = (uint32_t)imap_number(r, 1, UINT32_MAX, why);
	if (found.first > found.last) {
		swap = found.first;
		found.first = found.last;
		found.last = swap;
	}
	return found;
}

static void read_modifier(struct imap_reader *r, struct imap_fetch *f)
{
	if (imap_try_word(r, S("CHANGEDSINCE"))) {
		imap_space(r);
		f->has_changed_since = true;
		f->changed_since = imap_modseq(r);
	} else if (imap_try_word(r, S("VANISHED"))) {
		f->wants_vanished = true;
	} else if (imap_try_word(r, S("PARTIAL"))) {
		imap_space(r);
		f->has_partial = true;
		f->partial = imap_partial_read(r);
	} else {
		imap_miss(r, "FETCH takes (CHANGEDSINCE n), VANISHED and PARTIAL after its items");
	}
}

static void read_modifiers(struct imap_reader *r, bool is_uid, struct imap_fetch *f)
{
	imap_space(r);
	imap_expect(r, '(', "the items of FETCH must stand in parentheses");
	do
		read_modifier(r, f);
	while (imap_try(r, ' '));
	imap_expect(r, ')', "the modifiers of FETCH do not end");
	if (f->wants_vanished && (!is_uid || !f->has_changed_since))
		imap_miss(r, "VANISHED wants UID FETCH and CHANGEDSINCE");
	if (f->has_partial && !is_uid)
		imap_miss(r, "PARTIAL wants UID FETCH");
}

bool imap_fetch_parse(struct imap_parse *p, struct slice args, bool is_uid, struct imap_fetch *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_fetch f = { .set = imap_set_read(&r) };

	imap_space(&r);
	f.what = imap_fetch_items_read(&r);
	if (!cursor_at_end(&r.c))
		read_modifiers(&r, is_uid, &f);
	if (!imap_reader_done(&r))
		return false;
	*ret = f;
	return true;
}
