/* SPDX-License-Identifier: MIT */
#include "message/envelope_text.h"

#include "base/limits.h"
#include "message/address_list.h"
#include "message/header.h"
#include "message/imap_string.h"

#define auto_entry ON_EXIT(address_entry_done) struct address_entry

/* The fields of an envelope; .at is NULL without. */
struct fields {
	struct slice date, subject, lists[ENVELOPE_LIST_COUNT], in_reply_to, message_id;
};

static void find_fields(struct slice header, struct fields *f)
{
	const struct {
		struct slice name;
		struct slice *value;
	} rows[] = {
		{ S_INIT("Date"), &f->date },
		{ S_INIT("Subject"), &f->subject },
		{ S_INIT("From"), &f->lists[ENVELOPE_FROM] },
		{ S_INIT("Sender"), &f->lists[ENVELOPE_SENDER] },
		{ S_INIT("Reply-To"), &f->lists[ENVELOPE_REPLY_TO] },
		{ S_INIT("To"), &f->lists[ENVELOPE_TO] },
		{ S_INIT("Cc"), &f->lists[ENVELOPE_CC] },
		{ S_INIT("Bcc"), &f->lists[ENVELOPE_BCC] },
		{ S_INIT("In-Reply-To"), &f->in_reply_to },
		{ S_INIT("Message-ID"), &f->message_id },
	};
	struct header_field field;

	for (size_t at = 0; header_next(header, &at, &field);) {
		for (size_t i = 0; i < COUNT(rows); i++) {
			if (rows[i].value->at == NULL &&
				slice_same_nocase(field.name, rows[i].name))
				*rows[i].value = field.value;
		}
	}
}

static bool add_value(struct buf *out, struct slice value)
{
	auto_buf text = { .max = LIMIT_HEADER_BYTES };

	if (value.at == NULL)
		return buf_add(out, S("NIL"));
	return header_value_text(value, &text) && imap_string_add(out, buf_slice(&text));
}

static bool add_or_nil(struct buf *out, bool is_there, const struct buf *text)
{
	return is_there ? imap_string_add(out, buf_slice(text)) : buf_add(out, S("NIL"));
}

/* "(name route mailbox domain)"; groups are RFC 9051 7.5.2's entries without a domain. */
static bool add_entry(struct buf *out, const struct address_entry *e)
{
	if (e->kind == ADDRESS_GROUP_END)
		return buf_add(out, S("(NIL NIL NIL NIL)"));
	if (e->kind == ADDRESS_GROUP)
		return buf_add(out, S("(NIL NIL ")) &&
		       imap_string_add(out, buf_slice(&e->mailbox)) && buf_add(out, S(" NIL)"));
	if (!buf_add_byte(out, '(') || !add_or_nil(out, e->has_name, &e->name) ||
		!buf_add_byte(out, ' ') || !add_or_nil(out, e->has_route, &e->route) ||
		!buf_add_byte(out, ' '))
		return false;
	return imap_string_add(
		       out, e->has_mailbox ? buf_slice(&e->mailbox) : S("MISSING_MAILBOX")) &&
	       buf_add_byte(out, ' ') &&
	       imap_string_add(
		       out, e->domain.len > 0 ? buf_slice(&e->domain) : S("MISSING_DOMAIN")) &&
	       buf_add_byte(out, ')');
}

/* "((…)(…))", or NIL for no entry. */
static bool add_list(struct buf *out, struct slice value)
{
	auto_entry e;
	struct address_list list = address_list_over(value);
	size_t before = out->len;
	bool is_end;

	address_entry_init(&e);
	while (true) {
		if (!address_list_next(&list, &e, &is_end))
			return false;
		if (is_end)
			break;
		if ((out->len == before && !buf_add_byte(out, '(')) || !add_entry(out, &e))
			return false;
	}
	return out->len == before ? buf_add(out, S("NIL")) : buf_add_byte(out, ')');
}

/* RFC 9051 7.5.2: Sender and Reply-To that are not there, or empty, are From's. */
static bool add_lists(struct buf *out, const struct fields *f)
{
	size_t from_at = 0, from_len = 0;

	for (size_t i = 0; i < ENVELOPE_LIST_COUNT; i++) {
		size_t at;
		bool is_nil;

		if (!buf_add_byte(out, ' '))
			return false;
		at = out->len;
		if (f->lists[i].at == NULL ? !buf_add(out, S("NIL")) : !add_list(out, f->lists[i]))
			return false;
		is_nil = slice_same(slice_skip(buf_slice(out), at), S("NIL"));
		if (i == ENVELOPE_FROM) {
			from_at = at;
			from_len = out->len - at;
		} else if (is_nil && (i == ENVELOPE_SENDER || i == ENVELOPE_REPLY_TO)) {
			out->len = at;
			if (buf_reserve(out, from_len) == NULL ||
				!buf_add(out, (struct slice){ out->at + from_at, from_len }))
				return false;
		}
	}
	return true;
}

bool envelope_text_add(struct slice header, struct buf *out)
{
	struct fields f = { 0 };
	size_t before = out->len;

	find_fields(header, &f);
	if (buf_add_byte(out, '(') && add_value(out, f.date) && buf_add_byte(out, ' ') &&
		add_value(out, f.subject) && add_lists(out, &f) && buf_add_byte(out, ' ') &&
		add_value(out, f.in_reply_to) && buf_add_byte(out, ' ') &&
		add_value(out, f.message_id) && buf_add_byte(out, ')'))
		return true;
	out->len = before;
	return false;
}
