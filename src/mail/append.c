/* SPDX-License-Identifier: MIT */
#include "mail/append_parts.h"

#include <stdlib.h>

enum { APPEND_FIRST_ROOM = 4 /* most appends are of one message */ };

struct append *append_begin(
	struct mail *m, struct folder *f, const struct target *target, struct error *e)
{
	struct append *a;

	if (target != NULL && !quota_ready_for(m, target, e))
		return NULL;
	a = calloc(1, sizeof *a);
	if (a == NULL) {
		(void)fail(e, FAULT_LATER, "append: out of memory");
		return NULL;
	}
	a->mail = m;
	a->folder = f;
	a->target = target;
	return a;
}

struct body_writer *append_body(struct append *a)
{
	invariant(!a->has_body);
	body_begin(&a->body, a->mail->store, a->mail->clock);
	a->has_body = true;
	return &a->body;
}

static bool entries_room(struct append *a)
{
	size_t room = a->room == 0 ? APPEND_FIRST_ROOM : 2 * a->room;
	struct entry *more;

	if (a->count < a->room)
		return true;
	more = realloc(a->entries, room * sizeof *more);
	if (more == NULL)
		return false;
	a->entries = more;
	a->room = room;
	return true;
}

bool append_add(
	struct append *a, const struct append_message *message, struct id *ret_id, struct error *e)
{
	uint64_t now_ns = clock_wall_ns(a->mail->clock);
	struct entry entry = { .flags = message->flags,
		.keywords = message->keywords,
		.bytes = a->body.bytes,
		.received_ns = message->received_ns > 0 ? message->received_ns : now_ns,
		.zone_min = message->zone_min,
		.saved_ns = now_ns,
		.is_verbatim = message->is_verbatim,
		.message = id_new(a->mail->clock),
		.blob = a->body.blob,
		.prefix = S(""),
		.body = S("") };

	invariant(a->has_body);
	if (!entries_room(a))
		return fail(e, FAULT_LATER, "append: out of memory");
	if (a->count > 0 && !body_write_tail(&a->body, e))
		return false;
	if (a->count == 0)
		a->first = a->body;
	else
		buf_done(&a->body.tail);
	a->has_body = false;
	a->entries[a->count++] = entry;
	a->bytes += entry.bytes;
	a->largest = entry.bytes > a->largest ? entry.bytes : a->largest;
	if (ret_id != NULL)
		*ret_id = entry.message;
	return true;
}

/* A message that is replaced gives its room to the new one. */
static enum append_answer room_for(
	const struct append *a, uint64_t bytes, uint64_t messages, uint64_t largest)
{
	uint64_t freed;

	if (a->target == NULL)
		return APPEND_OK;
	if (append_frees_room(a, &freed)) {
		bytes -= freed < bytes ? freed : bytes;
		messages--;
	}
	switch (quota_fits(a->mail->quota, a->target, bytes, messages, largest)) {
	case QUOTA_FITS:
		return APPEND_OK;
	case QUOTA_FULL:
		return APPEND_OVER_QUOTA;
	case QUOTA_NEVER:
		break;
	}
	return APPEND_TOO_BIG;
}

enum append_answer append_may(struct append *a, uint64_t bytes)
{
	HOLDING(&a->mail->folders->lock);
	if (a->count >= APPEND_MAX)
		return APPEND_FULL;
	return room_for(a, a->bytes + bytes, a->count + 1, bytes > a->largest ? bytes : a->largest);
}

enum append_answer append_decide(const struct append *a, const struct folder_head *next)
{
	if (next->is_gone)
		return APPEND_GONE;
	if (a->count > APPEND_MAX || a->count >= UINT32_MAX - next->uid_next)
		return APPEND_FULL;
	return room_for(a, a->bytes, a->count, a->largest);
}

