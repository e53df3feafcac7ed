/* SPDX-License-Identifier: MIT */
#include "mail/folder_head.h"

#include "base/record.h"

#include <stdlib.h>

enum { HEAD_VERSION = 1, ENTRY_VERSION = 1, HEAD_GONE = 1, ENTRY_SHARED = 1 };

bool head_encode(const struct folder_head *h, struct buf *out)
{
	return record_u8(out, HEAD_VERSION) && record_number(out, h->is_gone ? HEAD_GONE : 0) &&
	       record_number(out, h->uid_validity) && record_number(out, h->uid_next) &&
	       record_number(out, h->uid_low) && record_number(out, h->count) &&
	       record_number(out, h->bytes) && record_number(out, h->modseq);
}

bool head_decode(struct slice value, struct folder_head *ret)
{
	struct cursor c = cursor_over(value);
	struct folder_head h = { 0 };

	if (record_read_u8(&c) != HEAD_VERSION)
		cursor_break(&c);
	h.is_gone = (record_read_number(&c) & HEAD_GONE) != 0;
	h.uid_validity = (uint32_t)record_read_number(&c);
	h.uid_next = (uint32_t)record_read_number(&c);
	h.uid_low = (uint32_t)record_read_number(&c);
	h.count = record_read_number(&c);
	h.bytes = record_read_number(&c);
	h.modseq = record_read_number(&c);
	if (!cursor_finished(&c) || h.uid_low == 0 || h.uid_low > h.uid_next)
		return false;
	*ret = h;
	return true;
}

bool entry_encode(const struct entry *entry, struct buf *out)
{
	return record_u8(out, ENTRY_VERSION) &&
	       record_number(out, entry->is_shared ? ENTRY_SHARED : 0) &&
	       record_number(out, entry->flags) && record_number(out, entry->modseq) &&
	       record_number(out, entry->bytes) && record_u64(out, entry->received_ns) &&
	       buf_add(out, id_slice(&entry->message)) && buf_add(out, id_slice(&entry->blob)) &&
	       record_text(out, entry->prefix) && record_text(out, entry->body);
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

	if (record_read_u8(&c) != ENTRY_VERSION || key.len != 4)
		cursor_break(&c);
	entry.is_shared = (record_read_number(&c) & ENTRY_SHARED) != 0;
	entry.flags = (uint32_t)record_read_number(&c);
	entry.modseq = record_read_number(&c);
	entry.bytes = record_read_number(&c);
	entry.received_ns = record_read_u64(&c);
	entry.message = read_id(&c);
	entry.blob = read_id(&c);
	entry.prefix = record_read_text(&c);
	entry.body = record_read_text(&c);
	if (!cursor_finished(&c) || entry.bytes < entry.prefix.len)
		return false;
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
