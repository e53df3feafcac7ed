/* SPDX-License-Identifier: MIT */
#include "mail/transfer_step.h"
#include "mail/structures.h"

#include <stdlib.h>

enum {
	STEP_GAP = 8, /* UIDs we do not want between two that we want are read along */
	/* A copy: here, there, its count of holders, its structure. A move: here, there, and its structure twice. */
	STEP_ROWS_A_ENTRY = 4,
	STEP_RECORD_BYTES =
		LIMIT_COMMIT_BYTES / 2, /* of structures that go along; others are made anew */
	STEP_ARENA_BYTES =
		STEP_RECORD_BYTES + TRANSFER_STEP * (int)(4 * ENTRY_VALUE_BYTES +
							    STEP_ROWS_A_ENTRY * sizeof(struct row)),
};

static bool short_of_memory(struct error *e)
{
	return fail(e, FAULT_LATER, "copy messages: out of memory");
}

static void step_done(struct step **s)
{
	arena_done(&(*s)->arena);
	uids_done(&(*s)->gone);
}

static void turn_end(struct folder **f)
{
	if (*f != NULL)
		folder_turn_drop(*f);
}

static bool entry_take(struct step *s, const struct entry *entry, struct error *e)
{
	struct entry *copy = &s->entries[s->entry_count++];

	*copy = *entry;
	copy->prefix = arena_copy(&s->arena, entry->prefix);
	copy->body = arena_copy(&s->arena, entry->body);
	s->bytes += entry->bytes;
	s->largest = entry->bytes > s->largest ? entry->bytes : s->largest;
	return (copy->prefix.at != NULL && copy->body.at != NULL) || short_of_memory(e);
}

/* Reads the entries in runs that stand close together. */
static bool entries_read(struct step *s, struct error *e)
{
	ON_EXIT(entry_page_done) struct entry_page page = { 0 };
	const uint32_t *uids = s->uids;
	size_t at = 0;

	while (at < s->uid_count) {
		size_t n = at + 1;
		struct folder_scan scan = { .after = uids[at] - 1, .limit = LIMIT_SCAN_ROWS };

		while (n < s->uid_count && uids[n] - uids[n - 1] <= STEP_GAP)
			n++;
		scan.last = uids[n - 1];
		if (!folder_scan(s->transfer->from, &scan, &page, e))
			return false;
		for (size_t i = 0; i < page.count && at < n; i++) {
			while (at < n && uids[at] < page.at[i].uid)
				at++;
			if (at == n || uids[at] != page.at[i].uid)
				continue;
			if (!entry_take(s, &page.at[i], e))
				return false;
			at++;
		}
		if (page.is_last || page.count == 0)
			at = n;
	}
	return true;
}

/* --- structures go along, as far as they fit --- */

static bool record_take(struct step *s, size_t at, struct slice record, size_t *bytes)
{
	if (*bytes + record.len > STEP_RECORD_BYTES)
		return true;
	*bytes += record.len;
	s->records[at] = arena_copy(&s->arena, record);
	s->has_records = true;
	return s->records[at].at != NULL;
}

static bool records_read(struct step *s, struct error *e)
{
	ON_EXIT(structure_page_done) struct structure_page page = { 0 };
	uint32_t after, last;
	size_t at = 0, bytes = 0;

	s->records = arena_take(&s->arena, (s->entry_count + 1) * sizeof *s->records);
	if (s->records == NULL)
		return short_of_memory(e);
	if (s->entry_count == 0)
		return true;
	after = s->entries[0].uid - 1;
	last = s->entries[s->entry_count - 1].uid;
	while (after < last && at < s->entry_count && bytes < STEP_RECORD_BYTES) {
		if (!structures_list(s->transfer->from, after, last, LIMIT_SCAN_ROWS, &page, e))
			return false;
		for (size_t i = 0; i < page.count; i++) {
			while (at < s->entry_count && s->entries[at].uid < page.at[i].uid)
				at++;
			if (at < s->entry_count && s->entries[at].uid == page.at[i].uid &&
				!record_take(s, at, page.at[i].record, &bytes))
				return short_of_memory(e);
		}
		after = page.is_last || page.count == 0 ? last : page.at[page.count - 1].uid;
	}
	return true;
}

/* --- holders of blobs: a copy is one more --- */

static bool has_blob(const struct entry *entry)
{
	return entry->is_shared || entry->bytes > entry->prefix.len;
}

static int share_order(const void *a, const void *b)
{
	const struct step_share *x = a, *y = b;

	return memcmp(&x->blob, &y->blob, sizeof x->blob);
}

static bool shares_list(struct step *s, struct error *e)
{
	size_t kept = 0;

	s->shares = arena_take(&s->arena, (s->entry_count + 1) * sizeof *s->shares);
	if (s->shares == NULL)
		return short_of_memory(e);
	for (size_t i = 0; i < s->entry_count; i++) {
		if (has_blob(&s->entries[i]))
			s->shares[s->share_count++] =
				(struct step_share){ .blob = s->entries[i].blob, .more = 1 };
	}
	if (s->share_count > 0)
		qsort(s->shares, s->share_count, sizeof *s->shares, share_order);
	/* One folder may have the same body several times. */
	for (size_t i = 0; i < s->share_count; i++) {
		if (kept > 0 && id_same(s->shares[kept - 1].blob, s->shares[i].blob))
			s->shares[kept - 1].more++;
		else
			s->shares[kept++] = s->shares[i];
	}
	s->share_count = kept;
	return true;
}

