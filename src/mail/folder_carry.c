/* SPDX-License-Identifier: MIT */
#include "mail/folder_head.h"
#include "mail/shared.h"
#include "mail/structures.h"

#include <stdlib.h>

enum {
	/* entries of one commit: each may bring a commit of its own for a shared blob */
	REMOVE_STEP = 200,
	REMOVE_TRIES = 100, /* shared blobs make others' commits conflict with ours */
};

/* Up to REMOVE_STEP UIDs of one segment, the first of the list. */
static size_t step_count(const uint32_t *uids, size_t count)
{
	size_t n = 1;

	while (n < count && n < REMOVE_STEP &&
		(uids[n] - 1) / FOLDER_SEGMENT_UIDS == (uids[0] - 1) / FOLDER_SEGMENT_UIDS)
		n++;
	return n;
}

/* An entry that is still there: its key goes, and its blob or its share of it. */
static bool step_add(struct folder *f, const struct key *partition, uint32_t uid, struct batch *b,
	struct shared_drops *shared, struct error *e)
{
	struct key key = { .len = 0 };
	auto_buf value = { .max = ENTRY_VALUE_BYTES };
	struct entry entry;
	bool is_found;

	key_add_number(&key, uid, 4);
	if (!store_get(
		    f->folders->store, key_slice(partition), key_slice(&key), &value, &is_found, e))
		return false;
	if (!is_found)
		return true;
	batch_remove(b, key_slice(&key));
	/* A damaged entry is removed too; its blob stays behind for `mailvisor check`. */
	if (!entry_decode(key_slice(&key), buf_slice(&value), &entry))
		return true;
	if (entry.is_shared)
		return shared_drops_add(shared, entry.blob, e);
	if (entry.bytes > entry.prefix.len)
		batch_drop(b, entry.blob);
	return true;
}

/* What was computed from them goes too; whether it was is not looked up. */
static void structures_remove(struct folder *f, const uint32_t *uids, size_t count, struct batch *b)
{
	struct key partition = structures_partition(f->id, (uids[0] - 1) / FOLDER_SEGMENT_UIDS);

	{
		HOLDING(&f->folders->lock);
		if (!f->committed.has_structures)
			return;
	}
	batch_commit(b, &partition, STORE_ANY_VERSION, 0, count);
	for (size_t i = 0; i < count; i++) {
		struct key key = { .len = 0 };

		key_add_number(&key, uids[i], 4);
		batch_remove(b, key_slice(&key));
	}
}

static bool step_try(
	struct folder *f, const uint32_t *uids, size_t count, bool *ret_done, struct error *e)
{
	struct store *store = f->folders->store;
	struct key partition = key_segment(f->id, (uids[0] - 1) / FOLDER_SEGMENT_UIDS);
	auto_shared_drops shared = { 0 };
	auto_batch b;
	enum store_answer answer;

	batch_begin(&b, 2 + count, 2 * count);
	b.txn.may_be_lazy = true;
	batch_commit(&b, &partition, STORE_ANY_VERSION, 0, count);
	for (size_t i = 0; i < count; i++) {
		if (!step_add(f, &partition, uids[i], &b, &shared, e))
			return false;
	}
	if (!shared_drops_stage(&shared, store, &b, e))
		return false;
	structures_remove(f, uids, count, &b);
	if (b.is_short)
		return fail(e, FAULT_LATER, "remove mail: out of memory");
	*ret_done = b.txn.commits[0].remove_count == 0;
	if (*ret_done)
		return true;
	batch_submit(&b, store);
	answer = store_wait(store, &b.txn);
	*ret_done = answer == STORE_OK;
	/* In doubt, the next try looks which entries are still there. */
	if (answer == STORE_FAILED)
		*e = b.txn.error;
	return answer != STORE_FAILED;
}

static bool step(struct folder *f, const uint32_t *uids, size_t count, struct error *e)
{
	for (unsigned i = 0; i < REMOVE_TRIES; i++) {
		bool is_done = false;

		if (!step_try(f, uids, count, &is_done, e))
			return false;
		if (is_done)
			return true;
	}
	return fail(e, FAULT_LATER, "remove mail: others keep changing it");
}

