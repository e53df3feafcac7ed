/* SPDX-License-Identifier: MIT */
#include "mail/parts.h"
#include "mail/timeline_rows.h"

#include "base/record.h"

#include <stdlib.h>

enum { STAGES_VERSION = 1, TIMELINES_TRIES = 10 };

/* --- encoding --- */

bool stages_encode(
	const struct timeline_stage *stages, size_t count, uint64_t more_rcpts, struct buf *out)
{
	if (!record_u8(out, STAGES_VERSION) || !record_number(out, more_rcpts) ||
		!record_number(out, count))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct timeline_stage *s = &stages[i];

		if (!record_u8(out, (uint8_t)s->stage) || !record_u64(out, s->mono_ns) ||
			!record_u64(out, s->wall_ns) || !record_number(out, s->bytes) ||
			!record_text(out, s->note))
			return false;
	}
	return true;
}

/* FNV-1a of 64 bits over lower-case letters: a stored format, so never keyed and never changed. */
uint64_t timeline_hash(struct slice what)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < what.len; i++)
		hash = (hash ^ (uint8_t)ascii_lower(what.at[i])) * UINT64_C(1099511628211);
	return hash;
}

struct key timeline_hash_key(char kind, struct slice what, struct id id)
{
	struct key k = key_of(kind);

	key_add_number(&k, timeline_hash(what), TIMELINE_HASH_BYTES);
	key_add(&k, id_slice(&id));
	return k;
}

static struct key stages_key(struct id id, uint64_t seq)
{
	struct key k = key_of_id('i', id);

	key_add_number(&k, seq, 8);
	return k;
}

static struct slice id_without_brackets(struct slice s)
{
	s = slice_trim(s);
	if (s.len >= 2 && s.at[0] == '<' && s.at[s.len - 1] == '>')
		return (struct slice){ s.at + 1, s.len - 2 };
	return s;
}

/* --- buckets --- */

bool timelines_open(struct store *store, const struct clock *clock, uint32_t keep_hours,
	struct timelines **ret, struct error *e)
{
	struct timelines *t = calloc(1, sizeof *t);
	struct key after = { .len = 0 };
	struct store_page page = { 0 };
	bool is_good = true;

	if (t == NULL)
		return fail(e, FAULT_LATER, "open the timelines: out of memory");
	t->store = store;
	t->clock = clock;
	t->keep_hours = keep_hours;
	t->lazy.max = TIMELINE_LAZY_BYTES;
	lock_init(&t->lock, RANK_TIMELINE);
	do {
		struct store_scan scan = { .partition = S("T"),
			.after = key_slice(&after),
			.expect = STORE_ANY_VERSION,
			.limit = LIMIT_SCAN_ROWS };
		struct timeline_bucket *more;

		is_good = store_scan(store, &scan, &page, e);
		if (!is_good || page.row_count == 0)
			break;
		more = realloc(t->buckets, (t->bucket_count + page.row_count) * sizeof *more);
		if (more == NULL) {
			is_good = fail(e, FAULT_LATER, "open the timelines: out of memory");
			break;
		}
		t->buckets = more;
		t->bucket_room = t->bucket_count + page.row_count;
		for (size_t i = 0; i < page.row_count; i++)
			more[t->bucket_count++] = (struct timeline_bucket){
				(uint32_t)key_read_number(page.rows[i].key),
				key_read_number(page.rows[i].value)
			};
		after.len = 0;
		key_add_number(&after, more[t->bucket_count - 1].number, 4);
	} while (!page.is_last);
	store_page_done(&page);
	if (!is_good) {
		timelines_close(t);
		return false;
	}
	t->number_next = t->bucket_count > 0 ? t->buckets[t->bucket_count - 1].number + 1 : 1;
	*ret = t;
	return true;
}

void timelines_close(struct timelines *t)
{
	if (t == NULL)
		return;
	timelines_flush(t);
	buf_done(&t->lazy);
	free(t->buckets);
	lock_done(&t->lock);
	free(t);
}