/* Others may copy or remove the same bodies meanwhile: then the commit conflicts, and we look again. */
static bool step_prepare(struct folder_write *w, struct error *e)
{
	struct step *s = w->context;

	for (size_t i = 0; i < s->share_count; i++) {
		struct step_share *share = &s->shares[i];

		if (!shared_count(s->transfer->mail->store, share->blob, &share->holders,
			    &share->version, e))
			return false;
		/* Without a count it has one holder: the entry that we copy, which our turn keeps where it is. */
		if (share->holders == 0)
			share->holders = 1;
	}
	return true;
}

/* --- the commit --- */

static struct key uid_key(uint32_t uid)
{
	struct key key = { .len = 0 };

	key_add_number(&key, uid, 4);
	return key;
}

static void entry_set(
	struct step *s, const struct folder *f, const struct entry *entry, struct batch *b)
{
	struct key partition = key_segment(f->id, (entry->uid - 1) / FOLDER_SEGMENT_UIDS);
	struct key key = uid_key(entry->uid);
	char room[ENTRY_VALUE_BYTES];
	struct buf value = BUF_OVER(room);
	struct slice copy = { NULL, 0 };

	if (entry_encode(entry, &value))
		copy = arena_copy(&b->arena, buf_slice(&value));
	if (copy.at == NULL)
		b->is_short = true;
	else
		rows_set(&s->rows, &partition, &key, copy, STORE_ANY_VERSION);
}

static uint64_t keywords_of(const struct step *s, uint64_t bits)
{
	uint64_t mapped = 0;

	for (size_t i = 0; bits != 0; i++, bits >>= 1) {
		if ((bits & 1) != 0)
			mapped |= s->keywords[i];
	}
	return mapped;
}

/* One message into the target. */
static void entry_put(struct step *s, struct folder_head *to, const struct entry *entry,
	uint64_t now_ns, struct batch *b)
{
	struct entry put = *entry;

	put.uid = to->uid_next++;
	put.modseq = to->modseq;
	put.saved_ns = now_ns;
	put.flags &= ~s->transfer->flags_lost;
	put.keywords = keywords_of(s, entry->keywords);
	put.is_shared = entry->is_shared || (!s->transfer->is_move && has_blob(entry));
	head_add_entry(to, &put);
	entry_set(s, s->transfer->to, &put, b);
}

/* And out of the source, or marked there as shared. */
static void entry_leave(
	struct step *s, struct folder_head *from, const struct entry *entry, struct batch *b)
{
	struct folder *f = s->transfer->from;
	uint32_t segment = (entry->uid - 1) / FOLDER_SEGMENT_UIDS;
	struct key partition = key_segment(f->id, segment), key = uid_key(entry->uid);
	struct entry marked = *entry;

	if (!s->transfer->is_move) {
		marked.is_shared = true;
		if (has_blob(entry) && !entry->is_shared)
			entry_set(s, f, &marked, b);
		return;
	}
	head_take_entry(from, entry);
	rows_remove(&s->rows, &partition, &key);
	if (!from->has_structures)
		return;
	partition = structures_partition(f->id, segment);
	rows_remove(&s->rows, &partition, &key);
}

static void record_put(struct step *s, size_t at)
{
	uint32_t uid = s->uid_first + (uint32_t)at;
	struct key partition =
		structures_partition(s->transfer->to->id, (uid - 1) / FOLDER_SEGMENT_UIDS);
	struct key key = uid_key(uid);

	if (s->records[at].len > 0)
		rows_set(&s->rows, &partition, &key, s->records[at], STORE_ANY_VERSION);
}

static void shares_put(struct step *s, struct batch *b)
{
	for (size_t i = 0; i < s->share_count && !s->transfer->is_move; i++) {
		const struct step_share *share = &s->shares[i];
		struct key partition = key_of_id('b', share->blob), key = key_of('n');
		char room[16];
		struct buf value = BUF_OVER(room);
		struct slice copy;

		invariant(shared_encode(share->holders + share->more, &value));
		copy = arena_copy(&b->arena, buf_slice(&value));
		if (copy.at == NULL)
			b->is_short = true;
		else
			rows_set(&s->rows, &partition, &key, copy, share->version);
	}
}

static enum append_answer step_decide(const struct step *s, const struct folder_head *to)
{
	const struct transfer *t = s->transfer;

	if (to->is_gone)
		return APPEND_GONE;
	if (s->entry_count >= UINT32_MAX - to->uid_next)
		return APPEND_FULL;
	if (t->target == NULL || (t->is_move && id_same(t->from->account, t->to->account)))
		return APPEND_OK;
	switch (quota_fits(t->mail->quota, t->target, s->bytes, s->entry_count, s->largest)) {
	case QUOTA_FITS:
		return APPEND_OK;
	case QUOTA_FULL:
		return APPEND_OVER_QUOTA;
	case QUOTA_NEVER:
		break;
	}
	return APPEND_TOO_BIG;
}