static void list_stage(struct batch *b, const struct head_change *change)
{
	size_t chunk_count = (change->count + REMOVAL_CHUNK_UIDS - 1) / REMOVAL_CHUNK_UIDS;

	for (size_t i = 0; i < chunk_count; i++) {
		size_t from = i * REMOVAL_CHUNK_UIDS;
		size_t left = change->count - from;
		struct key key = removal_key(i);
		auto_buf value = { .max = LIMIT_VALUE_BYTES };

		if (change->uids == NULL) {
			batch_remove(b, key_slice(&key));
			continue;
		}
		if (!removal_encode(change->uids + from,
			    left < REMOVAL_CHUNK_UIDS ? left : REMOVAL_CHUNK_UIDS, &value))
			b->is_short = true;
		batch_set(b, key_slice(&key), buf_slice(&value));
	}
}

static void take(uint64_t *from, uint64_t count)
{
	/* Counts are verified by `mailvisor check`; a wrong one must not wrap. */
	*from -= count < *from ? count : *from;
}

static void head_after(
	const struct folder *f, const struct head_change *change, struct folder_head *after)
{
	after->is_gone = after->is_gone || change->is_gone;
	after->is_logged = after->is_logged && !after->is_gone;
	if (change->uids == NULL)
		return;
	after->modseq = folder_modseq_next(f);
	take(&after->count, change->count);
	take(&after->bytes, change->bytes);
	take(&after->unseen, change->unseen);
	take(&after->deleted, change->deleted);
	take(&after->deleted_bytes, change->deleted_bytes);
	if (after->count == 0)
		after->uid_low = after->uid_next;
	if (after->uid_unseen < after->uid_low)
		after->uid_unseen = after->uid_low;
}

static enum write_step head_build(struct folder_write *w, struct batch *b, struct error *e)
{
	struct head_change *change = w->context;
	struct folder_head *after = &w->after[0];

	(void)e;
	head_after(w->at[0], change, after);
	change->modseq = after->modseq;
	if (change->uids == NULL || change->gone == NULL) {
		folder_write_heads(w, b);
		list_stage(b, change);
		return WRITE_GO;
	}
	vanished_note(after, change->gone);
	folder_write_heads(w, b);
	list_stage(b, change);
	vanished_stage(w->at[0], after, change->gone, b);
	return WRITE_GO;
}

static void head_departed(struct folder_write *w)
{
	const struct head_change *change = w->context;

	if (change->uids != NULL && change->gone != NULL)
		folder_event_gone(w->at[0], change->modseq, change->gone);
}

/* Nobody is told here: a reader may still see what is on the list (folder_list_set). */
bool folder_head_write(struct folder *f, struct head_change *change, struct error *e)
{
	enum { CHUNK_MAX = FOLDER_REMOVE_MAX / REMOVAL_CHUNK_UIDS };
	struct folder_write w = { .at = { f },
		.count = 1,
		.commit_max = 1,
		.head_set_max = CHUNK_MAX,
		.head_remove_max = CHUNK_MAX,
		.what = "remove mail",
		.is_lazy = change->is_lazy,
		.is_silent = true,
		.build = head_build,
		.departed = head_departed,
		.context = change };

	return folder_write_run(&w, e);
}

static bool list_copy(struct folder *f, uint32_t **ret, size_t *ret_count, struct error *e)
{
	HOLDING(&f->folders->lock);
	*ret_count = f->removing_count;
	*ret = malloc(f->removing_count * sizeof **ret + 1);
	if (*ret == NULL)
		return fail(e, FAULT_LATER, "remove mail: out of memory");
	if (f->removing_count > 0)
		memcpy(*ret, f->removing, f->removing_count * sizeof **ret);
	return true;
}

void folder_list_set(struct folder *f, const uint32_t *uids, size_t count, uint32_t *room)
{
	HOLDING(&f->folders->lock);
	free(f->removing);
	f->removing = room;
	f->removing_count = count;
	if (count > 0)
		memcpy(room, uids, count * sizeof *uids);
}

bool folder_remove_go_on(struct folder *f, struct error *e)
{
	auto_free uint32_t *uids = NULL;
	size_t count;

	if (!list_copy(f, &uids, &count, e))
		return false;
	if (count == 0)
		return true;
	for (size_t at = 0; at < count;) {
		size_t n = step_count(uids + at, count - at);

		if (!step(f, uids + at, n, e))
			return false;
		at += n;
	}
	if (!folder_head_write(f, &(struct head_change){ .count = count, .is_lazy = true }, e))
		return false;
	folder_list_set(f, NULL, 0, NULL);
	return true;
}
