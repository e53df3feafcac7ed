/* SPDX-License-Identifier: MIT */
#include "message/structure.h"

#include "base/limits.h"
#include "message/envelope_text.h"
#include "message/part_header.h"
#include "message/structure_build.h"

#include <stdlib.h>
#include <string.h>

enum {
	NOBODY = UINT32_MAX,
	PART_RECORD_BYTES = 64, /* of a part's numbers and lengths, at most */
	OPAQUE_BYTES = 160,     /* of the texts of a part that we do not look into */
	DRAFTS_AT_FIRST = 4,
};

struct structure_builder *structure_new(void)
{
	struct structure_builder *b = calloc(1, sizeof *b);

	if (b == NULL)
		return NULL;
	b->frames = calloc(STRUCTURE_DEPTH_MAX + 1, sizeof *b->frames);
	b->drafts = calloc(DRAFTS_AT_FIRST, sizeof *b->drafts);
	b->draft_room = DRAFTS_AT_FIRST;
	b->header.max = LIMIT_HEADER_BYTES;
	b->texts.max = b->root.max = STRUCTURE_RECORD_BYTES_MAX;
	b->preview_source.max = PREVIEW_SOURCE_BYTES_MAX;
	b->preview_part = NOBODY;
	if (b->frames == NULL || b->drafts == NULL) {
		structure_free(b);
		return NULL;
	}
	b->draft_count = 1; /* part 0, the message, whose header begins at 0 */
	b->frame_count = 1;
	return b;
}

void structure_free(struct structure_builder *b)
{
	if (b == NULL)
		return;
	buf_done(&b->header);
	buf_done(&b->texts);
	buf_done(&b->root);
	buf_done(&b->preview_source);
	free(b->frames);
	free(b->drafts);
	free(b);
}

static struct frame *innermost(struct structure_builder *b)
{
	return &b->frames[b->frame_count - 1];
}

static struct draft *current(struct structure_builder *b)
{
	return &b->drafts[innermost(b)->part];
}

/* What the record will take when nothing more comes. */
static size_t record_bytes(const struct structure_builder *b)
{
	return b->root.len + PREVIEW_BYTES_MAX + b->texts.len +
	       (size_t)b->draft_count * PART_RECORD_BYTES;
}

static bool has_room(const struct structure_builder *b, size_t more)
{
	return record_bytes(b) + more + 2 * (OPAQUE_BYTES + PART_RECORD_BYTES) <=
	       STRUCTURE_RECORD_BYTES_MAX;
}

/* A part inside the innermost one, whose header begins at header_at. */
static bool open_part(struct structure_builder *b, uint64_t header_at)
{
	uint32_t parent = innermost(b)->part;

	invariant(b->frame_count <= STRUCTURE_DEPTH_MAX);
	if (b->draft_count == b->draft_room) {
		struct draft *more =
			reallocarray(b->drafts, (size_t)b->draft_room * 2, sizeof *more);

		if (more == NULL)
			return false;
		b->drafts = more;
		b->draft_room *= 2;
	}
	b->drafts[b->draft_count] = (struct draft){ .header_at = header_at, .parent = parent };
	b->frames[b->frame_count] = (struct frame){ .part = b->draft_count };
	b->draft_count++;
	b->frame_count++;
	b->state = BUILD_HEADER;
	buf_clear(&b->header);
	return true;
}

static struct text_place add_place(struct structure_builder *b, const struct buf *text)
{
	struct text_place place = { (uint32_t)b->texts.len, (uint32_t)text->len };

	if (!buf_add(&b->texts, buf_slice(text)))
		b->has_failed = true; /* room was measured before: out of memory */
	return place;
}

