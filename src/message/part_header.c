/* SPDX-License-Identifier: MIT */
#include "message/part_header.h"

#include "base/cursor.h"
#include "base/limits.h"
#include "message/header.h"
#include "message/header_token.h"
#include "message/imap_string.h"

#include <string.h>

/* The fields we look at; .at is NULL without. */
struct fields {
	struct slice type, encoding, id, description, md5, disposition, language, location;
};

static void find_fields(struct slice header, struct fields *ret)
{
	const struct {
		struct slice name;
		struct slice *value;
	} rows[] = {
		{ S_INIT("Content-Type"), &ret->type },
		{ S_INIT("Content-Transfer-Encoding"), &ret->encoding },
		{ S_INIT("Content-ID"), &ret->id },
		{ S_INIT("Content-Description"), &ret->description },
		{ S_INIT("Content-MD5"), &ret->md5 },
		{ S_INIT("Content-Disposition"), &ret->disposition },
		{ S_INIT("Content-Language"), &ret->language },
		{ S_INIT("Content-Location"), &ret->location },
	};
	struct header_field field;

	for (size_t at = 0; header_next(header, &at, &field);) {
		if (!slice_starts_nocase(field.name, S("Content-")))
			continue;
		for (size_t i = 0; i < COUNT(rows); i++) {
			if (rows[i].value->at == NULL &&
				slice_same_nocase(field.name, rows[i].name))
				*rows[i].value = field.value;
		}
	}
}

/* Unfolded and trimmed, or NIL. */
static bool add_text(struct buf *out, struct slice value)
{
	auto_buf text = { .max = LIMIT_HEADER_BYTES };

	if (value.at == NULL)
		return buf_add(out, S("NIL"));
	return header_value_text(value, &text) && imap_string_add(out, buf_slice(&text));
}

/* Without quotes: a token, maybe with comments behind it; else all up to the next ";". */
static bool take_bare_value(struct cursor *c, struct buf *value)
{
	struct cursor rest = *c;
	struct slice token = header_take_token(c);

	header_skip_blanks(c);
	if (cursor_at_end(c) || cursor_peek(c) == ';')
		return buf_add(value, token);
	*c = rest;
	return header_value_text(slice_trim(header_take_until(c, ";")), value);
}

/* One parameter: RFC 2045 5.1. False: none is left. The value may lack its quotes and still hold blanks. */
static bool next_parameter(struct cursor *c, struct slice *ret_name, struct buf *value)
{
	while (true) {
		header_skip_blanks(c);
		while (cursor_try(c, S(";")))
			header_skip_blanks(c);
		if (cursor_at_end(c))
			return false;
		*ret_name = header_take_token(c);
		header_skip_blanks(c);
		if (ret_name->len > 0 && cursor_try(c, S("="))) {
			header_skip_blanks(c);
			buf_clear(value);
			if (cursor_peek(c) == '"')
				return header_take_quoted(c, value);
			return take_bare_value(c, value);
		}
		(void)header_take_until(c, ";");
	}
}

/* What a parameter list told on the way. */
struct parameter_sink {
	struct part_header *header; /* of Content-Type; NULL for a disposition */
	bool has_charset, has_boundary;
};

static bool keep_parameter(struct parameter_sink *sink, struct slice name, struct slice value)
{
	if (sink->header == NULL)
		return true;
	if (slice_same_nocase(name, S("charset")) && !sink->has_charset) {
		sink->has_charset = true;
		return buf_add(sink->header->charset, value);
	}
	if (slice_same_nocase(name, S("boundary")) && !sink->has_boundary) {
		/* RFC 2046 5.1.1: never ends with a blank. One that is too long, or empty, is none. */
		while (value.len > 0 && strchr(" \t", value.at[value.len - 1]) != NULL)
			value.len--;
		sink->has_boundary = true;
		if (value.len <= STRUCTURE_BOUNDARY_BYTES_MAX)
			return buf_add(sink->header->boundary, value);
	}
	return true;
}

/* "(name value …)" or NIL. */
static bool add_parameters(
	struct cursor *c, struct parameter_sink *sink, bool is_text, struct buf *out)
{
	auto_buf value = { .max = LIMIT_HEADER_BYTES };
	struct slice name;
	size_t before = out->len;

	while (next_parameter(c, &name, &value)) {
		if (!buf_add_byte(out, out->len == before ? '(' : ' ') ||
			!imap_string_add(out, name) || !buf_add_byte(out, ' ') ||
			!imap_string_add(out, buf_slice(&value)) ||
			!keep_parameter(sink, name, buf_slice(&value)))
			return false;
	}
	if (is_text && !sink->has_charset &&
		(!buf_add_byte(out, out->len == before ? '(' : ' ') ||
			!buf_add(out, S("\"charset\" \"us-ascii\""))))
		return false;
	return out->len == before ? buf_add(out, S("NIL")) : buf_add_byte(out, ')');
}

/* "disposition" with its parameters, RFC 2183. */
static bool add_disposition(struct buf *out, struct slice value)
{
	struct cursor c = cursor_over(value);
	struct parameter_sink sink = { 0 };
	struct slice name;

	header_skip_blanks(&c);
	name = header_take_token(&c);
	if (value.at == NULL || name.len == 0)
		return buf_add(out, S("NIL"));
	return buf_add_byte(out, '(') && imap_string_add(out, name) && buf_add_byte(out, ' ') &&
	       add_parameters(&c, &sink, false, out) && buf_add_byte(out, ')');
}