/* The bucket to write to, a new one when the last is full or an hour old. NULL: out of memory. */
static struct timeline_bucket *bucket_now(struct timelines *t)
{
	uint64_t now_s = clock_wall_ns(t->clock) / NS_PER_S;
	struct timeline_bucket *last = t->is_begun ? &t->buckets[t->bucket_count - 1] : NULL;

	if (last != NULL && t->messages < TIMELINE_BUCKET_MESSAGES &&
		t->keys < TIMELINE_BUCKET_KEYS && now_s < last->first_s + TIMELINE_BUCKET_S)
		return last;
	if (t->bucket_count == t->bucket_room) {
		size_t room = t->bucket_room + 64;
		struct timeline_bucket *more = realloc(t->buckets, room * sizeof *more);

		if (more == NULL)
			return NULL;
		t->buckets = more;
		t->bucket_room = room;
	}
	last = &t->buckets[t->bucket_count++];
	*last = (struct timeline_bucket){ t->number_next++, now_s };
	t->is_begun = true;
	t->is_announced = false;
	t->messages = t->keys = 0;
	return last;
}

/* Until partition T says on disk that the bucket is there, every commit says so again. */
static void announce_stage(
	const struct timelines *t, struct batch *b, const struct timeline_bucket *bucket)
{
	struct key partition = key_of('T');
	struct key key = { .len = 0 }, value = { .len = 0 };

	if (t->is_announced)
		return;
	key_add_number(&key, bucket->number, 4);
	key_add_number(&value, bucket->first_s, 8);
	batch_commit(b, &partition, STORE_ANY_VERSION, 1, 0);
	batch_set(b, key_slice(&key), key_slice(&value));
}

static uint64_t seq_next(struct timelines *t)
{
	uint64_t now_ns = clock_wall_ns(t->clock);

	t->last_seq = now_ns > t->last_seq ? now_ns : t->last_seq + 1;
	return t->last_seq;
}

static size_t subject_stage(struct batch *b, struct id id, const struct timeline_subject *subject)
{
	uint64_t seen[TIMELINE_ADDRESSES + 1];
	size_t seen_count = 0;
	struct slice message_id = id_without_brackets(subject->message_id);

	if (message_id.len > 0) {
		struct key key = timeline_hash_key('m', message_id, id);

		batch_set(b, key_slice(&key), S("\1"));
	}
	for (size_t i = 0; i <= subject->address_count && seen_count < COUNT(seen); i++) {
		struct slice address = i == 0 ? subject->reverse_path : subject->addresses[i - 1];
		struct key key = timeline_hash_key('a', address, id);
		size_t same = 0;

		seen[seen_count] = timeline_hash(address);
		while (seen[same] != seen[seen_count])
			same++;
		if (address.len == 0 || same < seen_count)
			continue;
		batch_set(b, key_slice(&key), S("\1"));
		seen_count++;
	}
	return seen_count + 1;
}

uint32_t timelines_stage(struct timelines *t, struct batch *b, const struct timeline *timeline,
	const struct timeline_subject *subject)
{
	char room[TIMELINE_RECORD_BYTES];
	struct buf value = BUF_OVER(room);
	struct timeline_bucket *bucket;
	struct key partition, key;

	if (t->keep_hours == 0)
		return 0;
	if (!stages_encode(
		    timeline->stages, timeline->stage_count, timeline->rcpts_not_noted, &value))
		return 0;
	HOLDING(&t->lock);
	bucket = bucket_now(t);
	if (bucket == NULL)
		return 0;
	partition = key_of_number('t', bucket->number, 4);
	batch_commit(b, &partition, STORE_ANY_VERSION, subject->address_count + 4, 0);
	key = stages_key(timeline->id, seq_next(t));
	batch_set(b, key_slice(&key), buf_slice(&value));
	t->keys += 1 + subject_stage(b, timeline->id, subject);
	t->messages++;
	announce_stage(t, b, bucket);
	return bucket->number;
}

