/* SPDX-License-Identifier: MIT */
/* STORE: entries are rewritten under the folder's turn, in one commit with the head that counts them. */
#include "mail/folder_head.h"

#include <stdlib.h>

enum {
	FLAGS_GAP = 8, /* UIDs we do not want between two that we want are read along */
	FLAGS_ARENA_BYTES = FOLDER_FLAGS_MAX * (int)(sizeof(struct entry) + ENTRY_VALUE_BYTES),
};
_Static_assert(FOLDER_FLAGS_MAX * 1100 <= LIMIT_COMMIT_BYTES, "entries with a prefix under 1 KiB");

struct flagging {
	const struct flags_change *change;
	struct flags_result *results;
	size_t count;
	struct arena arena;
	/* those that change, with their new flags; modseq comes with the commit */
	struct entry *rewrites;
	size_t rewrite_count;
	int64_t unseen, deleted, deleted_bytes;
	uint32_t uid_unseen; /* the smallest that lost \Seen; 0: none */
	uint64_t modseq;
};

static void flagging_done(struct flagging *g)
{
	arena_done(&g->arena);
}

static void turn_end(struct folder **f)
{
	if (*f != NULL)
		folder_turn_drop(*f);
}

static struct flags_result flags_after(const struct flags_change *change, const struct entry *entry)
{
	struct flags_result r = { .uid = entry->uid,
		.flags = entry->flags,
		.keywords = entry->keywords,
		.modseq = entry->modseq,
		.modseq_before = entry->modseq };

	if (change->has_unchanged_since && entry->modseq > change->unchanged_since) {
		r.outcome = FLAGS_MODIFIED;
		return r;
	}
	switch (change->how) {
	case FLAGS_REPLACE:
		r.flags = change->flags;
		r.keywords = change->keywords;
		break;
	case FLAGS_ADD:
		r.flags |= change->flags;
		r.keywords |= change->keywords;
		break;
	case FLAGS_TAKE:
		r.flags &= ~change->flags;
		r.keywords &= ~change->keywords;
		break;
	}
	r.flags = (r.flags & ~change->flags_kept) | (entry->flags & change->flags_kept);
	r.keywords = change->keeps_keywords ? entry->keywords : r.keywords;
	r.outcome = r.flags == entry->flags && r.keywords == entry->keywords ? FLAGS_SAME
									     : FLAGS_CHANGED;
	return r;
}

static int64_t moved(uint32_t before, uint32_t after, uint32_t flag)
{
	return (int64_t)((after & flag) != 0) - (int64_t)((before & flag) != 0);
}

static void flags_count(struct flagging *g, const struct entry *entry, uint32_t after)
{
	int64_t seen = moved(entry->flags, after, ENTRY_SEEN);
	int64_t deleted = moved(entry->flags, after, ENTRY_DELETED);

	g->unseen -= seen;
	g->deleted += deleted;
	g->deleted_bytes += deleted * (int64_t)entry->bytes;
	if (seen < 0 && g->uid_unseen == 0)
		g->uid_unseen = entry->uid;
}

static bool entry_flag(
	struct flagging *g, struct flags_result *result, const struct entry *entry, struct error *e)
{
	struct entry *after = &g->rewrites[g->rewrite_count];

	*result = flags_after(g->change, entry);
	if (result->outcome != FLAGS_CHANGED)
		return true;
	*after = *entry;
	after->flags = result->flags;
	after->keywords = result->keywords;
	after->prefix = arena_copy(&g->arena, entry->prefix);
	after->body = arena_copy(&g->arena, entry->body);
	if (after->prefix.at == NULL || after->body.at == NULL)
		return fail(e, FAULT_LATER, "set flags: out of memory");
	flags_count(g, entry, after->flags);
	g->rewrite_count++;
	return true;
}

/* Reads the entries in runs that stand close together; what is not there is FLAGS_GONE already. */
static bool entries_flag(
	struct flagging *g, struct folder *f, const uint32_t *uids, struct error *e)
{
	ON_EXIT(entry_page_done) struct entry_page page = { 0 };
	size_t at = 0;