/* A list of language tags, RFC 3282. */
static bool add_language(struct buf *out, struct slice value)
{
	struct cursor c = cursor_over(value);
	size_t before = out->len;

	while (value.at != NULL && !cursor_at_end(&c)) {
		struct slice tag;

		header_skip_blanks(&c);
		tag = header_take_token(&c);
		if (tag.len > 0 && (!buf_add_byte(out, out->len == before ? '(' : ' ') ||
					   !imap_string_add(out, tag)))
			return false;
		(void)header_take_until(&c, ",");
		(void)cursor_try(&c, S(","));
	}
	return out->len == before ? buf_add(out, S("NIL")) : buf_add_byte(out, ')');
}

/* Disposition, language and location: the end of every extension. */
static bool add_common(const struct fields *f, struct buf *out)
{
	return add_disposition(out, f->disposition) && buf_add_byte(out, ' ') &&
	       add_language(out, f->language) && buf_add_byte(out, ' ') &&
	       add_text(out, f->location);
}

static bool add_encoding(struct buf *out, struct slice value)
{
	struct cursor c = cursor_over(value);
	struct slice name;

	header_skip_blanks(&c);
	name = header_take_token(&c);
	return name.len == 0 ? buf_add(out, S("\"7bit\"")) : imap_string_add(out, name);
}

/* Type and subtype; the default where they are broken. What follows them stays in the cursor. */
static void take_type(
	struct cursor *c, bool in_digest, struct slice *ret_type, struct slice *ret_subtype)
{
	header_skip_blanks(c);
	*ret_type = header_take_token(c);
	header_skip_blanks(c);
	(void)cursor_try(c, S("/"));
	header_skip_blanks(c);
	*ret_subtype = header_take_token(c);
	if (ret_type->len > 0 && ret_subtype->len > 0 &&
		ret_type->len + ret_subtype->len < PART_TYPE_BYTES_MAX)
		return;
	*ret_type = in_digest ? S("message") : S("text");
	*ret_subtype = in_digest ? S("rfc822") : S("plain");
	*c = cursor_over(S(""));
}

static void judge_type(struct part_header *h, struct slice type, struct slice subtype)
{
	h->is_multipart = slice_same_nocase(type, S("multipart"));
	h->is_digest = h->is_multipart && slice_same_nocase(subtype, S("digest"));
	h->is_text = slice_same_nocase(type, S("text"));
	h->is_message = slice_same_nocase(type, S("message")) &&
			(slice_same_nocase(subtype, S("rfc822")) ||
				slice_same_nocase(subtype, S("global")));
}

static bool add_type(struct part_header *h, struct slice type, struct slice subtype)
{
	char *at = buf_reserve(h->type, type.len + subtype.len + 1);

	if (at == NULL)
		return false;
	(void)slice_lower(type, at);
	at[type.len] = '/';
	(void)slice_lower(subtype, at + type.len + 1);
	buf_grew(h->type, type.len + subtype.len + 1);
	return true;
}

/* A multipart without a usable boundary cannot be told from text: it is told as what it is, plain text. */
static bool read_multipart(
	struct part_header *h, const struct fields *f, struct cursor *c, struct slice subtype)
{
	struct parameter_sink sink = { .header = h };

	return imap_string_add(h->basic, subtype) &&
	       add_parameters(c, &sink, false, h->extension) && buf_add_byte(h->extension, ' ') &&
	       add_common(f, h->extension);
}

static bool read_leaf(struct part_header *h, const struct fields *f, struct cursor *c,
	struct slice type, struct slice subtype)
{
	struct parameter_sink sink = { .header = h };
	struct buf *basic = h->basic;

	return imap_string_add(basic, type) && buf_add_byte(basic, ' ') &&
	       imap_string_add(basic, subtype) && buf_add_byte(basic, ' ') &&
	       add_parameters(c, &sink, h->is_text, basic) && buf_add_byte(basic, ' ') &&
	       add_text(basic, f->id) && buf_add_byte(basic, ' ') &&
	       add_text(basic, f->description) && buf_add_byte(basic, ' ') &&
	       add_encoding(basic, f->encoding) && add_text(h->extension, f->md5) &&
	       buf_add_byte(h->extension, ' ') && add_common(f, h->extension);
}

bool part_header_read(struct slice header, bool in_digest, struct part_header *h)
{
	struct fields f = { 0 };
	struct cursor c;
	struct slice type, subtype;

	find_fields(header, &f);
	c = cursor_over(f.type);
	take_type(&c, in_digest, &type, &subtype);
	judge_type(h, type, subtype);
	h->transfer = transfer_named(f.encoding);
	if (h->is_multipart) {
		if (!read_multipart(h, &f, &c, subtype))
			return false;
		if (h->boundary->len > 0)
			return add_type(h, type, subtype);
		buf_clear(h->basic);
		buf_clear(h->extension);
		buf_clear(h->charset);
		h->is_multipart = h->is_digest = false;
		h->is_text = true;
		type = S("text");
		subtype = S("plain");
		c = cursor_over(S(""));
	}
	return read_leaf(h, &f, &c, type, subtype) && add_type(h, type, subtype);
}