void timelines_landed(struct timelines *t, uint32_t bucket)
{
	HOLDING(&t->lock);
	if (t->is_begun && t->buckets[t->bucket_count - 1].number == bucket)
		t->is_announced = true;
}

/* --- lazy rows --- */

static bool lazy_add(struct timelines *t, struct slice key, struct slice value)
{
	size_t whole = t->lazy.len;

	if (t->lazy_rows < TIMELINE_LAZY_ROWS_MAX && record_text(&t->lazy, key) &&
		record_text(&t->lazy, value)) {
		t->lazy_rows++;
		return true;
	}
	t->lazy.len = whole;
	return false;
}

/* Takes the rows out of the lock and into a batch. */
static uint32_t lazy_stage(struct timelines *t, struct batch *b)
{
	struct timeline_bucket *bucket;
	struct key partition;

	HOLDING(&t->lock);
	bucket = t->lazy_rows > 0 ? bucket_now(t) : NULL;
	if (bucket == NULL)
		return 0;
	partition = key_of_number('t', bucket->number, 4);
	batch_commit(b, &partition, STORE_ANY_VERSION, t->lazy_rows, 0);
	t->keys += timeline_packs_stage(b, buf_slice(&t->lazy), seq_next(t));
	announce_stage(t, b, bucket);
	buf_clear(&t->lazy);
	t->lazy_rows = 0;
	return bucket->number;
}

void timelines_flush(struct timelines *t)
{
	uint32_t bucket;
	auto_batch b;

	batch_begin(&b, 2, 0);
	b.txn.may_be_lazy = true;
	bucket = lazy_stage(t, &b);
	if (b.is_short || batch_is_empty(&b))
		return;
	/* Rows are the same when written twice. What fails for good is lost: the log has it too. */
	for (unsigned i = 0; i < TIMELINES_TRIES; i++) {
		batch_submit(&b, t->store);
		if (store_wait(t->store, &b.txn) == STORE_OK) {
			timelines_landed(t, bucket);
			return;
		}
	}
}

static void lazy_row(struct timelines *t, struct slice key, struct slice value)
{
	bool is_in, is_full;

	{
		HOLDING(&t->lock);
		is_in = lazy_add(t, key, value);
		is_full = !is_in || t->lazy_rows >= TIMELINE_LAZY_ROWS;
	}
	if (is_full)
		timelines_flush(t);
	if (!is_in) {
		HOLDING(&t->lock);
		(void)lazy_add(t, key, value);
	}
}

void timelines_note_stage(
	struct timelines *t, struct id id, const struct timeline_stage *stages, size_t count)
{
	char room[TIMELINE_RECORD_BYTES];
	struct buf value = BUF_OVER(room);
	struct key key;

	if (t->keep_hours == 0 || !stages_encode(stages, count, 0, &value))
		return;
	{
		HOLDING(&t->lock);
		key = stages_key(id, seq_next(t));
	}
	lazy_row(t, key_slice(&key), buf_slice(&value));
}

void timelines_note(
	struct timelines *t, struct id id, enum stage stage, uint64_t bytes, struct slice note)
{
	struct timeline_stage one = { stage, clock_mono_ns(t->clock), clock_wall_ns(t->clock),
		bytes, slice_first(note, TIMELINE_TEXT_BYTES) };

	timelines_note_stage(t, id, &one, 1);
}

void timelines_add(struct timelines *t, const struct timeline *timeline, struct slice message_id,
	const struct slice *addresses, size_t address_count)
{
	struct slice name = id_without_brackets(message_id);
	struct key key;

	if (t->keep_hours == 0)
		return;
	timelines_note_stage(t, timeline->id, timeline->stages, timeline->stage_count);
	if (name.len > 0) {
		key = timeline_hash_key('m', name, timeline->id);
		lazy_row(t, key_slice(&key), S("\1"));
	}
	for (size_t i = 0; i < address_count && i < TIMELINE_ADDRESSES; i++) {
		if (addresses[i].len == 0)
			continue;
		key = timeline_hash_key('a', addresses[i], timeline->id);
		lazy_row(t, key_slice(&key), S("\1"));
	}
}
