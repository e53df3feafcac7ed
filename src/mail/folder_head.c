/* SPDX-License-Identifier: MIT */
#include "mail/folder_head.h"

#include "base/record.h"

#include <stdlib.h>

enum {
	HEAD_VERSION = 2, /* 1: without flags and all that IMAP needs */
	HEAD_GONE = 1,
	HEAD_LOGGED = 2,
	HEAD_STRUCTURES = 4,
	ENTRY_VERSION = 3,      /* 1: without keywords and saved_ns; 2: without zone_min */
	ENTRY_ZONE_BIAS = 1440, /* makes every zone a positive number */
	ENTRY_SHARED = 1,
	ENTRY_VERBATIM = 2,
	KEYWORDS_VERSION = 1,
};

bool head_encode(const struct folder_head *h, struct buf *out)
{
	unsigned bits = (h->is_gone ? HEAD_GONE : 0u) | (h->is_logged ? HEAD_LOGGED : 0u) |
			(h->has_structures ? HEAD_STRUCTURES : 0u);

	return record_u8(out, HEAD_VERSION) && record_number(out, bits) &&
	       record_number(out, h->uid_validity) && record_number(out, h->uid_next) &&
	       record_number(out, h->uid_low) && record_number(out, h->count) &&
	       record_number(out, h->bytes) && record_number(out, h->modseq) &&
	       record_number(out, h->unseen) && record_number(out, h->deleted) &&
	       record_number(out, h->deleted_bytes) && record_number(out, h->uid_recent) &&
	       record_number(out, h->uid_unseen) && record_number(out, h->vanished_floor) &&
	       record_number(out, h->vanished_rows);
}

/* A folder that only POP3 and version 1 have met: nothing in it has a flag, and no removal was noted. */
static void head_from_first(struct folder_head *h)
{
	h->unseen = h->count;
	h->uid_recent = h->uid_unseen = h->uid_low;
	h->vanished_floor = h->modseq;
}

static void head_read_flags(struct cursor *c, struct folder_head *h)
{
	h->unseen = record_read_number(c);
	h->deleted = record_read_number(c);
	h->deleted_bytes = record_read_number(c);
	h->uid_recent = (uint32_t)record_read_number(c);
	h->uid_unseen = (uint32_t)record_read_number(c);
	h->vanished_floor = record_read_number(c);
	h->vanished_rows = record_read_number(c);
}

bool head_decode(struct slice value, struct folder_head *ret)
{
	struct cursor c = cursor_over(value);
	struct folder_head h = { 0 };
	uint8_t version = record_read_u8(&c);
	uint64_t bits = record_read_number(&c);

	if (version == 0 || version > HEAD_VERSION)
		cursor_break(&c);
	h.is_gone = (bits & HEAD_GONE) != 0;
	h.is_logged = (bits & HEAD_LOGGED) != 0;
	h.has_structures = (bits & HEAD_STRUCTURES) != 0;
	h.uid_validity = (uint32_t)record_read_number(&c);
	h.uid_next = (uint32_t)record_read_number(&c);
	h.uid_low = (uint32_t)record_read_number(&c);
	h.count = record_read_number(&c);
	h.bytes = record_read_number(&c);
	h.modseq = record_read_number(&c);
	if (version == 1)
		head_from_first(&h);
	else
		head_read_flags(&c, &h);
	if (!cursor_finished(&c) || h.uid_low == 0 || h.uid_low > h.uid_next)
		return false;
	*ret = h;
	return true;
}

bool entry_encode(const struct entry *entry, struct buf *out)
{
	unsigned bits =
		(entry->is_shared ? ENTRY_SHARED : 0u) | (entry->is_verbatim ? ENTRY_VERBATIM : 0u);

	return record_u8(out, ENTRY_VERSION) && record_number(out, bits) &&
	       record_number(out, entry->flags) && record_number(out, entry->keywords) &&
	       record_number(out, entry->modseq) && record_number(out, entry->bytes) &&
	       record_u64(out, entry->received_ns) &&
	       record_number(out, (uint64_t)(entry->zone_min + ENTRY_ZONE_BIAS)) &&
	       record_u64(out, entry->saved_ns) && buf_add(out, id_slice(&entry->message)) &&
	       buf_add(out, id_slice(&entry->blob)) && record_text(out, entry->prefix) &&
	       record_text(out, entry->body);
}

void head_add_entry(struct folder_head *h, const struct entry *entry)
{
	h->count++;
	h->bytes += entry->bytes;
	h->unseen += (entry->flags & ENTRY_SEEN) == 0 ? 1 : 0;
	if ((entry->flags & ENTRY_DELETED) == 0)
		return;
	h->deleted++;
	h->deleted_bytes += entry->bytes;
}

