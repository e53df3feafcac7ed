/* SPDX-License-Identifier: MIT */
#include "message/structure_text.h"

/* Depth is bounded by STRUCTURE_DEPTH_MAX, which structure_decode checks. */
static bool add_part(
	const struct structure *s, const struct part *p, bool has_extension, struct buf *out);

/* RFC 9051 asks for at least one part in a multipart: an empty one is shown holding an empty text. */
static bool add_nothing(bool has_extension, struct buf *out)
{
	return buf_add(out,
		       S("(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0")) &&
	       (!has_extension || buf_add(out, S(" NIL NIL NIL NIL"))) && buf_add_byte(out, ')');
}

static bool add_multipart(
	const struct structure *s, const struct part *p, bool has_extension, struct buf *out)
{
	if (p->child == 0 && !add_nothing(has_extension, out))
		return false;
	for (uint32_t i = p->child; i != 0; i = s->parts[i].next) {
		if (!add_part(s, &s->parts[i], has_extension, out))
			return false;
	}
	return buf_add_byte(out, ' ') && buf_add(out, p->basic);
}

static bool add_message(
	const struct structure *s, const struct part *p, bool has_extension, struct buf *out)
{
	const struct part *inside = &s->parts[p->child];

	return buf_add_byte(out, ' ') && buf_add(out, inside->envelope) && buf_add_byte(out, ' ') &&
	       add_part(s, inside, has_extension, out) && buf_add_byte(out, ' ') &&
	       buf_add_number(out, p->lines);
}

static bool add_leaf(const struct part *p, struct buf *out)
{
	if (!buf_add(out, p->basic) || !buf_add_byte(out, ' ') ||
		!buf_add_number(out, p->end_at - p->body_at))
		return false;
	return p->kind != PART_TEXT || (buf_add_byte(out, ' ') && buf_add_number(out, p->lines));
}

static bool add_part(
	const struct structure *s, const struct part *p, bool has_extension, struct buf *out)
{
	if (!buf_add_byte(out, '('))
		return false;
	if (p->kind == PART_MULTIPART ? !add_multipart(s, p, has_extension, out)
				      : !add_leaf(p, out))
		return false;
	if (p->kind == PART_MESSAGE && !add_message(s, p, has_extension, out))
		return false;
	if (has_extension && (!buf_add_byte(out, ' ') || !buf_add(out, p->extension)))
		return false;
	return buf_add_byte(out, ')');
}

bool structure_text_add(const struct structure *s, bool has_extension, struct buf *out)
{
	size_t before = out->len;

	if (add_part(s, &s->parts[0], has_extension, out))
		return true;
	out->len = before;
	return false;
}
