/* SPDX-License-Identifier: MIT */
#include "mail/folder_head.h"
#include "mail/shared.h"

#include <stdlib.h>

enum {
	REMOVE_STEP =
		200, /* entries of one commit: each may bring a commit of its own for a shared blob */
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

static bool step_try(
	struct folder *f, const uint32_t *uids, size_t count, bool *ret_done, struct error *e)
{
	struct store *store = f->folders->store;
	struct key partition = key_segment(f->id, (uids[0] - 1) / FOLDER_SEGMENT_UIDS);
	auto_shared_drops shared = { 0 };
	auto_batch b;
	enum store_answer answer;

	batch_begin(&b, 1 + count, 2 * count);
	b.txn.may_be_lazy = true;
	batch_commit(&b, &partition, STORE_ANY_VERSION, 0, count);
	for (size_t i = 0; i < count; i++) {
		if (!step_add(f, &partition, uids[i], &b, &shared, e))
			return false;
	}
	if (!shared_drops_stage(&shared, store, &b, e))
		return false;
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
		bool is_done;

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

static struct folder_head head_after(const struct folder *f, const struct head_change *change)
{
	struct folder_head after = f->next;

	after.version++;
	after.is_gone = after.is_gone || change->is_gone;
	if (change->uids == NULL)
		return after;
	after.modseq++;
	/* Counts are verified by `mailvisor check`; a wrong one must not wrap. */
	after.count -= change->count < after.count ? change->count : after.count;
	after.bytes -= change->bytes < after.bytes ? change->bytes : after.bytes;
	if (after.count == 0)
		after.uid_low = after.uid_next;
	return after;
}

static bool head_try(
	struct folder *f, const struct head_change *change, bool *ret_done, struct error *e)
{
	enum { CHUNK_MAX = FOLDER_REMOVE_MAX / REMOVAL_CHUNK_UIDS };
	struct folder_head after;
	enum store_answer answer;
	auto_batch b;

	if (!folder_ready(f, e))
		return false;
	batch_begin(&b, 1, 0);
	b.txn.may_be_lazy = change->is_lazy;
	{
		HOLDING(&f->folders->lock);
		*ret_done = false;
		if (!folder_is_ready(f))
			return true;
		after = head_after(f, change);
		folder_stage(f, &b, &after, CHUNK_MAX, CHUNK_MAX);
		list_stage(&b, change);
		if (b.is_short)
			return fail(e, FAULT_LATER, "remove mail: out of memory");
		batch_submit(&b, f->folders->store);
		folder_depart(f, &after);
	}
	answer = folder_settle(f, &b, &after, e);
	*ret_done = answer == STORE_OK;
	return answer != STORE_FAILED;
}

bool folder_head_write(struct folder *f, const struct head_change *change, struct error *e)
{
	for (unsigned i = 0; i < REMOVE_TRIES; i++) {
		bool is_done;

		if (!head_try(f, change, &is_done, e))
			return false;
		if (is_done)
			return true;
	}
	return fail(e, FAULT_LATER, "remove mail: others keep changing the folder");
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
