/* SPDX-License-Identifier: MIT */
#include "session/imap/fetch.h"

#include "base/limits.h"
#include "syntax/imap_text.h"

#include <inttypes.h>

static bool is_binary(const struct imap_section *section)
{
	return section->kind == IMAP_SECTION_BINARY || section->kind == IMAP_SECTION_BINARY_SIZE;
}

/*
 * Where a section of the whole message lies. The prefix (Return-Path, Delivered-To) belongs to its header; the record does not
 * know of it.
 */
static struct section_range whole_range(const struct fetching *f, enum imap_section_text text)
{
	uint64_t header = f->entry->prefix.len + f->summary.header_bytes;

	if (text == IMAP_TEXT_ALL)
		return (struct section_range){ 0, f->entry->bytes };
	if (header > f->entry->bytes)
		header = f->entry->bytes;
	if (text == IMAP_TEXT_TEXT)
		return (struct section_range){ header, f->entry->bytes - header };
	return (struct section_range){ 0, header };
}

static enum section_kind kind_of(enum imap_section_text text)
{
	switch (text) {
	case IMAP_TEXT_ALL:
		return SECTION_BODY;
	case IMAP_TEXT_TEXT:
		return SECTION_TEXT;
	case IMAP_TEXT_MIME:
		return SECTION_MIME;
	case IMAP_TEXT_HEADER:
	case IMAP_TEXT_HEADER_FIELDS:
	case IMAP_TEXT_HEADER_FIELDS_NOT:
		break;
	}
	return SECTION_HEADER;
}

bool fetch_range_of(const struct fetching *f, const struct imap_section *section,
	struct section_range *ret, enum transfer *ret_transfer)
{
	bool is_there;

	*ret_transfer = TRANSFER_IDENTITY;
	if (section->part_count == 0) {
		*ret = whole_range(f, section->text);
		return true;
	}
	if (is_binary(section))
		is_there = section_binary(
			&f->structure, section->part, section->part_count, ret, ret_transfer);
	else
		is_there = section_range(&f->structure, section->part, section->part_count,
			kind_of(section->text), ret);
	if (is_there)
		ret->at += f->entry->prefix.len;
	return is_there;
}

enum fetch_ready fetch_prepare_sections(struct fetching *f, struct error *e)
{
	struct section_range range;
	enum transfer transfer;
	struct slice piece;

	for (size_t i = 0; i < f->what->section_count; i++) {
		if (!fetch_range_of(f, &f->what->sections[i], &range, &transfer))
			continue;
		if (transfer == TRANSFER_UNKNOWN)
			return FETCH_UNKNOWN_CTE;
		f->reader.at = range.at > f->entry->prefix.len ? range.at : f->entry->prefix.len;
		if (!body_next(&f->reader, &piece, e))
			return FETCH_GONE;
	}
	return FETCH_READY;
}

/* ---- To the client ---- */

void fetch_cut(const struct imap_section *section, uint64_t *ret_offset, uint64_t *bytes)
{
	uint64_t total = *bytes, left;

	*ret_offset = 0;
	if (!section->has_partial)
		return;
	*ret_offset = section->partial_offset < total ? section->partial_offset : total;
	left = total - *ret_offset;
	*bytes = left < section->partial_bytes ? left : section->partial_bytes;
}

static void put_literal(struct imap *s, uint64_t bytes, bool is_literal8)
{
	imap_wrote(s, imap_text_literal(&s->out, bytes, is_literal8));
}

bool fetch_read_fields(struct fetching *f, const struct imap_section *section,
	struct section_range range, struct error *e)
{
	bool is_not = section->text == IMAP_TEXT_HEADER_FIELDS_NOT;

	if (!fetch_read_range(f, range, &f->header, e))
		return false;
	buf_clear(&f->fields);
	f->fields.max = LIMIT_HEADER_BYTES + 16;
	return section_fields_add(buf_slice(&f->header), section->fields, section->field_count,
		       is_not, &f->fields) ||
	       fail(e, FAULT_LATER, "read a header: out of memory");
}

static bool put_fields(struct fetching *f, const struct imap_section *section,
	struct section_range range, struct error *e)
{
	uint64_t offset, bytes;

	if (!fetch_read_fields(f, section, range, e))
		return false;
	bytes = f->fields.len;
	fetch_cut(section, &offset, &bytes);
	put_literal(f->s, bytes, false);
	imap_put_bytes(f->s,
		slice_first(slice_skip(buf_slice(&f->fields), (size_t)offset), (size_t)bytes));
	return true;
}

static bool put_binary(struct fetching *f, const struct imap_section *section,
	struct section_range range, enum transfer transfer, struct error *e)
{
	struct fetch_decoded decoded;
	uint64_t offset, bytes;

	if (!fetch_measure(f, range, transfer, &decoded, e))
		return false;
	if (section->kind == IMAP_SECTION_BINARY_SIZE) {
		imap_put_format(f->s, "%" PRIu64, decoded.bytes);
		return true;
	}
	bytes = decoded.bytes;
	fetch_cut(section, &offset, &bytes);
	put_literal(f->s, bytes, decoded.has_nul);
	return fetch_send_decoded(f, range, transfer, offset, bytes, e);
}

static bool put_plain(struct fetching *f, const struct imap_section *section,
	struct section_range range, struct error *e)
{
	uint64_t offset, bytes = range.len;

	fetch_cut(section, &offset, &bytes);
	put_literal(f->s, bytes, false);
	return fetch_send_range(f, (struct section_range){ range.at + offset, bytes }, e);
}

static bool put_section(struct fetching *f, const struct imap_section *section, struct error *e)
{
	struct section_range range;
	enum transfer transfer;
	struct imap *s = f->s;

	fetch_space(f);
	imap_wrote(s, imap_section_write(&s->out, section));
	imap_put(s, S(" "));
	if (!fetch_range_of(f, section, &range, &transfer)) {
		imap_put(s, section->kind == IMAP_SECTION_BINARY_SIZE ? S("0") : S("NIL"));
		return true;
	}
	if (is_binary(section))
		return put_binary(f, section, range, transfer, e);
	if (section->text == IMAP_TEXT_HEADER_FIELDS ||
		section->text == IMAP_TEXT_HEADER_FIELDS_NOT)
		return put_fields(f, section, range, e);
	return put_plain(f, section, range, e);
}

bool fetch_put_sections(struct fetching *f, struct error *e)
{
	for (size_t i = 0; i < f->what->section_count; i++)
		if (!put_section(f, &f->what->sections[i], e) || f->s->is_broken)
			return false;
	return true;
}
