/* SPDX-License-Identifier: MIT */
#include "mail/changes.h"
#include "mail/folder_head.h"

enum { WRITE_TRIES = 100 /* shared blobs and others' failures make our commits conflict */ };

void folder_write_heads(struct folder_write *w, struct batch *b)
{
	for (size_t i = 0; i < w->count; i++)
		folder_stage(w->at[i], b, &w->after[i], i == 0 ? w->head_set_max : 0,
			i == 0 ? w->head_remove_max : 0);
}

static bool write_may_begin(struct folder_write *w)
{
	for (size_t i = 0; i < w->count; i++) {
		if (!folder_is_ready(w->at[i]))
			return false;
		w->after[i] = w->at[i]->next;
		w->after[i].version++;
	}
	return true;
}

/* Stages and submits. WRITE_STOP also when it is not yet time: then is_stopped is false. */
static enum write_step write_begin(struct folder_write *w, struct batch *b, struct error *e)
{
	struct folders *all = w->at[0]->folders;
	enum write_step step;

	HOLDING(&all->lock);
	if (!write_may_begin(w))
		return WRITE_STOP;
	step = w->build(w, b, e);
	w->is_stopped = step == WRITE_STOP;
	if (step == WRITE_GO && b->is_short) {
		if (w->undo != NULL)
			w->undo(w);
		(void)fail(e, FAULT_LATER, "%s: out of memory", w->what);
		return WRITE_FAILED;
	}
	if (step != WRITE_GO)
		return step;
	batch_submit(b, all->store);
	for (size_t i = 0; i < w->count; i++)
		folder_depart(w->at[i], &w->after[i]);
	if (w->departed != NULL)
		w->departed(w);
	return WRITE_GO;
}

/* Nobody submits to a broken folder before all have landed, so the version of the first tells only of us. */
static enum store_answer write_end(struct folder_write *w, struct batch *b, struct error *e)
{
	struct folders *all = w->at[0]->folders;
	enum store_answer answer = store_wait(all->store, &b->txn);

	if (answer == STORE_UNKNOWN || answer == STORE_FAILED) {
		enum store_answer settled = batch_settle(b, all->store, e);

		w->is_in_doubt = answer == STORE_FAILED || settled == STORE_FAILED;
		if (answer == STORE_FAILED && settled == STORE_CONFLICT) {
			*e = b->txn.error;
			settled = STORE_FAILED;
		}
		answer = settled;
	}
	HOLDING(&all->lock);
	for (size_t i = 0; i < w->count; i++)
		folder_land(w->at[i], &w->after[i], answer == STORE_OK);
	if (answer != STORE_OK && w->undo != NULL)
		w->undo(w);
	return answer;
}

static void write_tell(const struct folder_write *w)
{
	for (size_t i = 0; i < w->count; i++)
		changes_tell(w->at[i]->folders->changes, w->at[i]->id, w->at[i]->account);
}

/* STORE_OK: done, or stopped. STORE_CONFLICT: again. */
static enum store_answer write_try(struct folder_write *w, struct error *e)
{
	enum store_answer answer = STORE_OK;
	auto_batch b = { .is_short = false };

	for (size_t i = 0; i < w->count; i++) {
		if (!folder_ready(w->at[i], e))
			return STORE_FAILED;
	}
	if (w->prepare != NULL && !w->prepare(w, e))
		return STORE_FAILED;
	batch_begin(&b, w->count + w->commit_max, w->drop_max);
	b.txn.may_be_lazy = w->is_lazy;
	b.txn.chunks = w->chunks;
	b.txn.chunk_count = w->chunk_count;
	switch (write_begin(w, &b, e)) {
	case WRITE_GO:
		answer = write_end(w, &b, e);
		break;
	case WRITE_STOP:
		return w->is_stopped ? STORE_OK : STORE_CONFLICT;
	case WRITE_FAILED:
		return STORE_FAILED;
	}
	if (answer == STORE_OK && !w->is_silent)
		write_tell(w);
	return answer;
}

bool folder_write_run(struct folder_write *w, struct error *e)
{
	w->is_stopped = w->is_in_doubt = false;
	for (unsigned i = 0; i < WRITE_TRIES; i++) {
		switch (write_try(w, e)) {
		case STORE_OK:
			return true;
		case STORE_FAILED:
			return false;
		case STORE_CONFLICT:
		case STORE_UNKNOWN:
			break;
		}
	}
	return fail(e, FAULT_LATER, "%s: others keep changing the folder", w->what);
}

static enum write_step touch_build(struct folder_write *w, struct batch *b, struct error *e)
{
	(void)e;
	if (w->after[0].is_gone)
		return WRITE_STOP;
	w->after[0].modseq = folder_modseq_next(w->at[0]);
	folder_write_heads(w, b);
	return WRITE_GO;
}

bool folder_touch(struct folder *f, struct error *e)
{
	struct folder_write w = { .at = { f },
		.count = 1,
		.what = "note a change",
		.is_lazy = true,
		.is_silent = true,
		.build = touch_build };

	return folder_write_run(&w, e);
}
