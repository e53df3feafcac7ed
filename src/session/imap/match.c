/* SPDX-License-Identifier: MIT */
/*
 * match - does this message match? Each level looks deeper into it: a condition that cannot be decided yet says so.
 */
#include "session/imap/progress.h"
#include "session/imap/search.h"

#include "base/limits.h"
#include "message/envelope_text.h"

enum { MATCH_PAGE_ROWS = 500, DAY_S = 24 * 3600 };

enum level { LEVEL_ENTRY, LEVEL_SUMMARY, LEVEL_HEADER, LEVEL_BYTES };
enum verdict { MATCH_NO, MATCH_YES, MATCH_UNKNOWN };

static enum verdict verdict_of(bool is_match)
{
	return is_match ? MATCH_YES : MATCH_NO;
}

static int64_t day_of(int64_t seconds)
{
	return seconds >= 0 ? seconds / DAY_S : -((-seconds + DAY_S - 1) / DAY_S);
}

/* ---- What the entry knows ---- */

static enum verdict compare_day(int64_t day, enum imap_key_kind before, const struct imap_key *key)
{
	/* The kinds stand in the order before, on, since. */
	switch ((int)key->kind - (int)before) {
	case 0:
		return verdict_of(day < key->day);
	case 1:
		return verdict_of(day == key->day);
	default:
		return verdict_of(day >= key->day);
	}
}

static enum verdict match_flag(const struct search *q, uint64_t flag)
{
	const struct view *v = q->view;

	if (flag == IMAP_FLAG_RECENT)
		return verdict_of(v->uid_recent != 0 && q->entry->uid >= v->uid_recent);
	return verdict_of((q->entry->flags & flag) != 0);
}

static enum verdict match_id(struct id id, struct slice text)
{
	char room[ID_TEXT_BYTES + 1];

	return verdict_of(slice_same(id_text(id, room), text));
}

static enum verdict match_entry(const struct search *q, const struct condition *c)
{
	const struct entry *entry = q->entry;
	const struct imap_key *key = c->key;
	uint64_t saved_ns = entry->saved_ns != 0 ? entry->saved_ns : entry->received_ns;
	uint64_t received_s = entry->received_ns / NS_PER_S;

	switch ((int)key->kind) {
	case IMAP_KEY_ALL:
	case IMAP_KEY_SAVEDATESUPPORTED:
		return MATCH_YES;
	case IMAP_KEY_FLAG:
		return match_flag(q, key->number);
	case IMAP_KEY_KEYWORD:
		return verdict_of((entry->keywords & c->keywords) != 0);
	case IMAP_KEY_SET:
	case IMAP_KEY_UID:
		return verdict_of(uids_has(&c->set, entry->uid));
	case IMAP_KEY_BEFORE:
	case IMAP_KEY_ON:
	case IMAP_KEY_SINCE:
		/* RFC 9051 6.4.4: the day as APPEND wrote it, whatever the zone. */
		return compare_day(day_of((int64_t)received_s + 60 * (int64_t)entry->zone_min),
			IMAP_KEY_BEFORE, key);
	case IMAP_KEY_SAVEDBEFORE:
	case IMAP_KEY_SAVEDON:
	case IMAP_KEY_SAVEDSINCE:
		return compare_day(
			day_of((int64_t)(saved_ns / NS_PER_S)), IMAP_KEY_SAVEDBEFORE, key);
	case IMAP_KEY_LARGER:
		return verdict_of(entry->bytes > key->number);
	case IMAP_KEY_SMALLER:
		return verdict_of(entry->bytes < key->number);
	case IMAP_KEY_OLDER:
		return verdict_of(received_s + key->number <= q->now_s);
	case IMAP_KEY_YOUNGER:
		return verdict_of(received_s + key->number >= q->now_s);
	case IMAP_KEY_MODSEQ:
		return verdict_of(entry->modseq >= key->number);
	case IMAP_KEY_EMAILID:
		return match_id(entry->message, key->text);
	case IMAP_KEY_THREADID: /* we keep no threads */
		return MATCH_NO;
	default:
		return MATCH_UNKNOWN;
	}
}

/* ---- What its record knows ---- */

static enum verdict match_addresses(
	struct search *q, const struct condition *c, enum envelope_text_list list)
{
	struct envelope_view view;

	buf_clear(&q->words);
	if (!q->summary.has_envelope || !envelope_text_view(q->summary.envelope, &view) ||
		!envelope_text_addresses(view.lists[list], &q->words))
		return MATCH_UNKNOWN;
	return verdict_of(text_key_in_value(&c->text, buf_slice(&q->words)));
}