	while (at < g->count) {
		size_t n = at + 1;
		struct folder_scan scan = { .after = uids[at] - 1, .limit = LIMIT_SCAN_ROWS };

		while (n < g->count && uids[n] - uids[n - 1] <= FLAGS_GAP)
			n++;
		scan.last = uids[n - 1];
		if (!folder_scan(f, &scan, &page, e))
			return false;
		for (size_t i = 0; i < page.count && at < n; i++) {
			while (at < n && uids[at] < page.at[i].uid)
				at++;
			if (at == n || uids[at] != page.at[i].uid)
				continue;
			if (!entry_flag(g, &g->results[at], &page.at[i], e))
				return false;
			at++;
		}
		if (page.is_last || page.count == 0)
			at = n;
	}
	return true;
}

static uint64_t add(uint64_t value, int64_t by)
{
	/* Counts are verified by `mailvisor check`; a wrong one must not wrap. */
	if (by < 0 && (uint64_t)-by > value)
		return 0;
	return by < 0 ? value - (uint64_t)-by : value + (uint64_t)by;
}

static void rewrites_stage(const struct flagging *g, const struct folder *f, struct batch *b)
{
	uint32_t segment = UINT32_MAX;
	char room[ENTRY_VALUE_BYTES];

	for (size_t i = 0; i < g->rewrite_count; i++) {
		struct entry entry = g->rewrites[i];
		struct buf value = BUF_OVER(room);
		struct key key = { .len = 0 };

		if ((entry.uid - 1) / FOLDER_SEGMENT_UIDS != segment) {
			struct key partition;

			segment = (entry.uid - 1) / FOLDER_SEGMENT_UIDS;
			partition = key_segment(f->id, segment);
			batch_commit(b, &partition, STORE_ANY_VERSION, g->rewrite_count - i, 0);
		}
		entry.modseq = g->modseq;
		key_add_number(&key, entry.uid, 4);
		/* It was read from a value of this size; a number has grown by a byte or two at most. */
		if (!entry_encode(&entry, &value))
			b->is_short = true;
		batch_set(b, key_slice(&key), buf_slice(&value));
	}
}

static enum write_step flags_build(struct folder_write *w, struct batch *b, struct error *e)
{
	struct flagging *g = w->context;
	struct folder_head *after = &w->after[0];

	(void)e;
	if (after->is_gone)
		return WRITE_STOP;
	after->modseq = g->modseq = folder_modseq_next(w->at[0]);
	after->unseen = add(after->unseen, g->unseen);
	after->deleted = add(after->deleted, g->deleted);
	after->deleted_bytes = add(after->deleted_bytes, g->deleted_bytes);
	if (g->uid_unseen > 0 && g->uid_unseen < after->uid_unseen)
		after->uid_unseen = g->uid_unseen;
	folder_write_heads(w, b);
	rewrites_stage(g, w->at[0], b);
	return WRITE_GO;
}

static void flags_departed(struct folder_write *w)
{
	const struct flagging *g = w->context;

	folder_event_flags(
		w->at[0], g->modseq, g->rewrites[0].uid, g->rewrites[g->rewrite_count - 1].uid);
}

static bool flags_write(struct flagging *g, struct folder *f, struct error *e)
{
	struct folder_write w = { .at = { f },
		.count = 1,
		.commit_max = g->rewrite_count,
		.what = "set flags",
		.is_lazy = g->change->may_be_lazy,
		.build = flags_build,
		.departed = flags_departed,
		.context = g };

	if (g->rewrite_count == 0)
		return true;
	if (!folder_write_run(&w, e))
		return false;
	for (size_t i = 0; i < g->count; i++) {
		if (g->results[i].outcome != FLAGS_CHANGED)
			continue;
		g->results[i].modseq = g->modseq;
		if (w.is_stopped)
			g->results[i].outcome = FLAGS_GONE;
	}
	return true;
}

bool folder_flags_set(struct folder *f, const uint32_t *uids, size_t count,
	const struct flags_change *change, struct flags_result *results, struct error *e)
{
	ON_EXIT(turn_end) struct folder *turn = NULL;
	ON_EXIT(flagging_done)
	struct flagging g = { .change = change,
		.results = results,
		.count = count,
		.arena = { .max = FLAGS_ARENA_BYTES } };

	invariant(count <= FOLDER_FLAGS_MAX);
	for (size_t i = 0; i < count; i++)
		results[i] = (struct flags_result){ .uid = uids[i], .outcome = FLAGS_GONE };
	g.rewrites = arena_take(&g.arena, (count + 1) * sizeof *g.rewrites);
	if (g.rewrites == NULL)
		return fail(e, FAULT_LATER, "set flags: out of memory");
	if (!folder_turn_take(f, e))
		return false;
	turn = f;
	return entries_flag(&g, f, uids, e) && flags_write(&g, f, e);
}