static void step_charge(const struct step *s, int64_t sign)
{
	const struct transfer *t = s->transfer;
	int64_t bytes = sign * (int64_t)s->bytes, count = sign * (int64_t)s->entry_count;

	quota_changed(t->mail->quota, t->to->account, bytes, count);
	if (t->is_move)
		quota_changed(t->mail->quota, t->from->account, -bytes, -count);
}

static struct folder_head *head_of_source(struct folder_write *w, const struct transfer *t)
{
	return t->from == t->to ? &w->after[0] : &w->after[1];
}

static enum write_step step_build(struct folder_write *w, struct batch *b, struct error *e)
{
	struct step *s = w->context;
	const struct transfer *t = s->transfer;
	struct folder_head *to = &w->after[0], *from = head_of_source(w, t);
	uint64_t now_ns = clock_wall_ns(t->mail->clock);

	(void)e;
	s->answer = step_decide(s, to);
	if (s->answer != APPEND_OK)
		return WRITE_STOP;
	s->rows.count = 0;
	s->uid_first = to->uid_next;
	to->modseq = folder_modseq_next(t->to);
	if (t->is_move)
		s->modseq = from->modseq = folder_modseq_next(t->from);
	for (size_t i = 0; i < s->entry_count; i++) {
		entry_put(s, to, &s->entries[i], now_ns, b);
		entry_leave(s, from, &s->entries[i], b);
		record_put(s, i);
	}
	to->has_structures = to->has_structures || s->has_records;
	if (t->is_move) {
		from->uid_low = from->count == 0 ? from->uid_next : from->uid_low;
		vanished_note(from, &s->gone);
	}
	shares_put(s, b);
	folder_write_heads(w, b);
	if (t->is_move)
		vanished_stage(t->from, from, &s->gone, b);
	rows_stage(&s->rows, b);
	step_charge(s, 1);
	return WRITE_GO;
}

static void step_undo(struct folder_write *w)
{
	step_charge(w->context, -1);
}

static void step_departed(struct folder_write *w)
{
	const struct step *s = w->context;

	if (s->transfer->is_move)
		folder_event_gone(s->transfer->from, s->modseq, &s->gone);
}

static bool step_write(struct step *s, struct error *e)
{
	const struct transfer *t = s->transfer;
	struct folder_write w = { .at = { t->to, t->from },
		.count = t->is_move && t->from != t->to ? 2 : 1,
		.commit_max = STEP_ROWS_A_ENTRY * s->entry_count + 4,
		.what = t->is_move ? "move messages" : "copy messages",
		.prepare = t->is_move ? NULL : step_prepare,
		.build = step_build,
		.undo = step_undo,
		.departed = step_departed,
		.context = s };

	return folder_write_run(&w, e);
}

static bool step_read(struct step *s, struct error *e)
{
	size_t room = STEP_ROWS_A_ENTRY * s->uid_count;

	s->entries = arena_take(&s->arena, (s->uid_count + 1) * sizeof *s->entries);
	s->rows = (struct rows){ .at = arena_take(&s->arena, room * sizeof *s->rows.at),
		.room = room };
	if (s->entries == NULL || s->rows.at == NULL)
		return short_of_memory(e);
	if (!entries_read(s, e) || !records_read(s, e) || !shares_list(s, e))
		return false;
	for (size_t i = 0; i < s->entry_count; i++) {
		if (!uids_append(&s->gone, s->entries[i].uid, s->entries[i].uid))
			return short_of_memory(e);
	}
	return true;
}

enum append_answer step_run(struct step *s, struct transferred *ret, struct error *e)
{
	ON_EXIT(turn_end) struct folder *turn = NULL;
	ON_EXIT(step_done) UNUSED struct step *over = s;
	uint32_t uid_last;

	s->arena = (struct arena){ .max = STEP_ARENA_BYTES };
	s->entry_count = s->share_count = 0;
	s->bytes = s->largest = 0;
	s->has_records = false;
	if (!folder_turn_take(s->transfer->from, e))
		return APPEND_FAILED;
	turn = s->transfer->from;
	if (!step_read(s, e) || (s->transfer->is_move && !vanished_trim(turn, e)))
		return APPEND_FAILED;
	if (s->entry_count == 0)
		return APPEND_OK;
	if (!step_write(s, e))
		return APPEND_FAILED;
	if (s->answer != APPEND_OK)
		return s->answer;
	uid_last = s->uid_first + (uint32_t)s->entry_count - 1;
	ret->modseq = s->transfer->is_move ? s->modseq : ret->modseq;
	if (!uids_join(&ret->from, &s->gone, &ret->from) ||
		!uids_append(&ret->to, s->uid_first, uid_last)) {
		(void)short_of_memory(e);
		return APPEND_FAILED;
	}
	return APPEND_OK;
}