static enum verdict match_subject(struct search *q, const struct condition *c)
{
	struct envelope_view view;

	buf_clear(&q->words);
	if (!q->summary.has_envelope || !envelope_text_view(q->summary.envelope, &view) ||
		!envelope_text_value(view.subject, &q->words))
		return MATCH_UNKNOWN;
	return verdict_of(text_key_in_value(&c->text, buf_slice(&q->words)));
}

/* RFC 9051 6.4.4: the day as the sender wrote it. */
static enum verdict match_sent(const struct search *q, const struct imap_key *key)
{
	if (!q->summary.has_sent)
		return MATCH_NO;
	return compare_day(day_of(q->summary.sent_s + 60 * (int64_t)q->summary.sent_zone_min),
		IMAP_KEY_SENTBEFORE, key);
}

static enum verdict match_summary(struct search *q, const struct condition *c)
{
	switch ((int)c->key->kind) {
	case IMAP_KEY_FROM:
		return match_addresses(q, c, ENVELOPE_FROM);
	case IMAP_KEY_TO:
		return match_addresses(q, c, ENVELOPE_TO);
	case IMAP_KEY_CC:
		return match_addresses(q, c, ENVELOPE_CC);
	case IMAP_KEY_BCC:
		return match_addresses(q, c, ENVELOPE_BCC);
	case IMAP_KEY_SUBJECT:
		return match_subject(q, c);
	case IMAP_KEY_SENTBEFORE:
	case IMAP_KEY_SENTON:
	case IMAP_KEY_SENTSINCE:
		return match_sent(q, c->key);
	default:
		return MATCH_UNKNOWN;
	}
}

static enum verdict match_header(struct search *q, const struct condition *c)
{
	struct slice name;

	switch ((int)c->key->kind) {
	case IMAP_KEY_HEADER:
		name = c->key->field;
		break;
	case IMAP_KEY_FROM:
		name = S("From");
		break;
	case IMAP_KEY_TO:
		name = S("To");
		break;
	case IMAP_KEY_CC:
		name = S("Cc");
		break;
	case IMAP_KEY_BCC:
		name = S("Bcc");
		break;
	case IMAP_KEY_SUBJECT:
		name = S("Subject");
		break;
	default:
		return MATCH_UNKNOWN;
	}
	return verdict_of(text_key_in_header(&c->text, buf_slice(&q->header), name));
}

/* ---- The tree ---- */

static enum verdict match_leaf(struct search *q, const struct condition *c, enum level level)
{
	enum verdict v = match_entry(q, c);

	if (v == MATCH_UNKNOWN && level >= LEVEL_SUMMARY)
		v = match_summary(q, c);
	if (v == MATCH_UNKNOWN && level >= LEVEL_HEADER)
		v = match_header(q, c);
	if (v == MATCH_UNKNOWN && level >= LEVEL_BYTES)
		v = verdict_of(c->wish != NULL && c->wish->is_found);
	return v;
}

/* Depth is bounded by LIMIT_IMAP_SEARCH_DEPTH. */
static enum verdict match_tree(struct search *q, const struct condition *c, enum level level)
{
	bool is_or = c->key->kind == IMAP_KEY_OR;
	enum verdict all = verdict_of(!is_or);

	if (c->key->kind == IMAP_KEY_NOT) {
		enum verdict v = match_tree(q, c->children, level);

		return v == MATCH_UNKNOWN ? v : verdict_of(v == MATCH_NO);
	}
	if (!is_or && c->key->kind != IMAP_KEY_AND)
		return match_leaf(q, c, level);
	for (const struct condition *k = c->children; k != NULL; k = k->next) {
		enum verdict v = match_tree(q, k, level);

		if (v == verdict_of(is_or))
			return v;
		if (v == MATCH_UNKNOWN)
			all = MATCH_UNKNOWN;
	}
	return all;
}

/* ---- Reading ---- */

bool search_summary(struct search *q, struct error *e)
{
	if (q->has_summary)
		return true;
	q->has_summary = imap_records_summary(&q->records, q->entry, q->last, &q->summary, e);
	return q->has_summary;
}

