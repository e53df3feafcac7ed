/* SPDX-License-Identifier: MIT */
#include "mail/batch.h"

struct batch_part {
	struct store_set *sets;
	struct slice *removes;
	size_t set_room, remove_room;
};

static void *batch_take(struct batch *b, size_t count, size_t bytes)
{
	void *at = b->is_short ? NULL : arena_take(&b->arena, count * bytes);

	b->is_short = at == NULL;
	return at;
}

void batch_begin(struct batch *b, size_t commit_max, size_t drop_max)
{
	*b = (struct batch){ .arena = { .max = BATCH_ARENA_BYTES },
		.commit_room = commit_max,
		.drop_room = drop_max };
	b->txn.commits = batch_take(b, commit_max, sizeof *b->txn.commits);
	b->parts = batch_take(b, commit_max, sizeof *b->parts);
	b->drops = batch_take(b, drop_max, sizeof *b->drops);
	b->txn.drops = b->drops;
}

void batch_done(struct batch *b)
{
	arena_done(&b->arena);
}

static struct slice batch_copy(struct batch *b, struct slice s)
{
	struct slice copy = b->is_short ? (struct slice){ NULL, 0 } : arena_copy(&b->arena, s);

	b->is_short = copy.at == NULL;
	return copy;
}

void batch_commit(struct batch *b, const struct key *partition, uint64_t expect, size_t set_max,
	size_t remove_max)
{
	struct slice name = batch_copy(b, key_slice(partition));
	struct store_set *sets = batch_take(b, set_max, sizeof *sets);
	struct slice *removes = batch_take(b, remove_max, sizeof *removes);
	size_t at = b->txn.commit_count;

	if (b->is_short)
		return;
	invariant(at < b->commit_room);
	b->parts[at] = (struct batch_part){ sets, removes, set_max, remove_max };
	b->txn.commits[at] = (struct store_commit){
		.partition = name, .expect = expect, .sets = sets, .removes = removes
	};
	b->txn.commit_count++;
}

void batch_set(struct batch *b, struct slice key, struct slice value)
{
	struct store_set set = { batch_copy(b, key), batch_copy(b, value) };
	struct store_commit *commit;
	struct batch_part *part;

	if (b->is_short)
		return;
	commit = &b->txn.commits[b->txn.commit_count - 1];
	part = &b->parts[b->txn.commit_count - 1];
	invariant(commit->set_count < part->set_room);
	part->sets[commit->set_count++] = set;
}

void batch_remove(struct batch *b, struct slice key)
{
	struct slice copy = batch_copy(b, key);
	struct store_commit *commit;
	struct batch_part *part;

	if (b->is_short)
		return;
	commit = &b->txn.commits[b->txn.commit_count - 1];
	part = &b->parts[b->txn.commit_count - 1];
	invariant(commit->remove_count < part->remove_room);
	part->removes[commit->remove_count++] = copy;
}

void batch_drop(struct batch *b, struct id blob)
{
	if (b->is_short)
		return;
	invariant(b->txn.drop_count < b->drop_room);
	b->drops[b->txn.drop_count++] = blob;
}

bool batch_is_empty(const struct batch *b)
{
	return b->txn.commit_count == 0;
}

void batch_submit(struct batch *b, struct store *store)
{
	struct store_txn again = { .commits = b->txn.commits,
		.commit_count = b->txn.commit_count,
		.chunks = b->txn.chunks,
		.chunk_count = b->txn.chunk_count,
		.drops = b->txn.drops,
		.drop_count = b->txn.drop_count,
		.may_be_lazy = b->txn.may_be_lazy };

	invariant(!b->is_short && b->txn.commit_count > 0);
	/* What is the store's own must be zero, also after an earlier try. */
	b->txn = again;
	store_submit(store, &b->txn);
}

enum store_answer batch_settle(struct batch *b, struct store *store, struct error *e)
{
	const struct store_commit *first = &b->txn.commits[0];
	uint64_t version;

	invariant(first->expect != STORE_ANY_VERSION);
	if (!store_version(store, first->partition, &version, e))
		return STORE_FAILED;
	if (version > first->expect)
		return STORE_OK;
	return STORE_CONFLICT;
}

enum store_answer batch_write(struct batch *b, struct store *store, struct error *e)
{
	if (b->is_short) {
		(void)fail(e, FAULT_LATER, "write to the store: out of memory");
		return STORE_FAILED;
	}
	for (unsigned i = 0; i < BATCH_TRIES; i++) {
		enum store_answer answer;

		batch_submit(b, store);
		answer = store_wait(store, &b->txn);
		if (answer == STORE_OK)
			return STORE_OK;
		if (answer == STORE_FAILED && b->txn.error.fault == FAULT_NEVER) {
			*e = b->txn.error;
			return STORE_FAILED;
		}
		/* It may have happened only when nobody said CONFLICT. */
		if (answer != STORE_CONFLICT) {
			enum store_answer settled = batch_settle(b, store, e);

			if (settled != STORE_CONFLICT)
				return settled;
			if (answer == STORE_FAILED) {
				*e = b->txn.error;
				return STORE_FAILED;
			}
		}
	}
	return STORE_CONFLICT;
}

bool batch_write_again(struct batch *b, struct store *store, struct error *e)
{
	if (b->is_short)
		return fail(e, FAULT_LATER, "write to the store: out of memory");
	for (unsigned i = 0; i < BATCH_TRIES; i++) {
		batch_submit(b, store);
		switch (store_wait(store, &b->txn)) {
		case STORE_OK:
			return true;
		case STORE_CONFLICT:
		case STORE_UNKNOWN:
			break;
		case STORE_FAILED:
			*e = b->txn.error;
			return false;
		}
	}
	return fail(e, FAULT_LATER, "write to the store: it keeps answering conflict");
}
