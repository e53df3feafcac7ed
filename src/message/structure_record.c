/* SPDX-License-Identifier: MIT */
#include "base/limits.h"
#include "base/record.h"
#include "message/envelope_text.h"
#include "message/header.h"
#include "message/message_id.h"
#include "message/sent_date.h"
#include "message/structure_build.h"

#include <string.h>

enum { FLAG_CUT = 1, FLAG_ENVELOPE = 2, FLAG_SENT = 4 };

/* Signed numbers with the sign in the lowest bit, so that small ones stay short. */
static uint64_t sign_fold(int64_t value)
{
	return value < 0 ? ~((uint64_t)value << 1) : (uint64_t)value << 1;
}

static int64_t sign_unfold(uint64_t value)
{
	return (int64_t)((value & 1) != 0 ? ~(value >> 1) : value >> 1);
}

/* The ids of the field; of too many the first and the newest, for THREAD joins by both ends. */
static bool add_ids(struct slice value, struct buf *out)
{
	auto_buf all = { .max = 2 * LIMIT_HEADER_BYTES };
	auto_buf id = { .max = MESSAGE_ID_BYTES_MAX };
	struct slice ids, tail, gap = S("> <");
	size_t first_len = 0;
	const char *hit;

	for (size_t at = 0; message_id_next(value, &at, &id);) {
		if ((all.len > 0 && !buf_add_byte(&all, ' ')) || !buf_add(&all, buf_slice(&id)))
			return false;
		if (first_len == 0)
			first_len = all.len;
	}
	ids = buf_slice(&all);
	if (ids.len <= STRUCTURE_REFERENCES_BYTES_MAX)
		return buf_add(out, ids);
	tail = slice_skip(ids, ids.len - (STRUCTURE_REFERENCES_BYTES_MAX - first_len));
	hit = memmem(tail.at, tail.len, gap.at, gap.len);
	if (!buf_add(out, slice_first(ids, first_len)))
		return false;
	return hit == NULL || buf_add(out, slice_skip(tail, (size_t)(hit - tail.at) + 1));
}

/* RFC 5256 3: References; without a usable one, the first id of In-Reply-To. */
static bool add_references(struct slice header, struct buf *root)
{
	auto_buf ids = { .max = STRUCTURE_REFERENCES_BYTES_MAX };
	struct slice value;
	size_t at = 0;

	if (header_find(header, S("References"), &value) && !add_ids(value, &ids))
		return false;
	if (ids.len == 0 && header_find(header, S("In-Reply-To"), &value) &&
		!message_id_next(value, &at, &ids))
		buf_clear(&ids);
	return record_text(root, buf_slice(&ids));
}

static bool add_message_id(struct slice header, struct buf *root)
{
	auto_buf id = { .max = MESSAGE_ID_BYTES_MAX };
	struct slice value;
	size_t at = 0;

	if (!header_find(header, S("Message-ID"), &value) || !message_id_next(value, &at, &id))
		buf_clear(&id);
	return record_text(root, buf_slice(&id));
}

bool structure_note_root(struct structure_builder *b, struct slice header)
{
	auto_buf envelope = { .max = STRUCTURE_ENVELOPE_BYTES_MAX };
	struct sent_date sent = { 0 };
	struct slice value;

	b->has_envelope = envelope_text_add(header, &envelope);
	b->has_sent = header_find(header, S("Date"), &value) && sent_date_parse(value, &sent);
	return record_text(&b->root, buf_slice(&envelope)) &&
	       record_number(&b->root, sign_fold(sent.unix_s)) &&
	       record_number(&b->root, sign_fold(sent.zone_min)) &&
	       add_references(header, &b->root) && add_message_id(header, &b->root);
}

static bool add_preview(const struct structure_builder *b, struct buf *out)
{
	auto_buf preview = { .max = PREVIEW_BYTES_MAX };

	if (b->preview_part != UINT32_MAX) {
		const struct draft *d = &b->drafts[b->preview_part];
		struct slice type = { b->texts.at + d->type.at, d->type.len };
		struct slice charset = { b->texts.at + d->charset.at, d->charset.len };

		if (!preview_add(buf_slice(&b->preview_source), d->transfer, charset,
			    slice_same(type, S("text/html")), &preview))
			return false;
	}
	return record_text(out, buf_slice(&preview));
}

static bool add_place(const struct structure_builder *b, struct text_place place, struct buf *out)
{
	return place.len == 0
		       ? record_text(out, S(""))
		       : record_text(out, (struct slice){ b->texts.at + place.at, place.len });
}

static bool add_part(const struct structure_builder *b, const struct draft *d, struct buf *out)
{
	return record_u8(out, (uint8_t)((unsigned)d->kind | (unsigned)d->transfer << 4)) &&
	       record_number(out, d->parent) && record_number(out, d->header_at) &&
	       record_number(out, d->body_at - d->header_at) &&
	       record_number(out, d->end_at - d->body_at) && record_number(out, d->lines) &&
	       add_place(b, d->type, out) && add_place(b, d->charset, out) &&
	       add_place(b, d->basic, out) && add_place(b, d->extension, out) &&
	       add_place(b, d->envelope, out);
}