/* The innermost part is told as bytes of no known kind. */
static void make_opaque(struct structure_builder *b)
{
	static const struct slice basic =
		S_INIT("\"application\" \"octet-stream\" NIL NIL NIL \"7bit\"");
	struct slice texts[] = { S_INIT("application/octet-stream"), basic,
		S_INIT("NIL NIL NIL NIL") };
	struct draft *d = current(b);
	struct text_place *places[] = { &d->type, &d->basic, &d->extension };

	d->kind = PART_OTHER;
	d->transfer = TRANSFER_IDENTITY;
	d->charset = (struct text_place){ 0, 0 };
	for (size_t i = 0; i < COUNT(texts); i++) {
		*places[i] = (struct text_place){ (uint32_t)b->texts.len, (uint32_t)texts[i].len };
		if (!buf_add(&b->texts, texts[i]))
			b->has_failed = true;
	}
	b->is_cut = true;
}

/* The message inside a message/rfc822 gets its envelope; when it has no room, none: section.h and BODY still work. */
static bool note_envelope(struct structure_builder *b)
{
	auto_buf text = { .max = STRUCTURE_ENVELOPE_BYTES_MAX };
	struct draft *d = current(b);
	bool is_inside = innermost(b)->part != 0 && b->drafts[d->parent].kind == PART_MESSAGE;

	if (innermost(b)->part == 0)
		return structure_note_root(b, buf_slice(&b->header));
	if (!is_inside)
		return true;
	if (!envelope_text_add(buf_slice(&b->header), &text) || !has_room(b, text.len)) {
		b->is_cut = true;
		buf_clear(&text);
		if (!buf_add(&text, S("(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)")))
			return false;
	}
	current(b)->envelope = add_place(b, &text);
	return !b->has_failed;
}

/* What the header says goes into the draft, unless there is no room for it. */
static bool keep_header(struct structure_builder *b, const struct part_header *h)
{
	struct draft *d = current(b);

	if (!has_room(b, h->type->len + h->charset->len + h->basic->len + h->extension->len)) {
		make_opaque(b);
		b->is_full = true;
		return false;
	}
	d->transfer = h->transfer;
	d->kind = h->is_text ? PART_TEXT : PART_OTHER;
	d->type = add_place(b, h->type);
	d->charset = add_place(b, h->charset);
	d->basic = add_place(b, h->basic);
	d->extension = add_place(b, h->extension);
	return true;
}

static bool is_preview_type(const struct part_header *h)
{
	return slice_same(buf_slice(h->type), S("text/plain")) ||
	       slice_same(buf_slice(h->type), S("text/html"));
}

/* The innermost part may hold others: opens its frame, or says that it is cut off here. */
static bool begin_container(struct structure_builder *b, const struct part_header *h)
{
	struct draft *d = current(b);
	struct frame *f = innermost(b);

	if (b->frame_count > STRUCTURE_DEPTH_MAX) {
		make_opaque(b);
		return true;
	}
	if (h->is_multipart) {
		d->kind = PART_MULTIPART;
		f->is_digest = h->is_digest;
		f->boundary_len = h->boundary->len;
		memcpy(f->boundary, h->boundary->at, h->boundary->len);
		return true;
	}
	if (b->draft_count >= STRUCTURE_PARTS_MAX) {
		make_opaque(b);
		b->is_full = true;
		return true;
	}
	d->kind = PART_MESSAGE;
	return open_part(b, d->body_at);
}

static bool read_header(struct structure_builder *b, struct part_header *h)
{
	struct draft *d = current(b);
	struct frame *f = innermost(b);
	bool in_digest = b->frame_count > 1 && b->frames[b->frame_count - 2].is_digest;

	if (!part_header_read(buf_slice(&b->header), in_digest, h)) {
		make_opaque(b);
		b->is_full = true;
		return true;
	}
	if (!keep_header(b, h))
		return true;
	if (h->is_multipart || h->is_message)
		return begin_container(b, h);
	if (b->preview_part == NOBODY && d->kind == PART_TEXT && is_preview_type(h))
		b->preview_part = f->part;
	return true;
}

