/* SPDX-License-Identifier: MIT */
#include "mail/body.h"

#include "base/limits.h"

void body_begin(struct body_writer *w, struct store *store, const struct clock *clock)
{
	*w = (struct body_writer){
		.store = store, .blob = id_new(clock), .tail = { .max = LIMIT_BLOB_CHUNK_BYTES }
	};
}

static bool tail_flush(struct body_writer *w, struct error *e)
{
	struct store_chunk chunk = body_tail(w);

	if (!store_chunk_write(w->store, &chunk, e))
		return false;
	w->chunk_count++;
	buf_clear(&w->tail);
	return true;
}

bool body_add(struct body_writer *w, struct slice s, struct error *e)
{
	while (s.len > 0) {
		struct slice part = slice_first(s, LIMIT_BLOB_CHUNK_BYTES - w->tail.len);

		/* Written when more comes, so that the last chunk is never empty and goes with the commit. */
		if (part.len == 0) {
			if (!tail_flush(w, e))
				return false;
			continue;
		}
		if (!buf_add(&w->tail, part))
			return fail(e, FAULT_LATER, "take in a message: out of memory");
		w->bytes += part.len;
		s = slice_skip(s, part.len);
	}
	return true;
}

struct store_chunk body_tail(const struct body_writer *w)
{
	return (struct store_chunk){
		.blob = w->blob, .number = w->chunk_count, .bytes = buf_slice(&w->tail)
	};
}

bool body_write_tail(struct body_writer *w, struct error *e)
{
	return w->tail.len == 0 || tail_flush(w, e);
}

void body_abandon(struct body_writer *w)
{
	if (w->chunk_count > 0) {
		struct store_txn txn = { .drops = &w->blob, .drop_count = 1, .may_be_lazy = true };

		/* When this fails the chunks stay behind as an orphan, which `mailvisor check` removes. */
		if (store_commit(w->store, &txn) != STORE_OK)
			error_clear(&txn.error);
	}
	buf_done(&w->tail);
	w->chunk_count = 0;
	w->bytes = 0;
}

void body_open(struct body_reader *r, struct store *store, const struct entry *entry)
{
	*r = (struct body_reader){
		.store = store, .entry = *entry, .chunk = { .max = LIMIT_BLOB_CHUNK_BYTES }
	};
}

/* Makes the chunk that holds `at` (counted in the blob) the one in memory. */
static bool chunk_load(struct body_reader *r, uint64_t at, struct error *e)
{
	uint32_t number = (uint32_t)(at / LIMIT_BLOB_CHUNK_BYTES);
	char name[ID_TEXT_BYTES + 1];
	bool is_found;

	if (r->has_chunk && r->chunk_number == number)
		return true;
	r->has_chunk = false;
	buf_clear(&r->chunk);
	if (!store_chunk_read(r->store, r->entry.blob, number, &r->chunk, &is_found, e))
		return false;
	if (!is_found)
		return fail(e, FAULT_LATER, "read message '%.*s': its chunk %u is missing",
			S_FMT(id_text(r->entry.message, name)), number);
	r->chunk_number = number;
	r->has_chunk = true;
	return true;
}

/* The bytes of the chunk that holds `at`. */
static bool chunk_at(struct body_reader *r, uint64_t at, struct slice *ret, struct error *e)
{
	if (at < LIMIT_BLOB_CHUNK_BYTES && r->lent.len > 0) {
		*ret = r->lent;
		return true;
	}
	if (!chunk_load(r, at, e))
		return false;
	*ret = buf_slice(&r->chunk);
	return true;
}

bool body_next(struct body_reader *r, struct slice *ret, struct error *e)
{
	uint64_t prefix_len = r->entry.prefix.len;
	char name[ID_TEXT_BYTES + 1];
	uint64_t at, left;
	struct slice piece;

	if (r->at >= r->entry.bytes) {
		*ret = S("");
		return true;
	}
	if (r->at < prefix_len) {
		piece = slice_skip(r->entry.prefix, (size_t)r->at);
		r->at += piece.len;
		*ret = piece;
		return true;
	}
	at = r->at - prefix_len;
	left = r->entry.bytes - r->at;
	if (!chunk_at(r, at, &piece, e))
		return false;
	piece = slice_skip(piece, (size_t)(at % LIMIT_BLOB_CHUNK_BYTES));
	piece = slice_first(piece, left < piece.len ? (size_t)left : piece.len);
	if (piece.len == 0)
		return fail(e, FAULT_LATER, "read message '%.*s': it ends %llu bytes too early",
			S_FMT(id_text(r->entry.message, name)), (unsigned long long)left);
	r->at += piece.len;
	*ret = piece;
	return true;
}

void body_close(struct body_reader *r)
{
	buf_done(&r->chunk);
	r->has_chunk = false;
	r->lent = S("");
}

/* ---- Many of them ---- */

static size_t first_chunk_bytes(const struct entry *entry)
{
	return entry->bytes < LIMIT_BLOB_CHUNK_BYTES ? (size_t)entry->bytes
						     : LIMIT_BLOB_CHUNK_BYTES;
}

size_t bodies_ahead(
	struct bodies_ahead *a, struct store *store, const struct entry *entries, size_t count)
{
	size_t bytes = 0, taken = 0;

	bodies_ahead_done(a);
	for (; taken < count && taken < COUNT(a->wishes); taken++) {
		bytes += first_chunk_bytes(&entries[taken]);
		if (taken > 0 && bytes > BODY_AHEAD_BYTES)
			break;
		a->wishes[taken].blob = entries[taken].blob;
	}
	if (taken > 1) { /* alone it would gain nothing */
		a->store = store;
		a->count = taken;
		store_chunks_pin(store, a->wishes, taken);
	}
	return taken;
}

void bodies_ahead_lend(const struct bodies_ahead *a, struct body_reader *r)
{
	for (size_t i = 0; i < a->count; i++)
		if (id_same(a->wishes[i].blob, r->entry.blob)) {
			r->lent = a->wishes[i].bytes;
			return;
		}
}

void bodies_ahead_done(struct bodies_ahead *a)
{
	if (a->count > 0)
		store_chunks_unpin(a->store, a->wishes, a->count);
	a->count = 0;
}