bool structure_end(struct structure_builder *b, struct buf *out)
{
	unsigned flags;

	if (!structure_finish(b))
		return false;
	flags = (b->is_cut ? FLAG_CUT : 0u) | (b->has_envelope ? FLAG_ENVELOPE : 0u) |
		(b->has_sent ? FLAG_SENT : 0u);
	if (!record_u8(out, STRUCTURE_VERSION) || !record_u8(out, (uint8_t)flags) ||
		!record_number(out, b->at) || !record_number(out, b->header_bytes) ||
		!buf_add(out, buf_slice(&b->root)) || !add_preview(b, out) ||
		!record_number(out, b->draft_count))
		return false;
	for (uint32_t i = 0; i < b->draft_count; i++) {
		if (!add_part(b, &b->drafts[i], out))
			return false;
	}
	return true;
}

static bool read_summary(struct cursor *c, struct structure_summary *ret)
{
	struct structure_summary s = { 0 };
	unsigned flags;
	int64_t zone;

	if (record_read_u8(c) != STRUCTURE_VERSION)
		return false;
	flags = record_read_u8(c);
	s.bytes = record_read_number(c);
	s.header_bytes = record_read_number(c);
	s.envelope = record_read_text(c);
	s.sent_s = sign_unfold(record_read_number(c));
	zone = sign_unfold(record_read_number(c));
	s.references = record_read_text(c);
	s.message_id = record_read_text(c);
	s.preview = record_read_text(c);
	if (c->broken || s.header_bytes > s.bytes ||
		flags > (FLAG_CUT | FLAG_ENVELOPE | FLAG_SENT) || zone < INT16_MIN ||
		zone > INT16_MAX)
		return false;
	s.sent_zone_min = (int32_t)zone;
	s.is_cut = (flags & FLAG_CUT) != 0;
	s.has_envelope = (flags & FLAG_ENVELOPE) != 0;
	s.has_sent = (flags & FLAG_SENT) != 0;
	*ret = s;
	return true;
}

bool structure_summary(struct slice record, struct structure_summary *ret)
{
	struct cursor c = cursor_over(record);

	return read_summary(&c, ret);
}

/* One part's own fields; false: outside the message, or no part at all. */
static bool read_part(struct cursor *c, uint64_t message_bytes, struct part *p)
{
	unsigned kinds = record_read_u8(c);
	uint64_t header_bytes, body_bytes;

	p->parent = (uint32_t)record_read_number(c);
	p->header_at = record_read_number(c);
	header_bytes = record_read_number(c);
	body_bytes = record_read_number(c);
	p->lines = record_read_number(c);
	p->type = record_read_text(c);
	p->charset = record_read_text(c);
	p->basic = record_read_text(c);
	p->extension = record_read_text(c);
	p->envelope = record_read_text(c);
	if (c->broken || (kinds & 15) > PART_MESSAGE || kinds >> 4 > TRANSFER_UNKNOWN ||
		p->header_at > message_bytes || header_bytes > message_bytes - p->header_at ||
		body_bytes > message_bytes - p->header_at - header_bytes || p->type.len == 0)
		return false;
	p->kind = (enum part_kind)(kinds & 15);
	p->transfer = (enum transfer)(kinds >> 4);
	p->body_at = p->header_at + header_bytes;
	p->end_at = p->body_at + body_bytes;
	return true;
}

/* Hangs parts[at] under its parent, behind `last`, the child before it (0: none). */
static bool join_part(struct part *parts, uint32_t at, uint32_t *lasts)
{
	struct part *p = &parts[at], *parent = &parts[p->parent];

	if (p->parent >= at || p->header_at < parent->body_at || p->end_at > parent->end_at ||
		(parent->kind != PART_MULTIPART && parent->kind != PART_MESSAGE) ||
		(parent->kind == PART_MESSAGE && parent->child != 0) ||
		parent->depth >= STRUCTURE_DEPTH_MAX)
		return false;
	p->depth = parent->depth + 1;
	if (lasts[p->parent] == 0)
		parent->child = at;
	else
		parts[lasts[p->parent]].next = at;
	lasts[p->parent] = at;
	return true;
}

bool structure_decode(struct slice record, struct arena *arena, struct structure *ret)
{
	struct cursor c = cursor_over(record);
	struct structure s = { 0 };
	uint32_t *lasts;

	if (!read_summary(&c, &s.summary))
		return false;
	s.part_count = record_read_number(&c);
	if (c.broken || s.part_count == 0 || s.part_count > STRUCTURE_PARTS_MAX)
		return false;
	s.parts = arena_take(arena, s.part_count * sizeof *s.parts);
	lasts = arena_take(arena, s.part_count * sizeof *lasts);
	if (s.parts == NULL || lasts == NULL)
		return false;
	for (uint32_t i = 0; i < s.part_count; i++) {
		if (!read_part(&c, s.summary.bytes, &s.parts[i]) ||
			(i > 0 && (s.parts[i].parent >= i || !join_part(s.parts, i, lasts))))
			return false;
	}
	for (uint32_t i = 0; i < s.part_count; i++) {
		if (s.parts[i].kind == PART_MESSAGE && s.parts[i].child == 0)
			return false;
	}
	if (!cursor_finished(&c))
		return false;
	*ret = s;
	return true;
}