/* The header of the innermost part ended; its body begins at body_at. False: out of memory. */
static bool end_header(struct structure_builder *b, uint64_t body_at)
{
	auto_buf type = { .max = PART_TYPE_BYTES_MAX };
	auto_buf charset = { .max = STRUCTURE_RECORD_BYTES_MAX };
	auto_buf boundary = { .max = STRUCTURE_BOUNDARY_BYTES_MAX };
	auto_buf basic = { .max = STRUCTURE_RECORD_BYTES_MAX };
	auto_buf extension = { .max = STRUCTURE_RECORD_BYTES_MAX };
	struct part_header h = { .type = &type,
		.charset = &charset,
		.boundary = &boundary,
		.basic = &basic,
		.extension = &extension };
	struct draft *d = current(b);

	d->body_at = body_at;
	d->lines = b->lines;
	b->state = BUILD_BODY;
	if (innermost(b)->part == 0)
		b->header_bytes = body_at;
	return note_envelope(b) && read_header(b, &h) && !b->has_failed;
}

/* Header of nothing: a boundary, or the end, where the empty line should stand. */
static bool end_open_headers(struct structure_builder *b, uint64_t body_at)
{
	while (b->state == BUILD_HEADER) {
		if (!end_header(b, body_at))
			return false;
	}
	return true;
}

/* Ends the open parts above the first `keep` frames at `end`, where line end bytes before it belong to nobody. */
static void close_parts(struct structure_builder *b, size_t keep, uint64_t end, unsigned eol)
{
	uint64_t child_end = 0;

	while (b->frame_count > keep) {
		struct draft *d = current(b);
		uint64_t least = d->body_at > child_end ? d->body_at : child_end;
		bool is_whole = end - eol >= least;

		d->end_at = is_whole ? end - eol : least;
		d->lines = b->lines - (is_whole && eol > 0 ? 1 : 0) - d->lines;
		child_end = d->end_at;
		b->frame_count--;
	}
}

/* The frame whose boundary this line is, counted from 1, or 0. The longest counts, then the innermost (RFC 2046 5.1.2). */
static size_t find_boundary(const struct structure_builder *b, struct slice line)
{
	size_t found = 0, found_len = 0;

	if (!slice_starts(line, S("--")))
		return 0;
	line = slice_skip(line, 2);
	for (size_t i = b->frame_count; i > 0; i--) {
		const struct frame *f = &b->frames[i - 1];

		if (f->boundary_len > found_len &&
			slice_starts(line, (struct slice){ f->boundary, f->boundary_len })) {
			found = i;
			found_len = f->boundary_len;
		}
	}
	return found;
}

/* The line is a boundary of frame `number`: what is open inside ends before it. */
static bool take_boundary(struct structure_builder *b, size_t number, struct slice line)
{
	struct frame *f = &b->frames[number - 1];
	struct slice rest = slice_skip(line, 2 + f->boundary_len);

	if (!end_open_headers(b, b->line_at))
		return false;
	if (b->is_full)
		return true;
	close_parts(b, number, b->line_at, b->eol);
	if (slice_starts(rest, S("--")))
		f->boundary_len = 0;
	else
		b->state = BUILD_AFTER_BOUNDARY;
	return true;
}

static bool add_header_bytes(struct structure_builder *b, struct slice s)
{
	struct slice part = slice_first(s, b->header.max - b->header.len);

	if (part.len < s.len)
		b->is_cut = true;
	return buf_add(&b->header, part);
}

static bool keep_preview(struct structure_builder *b, struct slice s)
{
	size_t room = b->preview_source.max - b->preview_source.len;

	if (b->state != BUILD_BODY || room == 0 || innermost(b)->part != b->preview_part)
		return true;
	return buf_add(&b->preview_source, slice_first(s, room));
}

static bool take_bytes(struct structure_builder *b, struct slice s)
{
	return b->state == BUILD_HEADER ? add_header_bytes(b, s) : keep_preview(b, s);
}