static bool read_header(struct search *q, struct error *e)
{
	ON_EXIT(body_close) struct body_reader reader;
	uint64_t end = q->entry->prefix.len + q->summary.header_bytes;
	struct slice piece;

	if (q->has_header)
		return true;
	buf_clear(&q->header);
	end = end < LIMIT_HEADER_BYTES ? end : LIMIT_HEADER_BYTES;
	body_open(&reader, q->records.store, q->entry);
	while (q->header.len < end) {
		if (!body_next(&reader, &piece, e))
			return false;
		if (piece.len == 0)
			break;
		if (!buf_add(&q->header, slice_first(piece, end - q->header.len)))
			return fail(e, FAULT_LATER, "search: out of memory");
	}
	q->has_header = true;
	return true;
}

bool search_envelope(struct search *q, struct envelope_view *ret, struct error *e)
{
	struct envelope_view none = { .subject = S("NIL") };
	struct slice text = q->summary.envelope;

	for (size_t i = 0; i < ENVELOPE_LIST_COUNT; i++)
		none.lists[i] = S("NIL");
	*ret = none;
	if (!q->summary.has_envelope) {
		buf_clear(&q->envelope);
		if (!read_header(q, e))
			return false;
		text = envelope_text_add(buf_slice(&q->header), &q->envelope)
			       ? buf_slice(&q->envelope)
			       : S("");
	}
	if (!envelope_text_view(text, ret))
		*ret = none;
	return true;
}

static bool search_bytes(struct search *q, struct error *e)
{
	ON_EXIT(body_close) struct body_reader reader;
	struct slice piece;

	arena_reset(&q->arena);
	if (!imap_records_structure(&q->records, q->entry, q->last, &q->arena, &q->structure, e))
		return false;
	if (q->text == NULL)
		q->text = text_search_new(&q->structure, q->wishes, q->wish_count);
	else
		text_search_again(q->text, &q->structure);
	if (q->text == NULL)
		return fail(e, FAULT_LATER, "search: out of memory");
	body_open(&reader, q->records.store, q->entry);
	reader.at = q->entry->prefix.len;
	do {
		if (!body_next(&reader, &piece, e))
			return false;
	} while (piece.len > 0 && text_search_feed(q->text, piece));
	text_search_end(q->text);
	return true;
}

static bool search_look(struct search *q, enum level level, struct error *e)
{
	switch (level) {
	case LEVEL_SUMMARY:
		return search_summary(q, e);
	case LEVEL_HEADER:
		return read_header(q, e);
	case LEVEL_BYTES:
		return q->wish_count == 0 || search_bytes(q, e);
	case LEVEL_ENTRY:
		break;
	}
	return true;
}

void search_look_at(struct search *q, const struct entry *entry, uint32_t last)
{
	q->entry = entry;
	q->last = last;
	q->has_summary = q->has_header = false;
}

static bool matches(struct search *q, bool *ret_matches, struct error *e)
{
	for (unsigned level = LEVEL_ENTRY; level <= LEVEL_BYTES; level++) {
		enum verdict v;

		if (!search_look(q, (enum level)level, e))
			return false;
		v = match_tree(q, q->root, (enum level)level);
		*ret_matches = v == MATCH_YES;
		if (v != MATCH_UNKNOWN)
			return true;
	}
	return true;
}

/* A message that cannot be read (somebody may just have removed it) is noted, and matches nothing. */
static bool try_message(struct search *q)
{
	struct error e = { .fault = FAULT_NONE };
	bool is_match = false;

	if (matches(q, &is_match, &e))
		return is_match;
	imap_note_failure(q->s, &e);
	return false;
}

bool search_among(struct search *q, const struct uids *candidates, search_found_fn *found,
	void *context, struct error *e)
{
	struct imap_progress progress;
	uint64_t done = 0;
	ON_EXIT(imap_walk_done)
	struct imap_walk walk = {
		.folder = q->view->folder, .uids = candidates, .limit = MATCH_PAGE_ROWS
	};

	imap_progress_begin(&progress, q->s, uids_size(candidates));
	do {
		if (!imap_walk_page(&walk, e))
			return false;
		for (size_t i = 0; i < walk.page.count; i++) {
			search_look_at(q, &walk.page.at[i], walk.page.at[walk.page.count - 1].uid);
			if (try_message(q) && !found(context, q))
				return true;
			if (!imap_progress_tell(&progress, ++done))
				return true; /* nobody is there to be answered */
		}
	} while (walk.page.count > 0);
	return true;
}

bool search_run(struct search *q, search_found_fn *found, void *context, struct error *e)
{
	auto_uids candidates = { 0 };

	if (!search_candidates(q, &candidates))
		return fail(e, FAULT_LATER, "search: out of memory");
	return search_among(q, &candidates, found, context, e);
}