/* Counts are verified by `mailvisor check`; a wrong one must not wrap. */
static void take(uint64_t *from, uint64_t count)
{
	*from -= count < *from ? count : *from;
}

void head_take_entry(struct folder_head *h, const struct entry *entry)
{
	take(&h->count, 1);
	take(&h->bytes, entry->bytes);
	take(&h->unseen, (entry->flags & ENTRY_SEEN) == 0 ? 1 : 0);
	if ((entry->flags & ENTRY_DELETED) == 0)
		return;
	take(&h->deleted, 1);
	take(&h->deleted_bytes, entry->bytes);
}

static struct id read_id(struct cursor *c)
{
	struct slice bytes = cursor_take(c, ID_BYTES);
	struct id id = { { 0 } };

	if (bytes.len == ID_BYTES)
		memcpy(id.bytes, bytes.at, ID_BYTES);
	return id;
}

bool entry_decode(struct slice key, struct slice value, struct entry *ret)
{
	struct cursor c = cursor_over(value);
	struct entry entry = { .uid = (uint32_t)key_read_number(key) };
	uint8_t version = record_read_u8(&c);
	uint64_t zone;
	uint64_t bits = record_read_number(&c);

	if (version == 0 || version > ENTRY_VERSION || key.len != 4)
		cursor_break(&c);
	entry.is_shared = (bits & ENTRY_SHARED) != 0;
	entry.is_verbatim = (bits & ENTRY_VERBATIM) != 0;
	entry.flags = (uint32_t)record_read_number(&c);
	if (version > 1)
		entry.keywords = record_read_number(&c);
	entry.modseq = record_read_number(&c);
	entry.bytes = record_read_number(&c);
	entry.received_ns = record_read_u64(&c);
	zone = version > 2 ? record_read_number(&c) : ENTRY_ZONE_BIAS;
	/* In version 1 nothing was ever copied or moved: it came when it was received. */
	entry.saved_ns = version > 1 ? record_read_u64(&c) : entry.received_ns;
	entry.message = read_id(&c);
	entry.blob = read_id(&c);
	entry.prefix = record_read_text(&c);
	entry.body = record_read_text(&c);
	if (!cursor_finished(&c) || entry.bytes < entry.prefix.len || zone == 0 ||
		zone >= 2 * ENTRY_ZONE_BIAS)
		return false;
	entry.zone_min = (int32_t)zone - ENTRY_ZONE_BIAS;
	*ret = entry;
	return true;
}

/* The first UID, then the distance to each next one. */
bool removal_encode(const uint32_t *uids, size_t count, struct buf *out)
{
	uint32_t before = 0;

	for (size_t i = 0; i < count; i++) {
		if (!record_number(out, uids[i] - before))
			return false;
		before = uids[i];
	}
	return true;
}

bool removal_decode(struct slice value, uint32_t **uids, size_t *count)
{
	struct cursor c = cursor_over(value);
	uint32_t before = 0;
	uint32_t *more = realloc(*uids, (*count + value.len + 1) * sizeof **uids);

	if (more == NULL)
		return false;
	*uids = more;
	while (!cursor_at_end(&c)) {
		before += (uint32_t)record_read_number(&c);
		more[*count] = before;
		*count += c.broken ? 0 : 1;
	}
	return !c.broken;
}

struct key removal_key(size_t number)
{
	struct key k = key_of('r');

	key_add_number(&k, number, 1);
	return k;
}

bool keywords_encode(const struct folder_keywords *k, struct buf *out)
{
	if (!record_u8(out, KEYWORDS_VERSION))
		return false;
	for (size_t i = 0; i < k->count; i++) {
		if (!record_text(out, k->names[i]))
			return false;
	}
	return true;
}

bool keywords_decode(struct slice value, struct folder_keywords *ret)
{
	struct cursor c = cursor_over(value);

	if (record_read_u8(&c) != KEYWORDS_VERSION)
		cursor_break(&c);
	for (size_t i = 0; !cursor_at_end(&c) && i < FOLDER_KEYWORDS; i++) {
		struct slice name = record_read_text(&c);
		char *copy;

		if (c.broken || i < ret->count)
			continue;
		copy = malloc(name.len + 1);
		if (copy == NULL)
			return false;
		memcpy(copy, name.at, name.len);
		ret->names[ret->count++] = (struct slice){ copy, name.len };
	}
	return cursor_finished(&c);
}

void keywords_done(struct folder_keywords *k)
{
	for (size_t i = 0; k != NULL && i < k->count; i++) {
		char *text;

		memcpy(&text, &k->names[i].at, sizeof text);
		free(text);
	}
}
