/* SPDX-License-Identifier: MIT */
#include "mail/acceptance.h"

#include "mail/shared.h"

static enum intake_answer landing_decide(struct acceptance *a, const struct landing *l)
{
	const struct folder_head *next = &l->folder->next;

	/* The account was removed after the recipient was answered, or two to the 32nd mails came. */
	if (next->is_gone || next->uid_next == UINT32_MAX)
		return INTAKE_FAILED;
	switch (quota_fits(a->mail->quota, l->target, l->bytes, 1, l->bytes)) {
	case QUOTA_FITS:
		return INTAKE_OK;
	case QUOTA_FULL:
		return INTAKE_OVER_QUOTA;
	case QUOTA_NEVER:
		break;
	}
	return INTAKE_TOO_BIG;
}

/* Who has room; each that has takes it at once, as another of the same domain may come after it. */
static void decide(struct acceptance *a)
{
	a->holders = a->item_count;
	for (size_t i = 0; i < a->landing_count; i++) {
		struct landing *l = &a->landings[i];

		l->answer = landing_decide(a, l);
		if (l->answer != INTAKE_OK)
			continue;
		quota_changed(a->mail->quota, l->folder->account, (int64_t)l->bytes, 1);
		a->holders++;
	}
}

static void undecide(struct acceptance *a)
{
	for (size_t i = 0; i < a->landing_count; i++) {
		struct landing *l = &a->landings[i];

		if (l->answer == INTAKE_OK)
			quota_changed(a->mail->quota, l->folder->account, -(int64_t)l->bytes, -1);
	}
}

static struct entry entry_make(const struct acceptance *a)
{
	return (struct entry){ .received_ns = a->received_ns,
		.saved_ns = a->received_ns,
		.message = a->intake->envelope->id,
		.blob = a->intake->body.blob,
		.is_shared = a->holders > 1 };
}

static void landing_stage(struct acceptance *a, struct landing *l, struct batch *b)
{
	struct folder *f = l->folder;
	struct entry entry = entry_make(a);
	char room[ENTRY_VALUE_BYTES + 1024];
	struct buf value = BUF_OVER(room);
	struct key partition, key = { .len = 0 };

	l->after = f->next;
	entry.uid = l->after.uid_next++;
	entry.modseq = l->after.modseq = folder_modseq_next(f);
	entry.bytes = l->bytes;
	entry.prefix = l->prefix;
	l->after.version++;
	head_add_entry(&l->after, &entry);
	folder_stage(f, b, &l->after, 0, 0);
	partition = key_segment(f->id, (entry.uid - 1) / FOLDER_SEGMENT_UIDS);
	key_add_number(&key, entry.uid, 4);
	invariant(entry_encode(&entry, &value));
	batch_commit(b, &partition, STORE_ANY_VERSION, 1, 0);
	batch_set(b, key_slice(&key), buf_slice(&value));
}

/* Several items of one mail may share a bucket, which a transaction names only once. */
static bool items_stage(struct acceptance *a, struct batch *b, struct error *e)
{
	for (size_t i = 0; i < a->item_count; i++) {
		a->items[i].entry = entry_make(a);
		a->items[i].entry.bytes = a->intake->body.bytes;
	}
	if (!spool_stage(b, a->items, a->item_count))
		return fail(e, FAULT_NEVER, "accept a message: a recipient is too long");
	return true;
}

static void timeline_stage(struct acceptance *a, struct batch *b)
{
	struct slice addresses[TIMELINE_ADDRESSES];
	struct timeline_subject subject = { .message_id = a->message_id,
		.reverse_path = a->intake->envelope->reverse_path,
		.addresses = addresses };

	for (size_t i = 0; i < a->rcpt_count && subject.address_count < COUNT(addresses); i++) {
		if (a->rcpts[i].rcpt != NULL)
			addresses[subject.address_count++] = a->rcpts[i].rcpt->address;
	}
	for (size_t i = 0; i < a->landing_count && subject.address_count < COUNT(addresses); i++)
		addresses[subject.address_count++] = a->landings[i].target->address;
	a->bucket = 0;
	if (a->timeline != NULL)
		a->bucket = timelines_stage(a->mail->timelines, b, a->timeline, &subject);
}

static bool build(
	struct acceptance *a, struct batch *b, const struct store_chunk *chunk, struct error *e)
{
	/* Folders first: the version of the first partition tells whether it happened. */
	for (size_t i = 0; i < a->landing_count; i++) {
		if (a->landings[i].answer == INTAKE_OK)
			landing_stage(a, &a->landings[i], b);
	}
	if (!items_stage(a, b, e))
		return false;
	if (a->holders > 1)
		shared_stage(b, a->intake->body.blob, a->holders);
	timeline_stage(a, b);
	b->txn.chunks = chunk;
	b->txn.chunk_count = chunk->bytes.len > 0 ? 1 : 0;
	if (b->is_short)
		return fail(e, FAULT_LATER, "accept a message: out of memory");
	return true;
}

enum staged acceptance_stage(struct acceptance *a, struct batch *b, struct error *e)
{
	struct store_chunk *chunk = arena_take(&a->arena, sizeof *chunk);

	if (chunk == NULL) {
		(void)fail(e, FAULT_LATER, "accept a message: out of memory");
		return STAGED_FAILED;
	}
	*chunk = body_tail(&a->intake->body);
	batch_begin(b, 2 * a->landing_count + (a->item_count > 0 ? KEYS_SPOOL_BUCKETS : 0) + 3, 0);
	HOLDING(&a->mail->folders->lock);
	for (size_t i = 0; i < a->landing_count; i++) {
		if (!folder_is_ready(a->landings[i].folder))
			return STAGED_NOT_YET;
	}
	decide(a);
	if (a->holders == 0)
		return STAGED_NOTHING;
	if (!build(a, b, chunk, e)) {
		undecide(a);
		return STAGED_FAILED;
	}
	batch_submit(b, a->mail->store);
	for (size_t i = 0; i < a->landing_count; i++) {
		if (a->landings[i].answer == INTAKE_OK)
			folder_depart(a->landings[i].folder, &a->landings[i].after);
	}
	return STAGED;
}

/* Did it happen? The folder's version tells, or the spool item itself. */
static enum store_answer look(struct acceptance *a, struct batch *b, struct error *e)
{
	bool is_there;

	if (a->holders > a->item_count)
		return batch_settle(b, a->mail->store, e);
	if (!spool_has(a->mail->spool, a->items[0].id, &is_there, e))
		return STORE_FAILED;
	return is_there ? STORE_OK : STORE_CONFLICT;
}

enum store_answer acceptance_settle(struct acceptance *a, struct batch *b, struct error *e)
{
	enum store_answer answer = store_wait(a->mail->store, &b->txn);

	if (answer == STORE_UNKNOWN || answer == STORE_FAILED) {
		enum store_answer seen = look(a, b, e);

		/* A write that failed in the middle may still turn out whole, after the disk has mended. */
		a->is_in_doubt = answer == STORE_FAILED || seen == STORE_FAILED;
		if (answer == STORE_FAILED && seen == STORE_CONFLICT) {
			*e = b->txn.error;
			seen = STORE_FAILED;
		}
		answer = seen;
	}
	HOLDING(&a->mail->folders->lock);
	for (size_t i = 0; i < a->landing_count; i++) {
		struct landing *l = &a->landings[i];

		if (l->answer == INTAKE_OK)
			folder_land(l->folder, &l->after, answer == STORE_OK);
	}
	if (answer != STORE_OK)
		undecide(a);
	return answer;
}
