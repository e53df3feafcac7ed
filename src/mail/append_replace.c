/* SPDX-License-Identifier: MIT */
/*
 * REPLACE (RFC 8508): a message comes and another one goes in one commit of the store, in one folder or in two. The room that
 * the old one gives up counts for the new one (3.4).
 *
 * Under the turn of the old message's folder, so that its flags stand still from reading it to the commit.
 */
#include "mail/append_parts.h"
#include "mail/shared.h"
#include "mail/structures.h"

enum { REPLACE_ROWS = 3 /* the new entry, the old one, its structure */ };

static void turn_end(struct folder **f)
{
	if (*f != NULL)
		folder_turn_drop(*f);
}

/* As it is now. */
static bool replaced_read(struct replaced *r, uint32_t uid, struct error *e)
{
	ON_EXIT(entry_page_done) struct entry_page page = { 0 };

	if (!folder_find(r->from, uid, &page, &r->is_there, e))
		return false;
	if (!r->is_there)
		return true;
	r->entry = page.at[0];
	r->prefix_bytes = r->entry.prefix.len;
	r->entry.prefix = r->entry.body = S("");
	return true;
}

bool append_replaces(
	struct append *a, struct folder *from, uint32_t uid, bool *ret_is_there, struct error *e)
{
	struct replaced *r = &a->replaced;

	invariant(r->from == NULL);
	r->from = from;
	r->entry.uid = uid;
	if (!replaced_read(r, uid, e))
		return false;
	*ret_is_there = r->is_there;
	return uids_append(&r->gone, uid, uid) || fail(e, FAULT_LATER, "replace: out of memory");
}

void append_replace_done(struct append *a)
{
	uids_done(&a->replaced.gone);
}

bool append_frees_room(const struct append *a, uint64_t *ret_bytes)
{
	const struct replaced *r = &a->replaced;

	if (r->from == NULL || !r->is_there || !id_same(r->from->account, a->folder->account))
		return false;
	*ret_bytes = r->entry.bytes;
	return true;
}

/* ---- The commit ---- */

/* Others may copy or remove the same body meanwhile: then the commit conflicts, and we look again. */
static bool replace_prepare(struct folder_write *w, struct error *e)
{
	struct append *a = w->context;
	struct replaced *r = &a->replaced;

	if (!r->entry.is_shared)
		return true;
	return shared_count(a->mail->store, r->entry.blob, &r->holders, &r->holders_version, e);
}

/* One holder less; nobody holds what nobody else refers to. */
static void blob_leave(const struct replaced *r, struct batch *b)
{
	if (!r->entry.is_shared) {
		if (r->entry.bytes > r->prefix_bytes)
			batch_drop(b, r->entry.blob);
		return;
	}
	/* Without a count it is left for `mailvisor check`. */
	if (r->holders > 0)
		shared_leave_stage(b, r->entry.blob, r->holders, r->holders_version);
}

static struct key uid_key(uint32_t uid)
{
	struct key key = { .len = 0 };

	key_add_number(&key, uid, 4);
	return key;
}

static void entry_come(const struct append *a, struct rows *rows, struct batch *b)
{
	const struct entry *entry = &a->entries[0];
	struct key partition = key_segment(a->folder->id, (entry->uid - 1) / FOLDER_SEGMENT_UIDS);
	struct key key = uid_key(entry->uid);
	char room[ENTRY_VALUE_BYTES];
	struct buf value = BUF_OVER(room);
	struct slice copy;

	invariant(entry_encode(entry, &value));
	copy = arena_copy(&b->arena, buf_slice(&value));
	if (copy.at == NULL)
		b->is_short = true;
	else
		rows_set(rows, &partition, &key, copy, STORE_ANY_VERSION);
}

static void entry_leave(const struct replaced *r, const struct folder_head *from, struct rows *rows)
{
	uint32_t segment = (r->entry.uid - 1) / FOLDER_SEGMENT_UIDS;
	struct key partition = key_segment(r->from->id, segment), key = uid_key(r->entry.uid);

	rows_remove(rows, &partition, &key);
	if (!from->has_structures)
		return;
	partition = structures_partition(r->from->id, segment);
	rows_remove(rows, &partition, &key);
}

static void replace_charge(const struct append *a, int64_t sign)
{
	const struct replaced *r = &a->replaced;

	quota_changed(a->mail->quota, a->folder->account, sign * (int64_t)a->bytes, sign);
	quota_changed(a->mail->quota, r->from->account, -sign * (int64_t)r->entry.bytes, -sign);
}

static enum write_step replace_build(struct folder_write *w, struct batch *b, struct error *e)
{
	struct append *a = w->context;
	struct replaced *r = &a->replaced;
	struct folder_head *to = &w->after[0], *from = &w->after[w->count - 1];
	struct row room[REPLACE_ROWS];
	struct rows rows = { .at = room, .room = REPLACE_ROWS };

	(void)e;
	a->answer = append_decide(a, to);
	if (a->answer != APPEND_OK)
		return WRITE_STOP;
	to->modseq = folder_modseq_next(a->folder);
	r->modseq = from->modseq = folder_modseq_next(r->from);
	append_to_head(a, to);
	head_take_entry(from, &r->entry);
	from->uid_low = from->count == 0 ? from->uid_next : from->uid_low;
	vanished_note(from, &r->gone);
	entry_come(a, &rows, b);
	entry_leave(r, from, &rows);
	folder_write_heads(w, b);
	vanished_stage(r->from, from, &r->gone, b);
	rows_stage(&rows, b);
	blob_leave(r, b);
	replace_charge(a, 1);
	return WRITE_GO;
}

static void replace_undo(struct folder_write *w)
{
	replace_charge(w->context, -1);
}

static void replace_departed(struct folder_write *w)
{
	const struct append *a = w->context;

	folder_event_gone(a->replaced.from, a->replaced.modseq, &a->replaced.gone);
}

bool append_replace_run(struct append *a, struct folder_write *w, struct error *e)
{
	ON_EXIT(turn_end) struct folder *turn = NULL;
	struct replaced *r = &a->replaced;

	invariant(a->count == 1);
	if (!folder_turn_take(r->from, e))
		return false;
	turn = r->from;
	if (!replaced_read(r, r->entry.uid, e) || !vanished_trim(r->from, e))
		return false;
	if (!r->is_there) {
		a->answer = APPEND_GONE;
		return true;
	}
	w->at[1] = r->from;
	w->count = r->from == a->folder ? 1 : 2;
	w->commit_max = 1 + REPLACE_COMMITS;
	w->drop_max = 1;
	w->what = "replace a message";
	w->prepare = replace_prepare;
	w->build = replace_build;
	w->undo = replace_undo;
	w->departed = replace_departed;
	if (!folder_write_run(w, e))
		return false;
	a->appended.replaced_modseq = r->modseq;
	return true;
}