/* A LF was taken; b->at stands behind it. */
static bool end_line(struct structure_builder *b, bool is_empty, unsigned eol)
{
	b->lines++;
	b->eol = eol;
	b->line_at = b->at;
	b->is_mid_line = false;
	b->line_len = 0;
	if (b->state == BUILD_HEADER && is_empty)
		return end_header(b, b->at);
	if (b->state == BUILD_AFTER_BOUNDARY) {
		if (!open_part(b, b->at))
			return false;
		if (b->draft_count < STRUCTURE_PARTS_MAX && has_room(b, 0))
			return true;
		current(b)->body_at = b->at;
		current(b)->lines = b->lines;
		b->state = BUILD_BODY;
		b->is_full = true;
		make_opaque(b);
	}
	return true;
}

/* The head of a line is in b->line: all of it, or as much as it takes to judge it. */
static bool judge_line(struct structure_builder *b)
{
	struct slice head = { b->line, b->line_len };
	size_t boundary = b->is_full ? 0 : find_boundary(b, head);
	bool has_end = head.len > 0 && head.at[head.len - 1] == '\n';
	bool has_cr = has_end && head.len > 1 && head.at[head.len - 2] == '\r';
	size_t text_len = head.len - (has_end ? 1 : 0) - (has_cr ? 1 : 0);

	if (boundary > 0 ? !take_boundary(b, boundary, head) : !take_bytes(b, head))
		return false;
	b->is_mid_line = true;
	return !has_end || end_line(b, text_len == 0, has_cr ? 2 : 1);
}

/* Collects a line's head; *ret_used bytes of the piece were taken. */
static bool feed_head(struct structure_builder *b, struct slice piece, size_t *ret_used)
{
	size_t room = LINE_HEAD_BYTES - b->line_len;
	size_t line_end = slice_find(slice_first(piece, room), '\n');
	size_t used = line_end < room && line_end < piece.len ? line_end + 1
		      : piece.len < room                      ? piece.len
							      : room;

	memcpy(b->line + b->line_len, piece.at, used);
	b->line_len += used;
	b->at += used;
	b->last_byte = (unsigned char)piece.at[used - 1];
	*ret_used = used;
	if (b->last_byte != '\n' && b->line_len < LINE_HEAD_BYTES)
		return true;
	return judge_line(b);
}

/* The rest of a line whose head was judged. */
static bool feed_rest(struct structure_builder *b, struct slice piece, size_t *ret_used)
{
	size_t line_end = slice_find(piece, '\n');
	bool has_end = line_end < piece.len;
	size_t used = has_end ? line_end + 1 : piece.len;
	unsigned before = line_end > 0 ? (unsigned char)piece.at[line_end - 1] : b->last_byte;

	if (!take_bytes(b, slice_first(piece, used)))
		return false;
	b->at += used;
	b->last_byte = (unsigned char)piece.at[used - 1];
	*ret_used = used;
	return !has_end || end_line(b, false, before == '\r' ? 2 : 1);
}

bool structure_feed(struct structure_builder *b, struct slice piece)
{
	while (piece.len > 0) {
		bool is_plain = b->is_mid_line ||
				(b->state == BUILD_BODY && b->line_len == 0 && piece.at[0] != '-');
		size_t used = 0;

		if (is_plain && !b->is_mid_line) {
			b->is_mid_line = true;
			b->last_byte = '\n';
		}
		if (is_plain ? !feed_rest(b, piece, &used) : !feed_head(b, piece, &used))
			return false;
		piece = slice_skip(piece, used);
	}
	return true;
}

/* Everything is open until here: used by structure_end(). */
bool structure_finish(struct structure_builder *b)
{
	if (b->line_len > 0 && !b->is_mid_line && !judge_line(b))
		return false;
	if (b->state == BUILD_AFTER_BOUNDARY)
		b->state = BUILD_BODY;
	if (!end_open_headers(b, b->at))
		return false;
	close_parts(b, 0, b->at, 0);
	return true;
}
