/* SPDX-License-Identifier: MIT */
#include "message/section.h"

#include "message/header.h"

/* The part that path number `number` names below p, or NULL. RFC 9051 6.4.5.1. */
static const struct part *step(const struct structure *s, const struct part *p, uint32_t number)
{
	uint32_t at;

	if (p->kind == PART_MESSAGE) {
		/* A message's parts are those of what it holds; where that is one part, it is number 1. */
		p = &s->parts[p->child];
		if (p->kind != PART_MULTIPART)
			return number == 1 ? p : NULL;
	}
	if (p->kind != PART_MULTIPART || number == 0)
		return NULL;
	at = p->child;
	for (uint32_t i = 1; i < number && at != 0; i++)
		at = s->parts[at].next;
	return at == 0 ? NULL : &s->parts[at];
}

bool section_find(
	const struct structure *s, const uint32_t *path, size_t path_count, const struct part **ret)
{
	const struct part *p = &s->parts[0];
	size_t i = 0;

	/* The same for the whole message: without a multipart its body is number 1. */
	if (path_count > 0 && p->kind != PART_MULTIPART) {
		if (path[0] != 1)
			return false;
		i = 1;
	}
	for (; i < path_count && p != NULL; i++)
		p = step(s, p, path[i]);
	if (p == NULL)
		return false;
	*ret = p;
	return true;
}

static struct section_range range(uint64_t at, uint64_t end)
{
	return (struct section_range){ at, end - at };
}

bool section_range(const struct structure *s, const uint32_t *path, size_t path_count,
	enum section_kind kind, struct section_range *ret)
{
	const struct part *p, *message;

	if (!section_find(s, path, path_count, &p))
		return false;
	message = path_count == 0 ? p : p->kind == PART_MESSAGE ? &s->parts[p->child] : NULL;
	switch (kind) {
	case SECTION_BODY:
		*ret = path_count == 0 ? range(0, s->summary.bytes) : range(p->body_at, p->end_at);
		return true;
	case SECTION_HEADER:
		if (message != NULL)
			*ret = range(message->header_at, message->body_at);
		return message != NULL;
	case SECTION_TEXT:
		if (message != NULL)
			*ret = range(message->body_at, message->end_at);
		return message != NULL;
	case SECTION_MIME:
		if (path_count > 0)
			*ret = range(p->header_at, p->body_at);
		return path_count > 0;
	}
	return false;
}

bool section_binary(const struct structure *s, const uint32_t *path, size_t path_count,
	struct section_range *ret, enum transfer *ret_transfer)
{
	const struct part *p;

	if (!section_find(s, path, path_count, &p) ||
		!section_range(s, path, path_count, SECTION_BODY, ret))
		return false;
	*ret_transfer = path_count == 0 || p->kind == PART_MULTIPART || p->kind == PART_MESSAGE
				? TRANSFER_IDENTITY
				: p->transfer;
	return true;
}

static bool is_named(struct slice name, const struct slice *names, size_t name_count)
{
	for (size_t i = 0; i < name_count; i++) {
		if (slice_same_nocase(name, names[i]))
			return true;
	}
	return false;
}

bool section_fields_add(struct slice header, const struct slice *names, size_t name_count,
	bool is_not, struct buf *out)
{
	size_t before = out->len, at = 0;
	struct header_field field;

	while (header_next(header, &at, &field)) {
		struct slice whole = { field.name.at, (size_t)(header.at + at - field.name.at) };

		if (is_named(field.name, names, name_count) == is_not)
			continue;
		if (!buf_add(out, whole) ||
			(whole.at[whole.len - 1] != '\n' && !buf_add(out, S("\r\n")))) {
			out->len = before;
			return false;
		}
	}
	if (buf_add(out, S("\r\n")))
		return true;
	out->len = before;
	return false;
}