void append_to_head(struct append *a, struct folder_head *after)
{
	a->appended = (struct appended){ .uid_validity = after->uid_validity,
		.uid_first = after->uid_next,
		.uid_last = after->uid_next + (uint32_t)a->count - 1,
		.modseq = after->modseq };
	for (size_t i = 0; i < a->count; i++) {
		a->entries[i].uid = after->uid_next++;
		a->entries[i].modseq = after->modseq;
		head_add_entry(after, &a->entries[i]);
	}
}

static void entries_stage(const struct append *a, struct batch *b)
{
	uint32_t segment = UINT32_MAX;
	char room[ENTRY_VALUE_BYTES];

	for (size_t i = 0; i < a->count; i++) {
		const struct entry *entry = &a->entries[i];
		struct buf value = BUF_OVER(room);
		struct key key = { .len = 0 };

		if ((entry->uid - 1) / FOLDER_SEGMENT_UIDS != segment) {
			struct key partition;

			segment = (entry->uid - 1) / FOLDER_SEGMENT_UIDS;
			partition = key_segment(a->folder->id, segment);
			batch_commit(b, &partition, STORE_ANY_VERSION, a->count - i, 0);
		}
		key_add_number(&key, entry->uid, 4);
		invariant(entry_encode(entry, &value));
		batch_set(b, key_slice(&key), buf_slice(&value));
	}
}

static enum write_step append_build(struct folder_write *w, struct batch *b, struct error *e)
{
	struct append *a = w->context;
	struct folder_head *after = &w->after[0];

	(void)e;
	a->answer = append_decide(a, after);
	if (a->answer != APPEND_OK)
		return WRITE_STOP;
	after->modseq = folder_modseq_next(w->at[0]);
	append_to_head(a, after);
	folder_write_heads(w, b);
	entries_stage(a, b);
	quota_changed(a->mail->quota, a->folder->account, (int64_t)a->bytes, (int64_t)a->count);
	return WRITE_GO;
}

static void append_undo(struct folder_write *w)
{
	struct append *a = w->context;

	quota_changed(a->mail->quota, a->folder->account, -(int64_t)a->bytes, -(int64_t)a->count);
}

static void append_free(struct append *a)
{
	if (a->has_body)
		body_abandon(&a->body);
	append_replace_done(a);
	buf_done(&a->first.tail);
	free(a->entries);
	free(a);
}

/* Chunks written ahead are of no use. When this fails they are orphans, which `mailvisor check` removes. */
static void bodies_drop(struct append *a)
{
	struct id blobs[APPEND_MAX];
	struct store_txn txn = { .drops = blobs, .may_be_lazy = true };

	for (size_t i = 0; i < a->count && i < APPEND_MAX; i++) {
		if (i > 0 || a->first.chunk_count > 0)
			blobs[txn.drop_count++] = a->entries[i].blob;
	}
	if (txn.drop_count > 0 && store_commit(a->mail->store, &txn) != STORE_OK)
		error_clear(&txn.error);
}

enum append_answer append_commit(struct append *a, struct appended *ret, struct error *e)
{
	struct store_chunk chunk = body_tail(&a->first);
	struct folder_write w = { .at = { a->folder },
		.count = 1,
		.commit_max = 2,
		.what = "append",
		.build = append_build,
		.undo = append_undo,
		.context = a,
		.chunks = &chunk,
		.chunk_count = chunk.bytes.len > 0 ? 1 : 0 };
	enum append_answer answer;

	invariant(a->count > 0);
	if (a->replaced.from == NULL ? !folder_write_run(&w, e) : !append_replace_run(a, &w, e))
		a->answer = APPEND_FAILED;
	answer = a->answer;
	if (answer == APPEND_OK)
		*ret = a->appended;
	else if (!w.is_in_doubt)
		bodies_drop(a);
	append_free(a);
	return answer;
}

void append_abandon(struct append *a)
{
	if (a == NULL)
		return;
	bodies_drop(a);
	append_free(a);
}
