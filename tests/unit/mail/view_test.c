/* SPDX-License-Identifier: MIT */
/* Views: who is told what when. */
#include "imap_world.h"

#include "mail/folder_head.h"

#include <string.h>

static struct folder *begin(struct world *w)
{
	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	return world_mailbox(w, "alice@a.example", "INBOX");
}

static void open_view(struct world *w, struct view *v, bool is_read_only)
{
	struct error e = { .fault = FAULT_NONE };

	check(view_open(v, world_mailbox(w, "alice@a.example", "INBOX"), is_read_only, &e));
}

static void remove_one(struct folder *f, uint32_t uid)
{
	struct error e = { .fault = FAULT_NONE };

	check(folder_remove(f, &uid, 1, &e));
}

/* RFC 9051 7.5.1: numbers hold until the client may be told. */
static void test_numbers(struct world *w)
{
	struct folder *f = begin(w);
	auto_arena a = { .max = 1 << 20 };
	struct view_news news;
	struct view v;

	for (unsigned i = 0; i < 6; i++)
		(void)world_append(w, f, 0, 0, S("x"));
	open_view(w, &v, false);
	check(!view_has_news(&v) && uids_size(&v.uids) == 6);
	remove_one(f, 2);
	remove_one(f, 3);
	remove_one(f, 5);
	(void)world_append(w, f, 0, 0, S("x"));
	check(view_has_news(&v));
	news = world_refresh(&v, false, &a);
	check(news.gone_count == 0 && news.exists_before == 6 && news.exists == 7);
	check(uids_at(&v.uids, 3) == 3 && uids_at(&v.uids, 7) == 7 && uids_size(&v.gone) == 3);
	check(view_has_news(&v));
	news = world_refresh(&v, true, &a);
	check(news.gone_count == 2 && news.exists_before == 4 && news.exists == 4);
	check(news.gone[0].seq_first == 2 && news.gone[0].seq_last == 3);
	check(news.gone[0].uid_first == 2 && news.gone[0].uid_last == 3);
	check(news.gone[1].seq_first == 5 && news.gone[1].uid_last == 5);
	check(uids_at(&v.uids, 2) == 4 && uids_size(&v.uids) == 4 && !view_has_news(&v));
	/* 5 went and was told: then 4 and 6 are two runs, for VANISHED may not name it again. */
	remove_one(f, 4);
	remove_one(f, 6);
	news = world_refresh(&v, true, &a);
	check(news.gone_count == 2 && news.exists_before == 2 && news.exists == 2);
	check(news.gone[0].uid_last == 4 && news.gone[1].uid_first == 6);
	check(news.gone[0].seq_first == 2 && news.gone[1].seq_last == 3);
	(void)world_append(w, f, 0, 0, S("x"));
	(void)world_append(w, f, 0, 0, S("x"));
	news = world_refresh(&v, true, &a);
	check(news.exists == 4 && v.uid_next == 10);
	/* One that came and went in between was never there. */
	remove_one(f, world_append(w, f, 0, 0, S("x")));
	news = world_refresh(&v, true, &a);
	check(news.gone_count == 0 && news.exists == 4 && v.uid_next == 11);
	view_close(&v);
	folder_close(f);
}

static void test_flags(struct world *w)
{
	struct folder *f = begin(w);
	auto_arena a = { .max = 1 << 20 };
	struct view_news news;
	struct view v;
	struct flags_result r;

	for (unsigned i = 0; i < 4; i++)
		(void)world_append(w, f, 0, 0, S("x"));
	open_view(w, &v, false);
	(void)world_flag(f, 3, FLAGS_ADD, ENTRY_SEEN, 0);
	news = world_refresh(&v, false, &a);
	check(news.flagged_count == 1 && news.flagged[0].uid == 3 && !news.is_more);
	check(news.flagged[0].flags == ENTRY_SEEN && v.modseq == news.flagged[0].modseq);
	/* One's own are no news, but what others do to the same message is. */
	r = world_flag(f, 2, FLAGS_ADD, ENTRY_FLAGGED, 0);
	view_own_flags(&v, r.modseq);
	check(world_refresh(&v, false, &a).flagged_count == 0);
	r = world_flag(f, 2, FLAGS_ADD, ENTRY_SEEN, 0);
	view_own_flags(&v, r.modseq);
	(void)world_flag(f, 2, FLAGS_TAKE, ENTRY_FLAGGED, 0);
	news = world_refresh(&v, false, &a);
	check(news.flagged_count == 1 && news.flagged[0].flags == ENTRY_SEEN);
	/* A change of one's own on top of one that was not told hides it: then all is to be said at once. */
	check(view_knows_flags(&v, news.flagged[0].modseq));
	(void)world_flag(f, 2, FLAGS_ADD, ENTRY_DRAFT, 0);
	r = world_flag(f, 2, FLAGS_TAKE, ENTRY_SEEN, 0);
	check(!view_knows_flags(&v, r.modseq_before) && !view_knows_flags(&v, r.modseq));
	view_own_flags(&v, r.modseq);
	check(view_knows_flags(&v, r.modseq));
	check(world_refresh(&v, false, &a).flagged_count == 0);
	r = world_flag(f, 2, FLAGS_ADD, ENTRY_SEEN, 0);
	check(view_knows_flags(&v, r.modseq_before));
	view_own_flags(&v, r.modseq);
	/* The flags of a new message are fetched by the client. */
	(void)world_append(w, f, 0, 0, S("x"));
	(void)world_flag(f, 5, FLAGS_ADD, ENTRY_SEEN, 0);
	news = world_refresh(&v, false, &a);
	check(news.flagged_count == 0 && news.exists == 5 && news.exists_before == 4);
	(void)world_flag(f, 5, FLAGS_TAKE, ENTRY_SEEN, 0);
	check(world_refresh(&v, false, &a).flagged_count == 1);
	/* Of one that is gone nothing is told. */
	(void)world_flag(f, 1, FLAGS_ADD, ENTRY_SEEN, 0);
	remove_one(f, 1);
	check(world_refresh(&v, false, &a).flagged_count == 0);
	view_close(&v);
	folder_close(f);
}

/* After a commit of which nobody knows whether it came to be, a folder remembers no events: then it may be anywhere. */
static bool has_faults(const struct world *w)
{
	return w->which->fault_percent > 0;
}

static bool was_touched(const struct world *w, const struct view *v, uint32_t first, uint32_t last)
{
	bool is_anywhere = v->touched_first == 1 && v->touched_last == UINT32_MAX;

	return (v->touched_first == first && v->touched_last == last) ||
	       (has_faults(w) && is_anywhere);
}

/* What CONTEXT goes by: where flags changed, by oneself too; and removals that are told apart from the rest. */
static void test_followed(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct folder *f = begin(w);
	auto_arena a = { .max = 1 << 20 };
	struct view_news news;
	struct view v;
	struct flags_result r;

	for (unsigned i = 0; i < 5; i++)
		(void)world_append(w, f, 0, 0, S("x"));
	open_view(w, &v, false);
	check(v.touched_first == 0);
	r = world_flag(f, 4, FLAGS_ADD, ENTRY_FLAGGED, 0);
	view_own_flags(&v, r.modseq);
	(void)world_flag(f, 2, FLAGS_ADD, ENTRY_SEEN, 0);
	check(world_refresh(&v, false, &a).flagged_count == 1);
	check(was_touched(w, &v, 2, 4));
	v.touched_first = v.touched_last = 0;
	remove_one(f, 3);
	(void)world_refresh(&v, false, &a);
	check((v.touched_first == 0 || has_faults(w)) && uids_size(&v.uids) == 5);
	/* One more, of which the view has not heard: it stays for the next time. */
	remove_one(f, 5);
	check(view_tell_gone(&v, &a, &news, &e));
	check(news.gone_count == 1 && news.gone[0].uid_first == 3 && news.gone[0].seq_last == 3);
	check(news.exists == 4 && uids_size(&v.uids) == 4 && uids_has(&v.uids, 5));
	check(view_tell_gone(&v, &a, &news, &e) && news.gone_count == 0);
	news = world_refresh(&v, true, &a);
	check(news.gone_count == 1 && news.gone[0].seq_first == 4 && news.exists == 3);
	/* Further back than the folder remembers: anywhere. */
	for (unsigned i = 0; i <= FOLDER_EVENTS; i++)
		(void)world_flag(f, 1, i % 2 == 0 ? FLAGS_ADD : FLAGS_TAKE, ENTRY_SEEN, 0);
	(void)world_refresh(&v, false, &a);
	check(v.touched_first == 1 && v.touched_last == UINT32_MAX);
	view_close(&v);
	folder_close(f);
}

/* More changes than the folder remembers: nothing is missed. */
static void test_forgotten(struct world *w)
{
	struct folder *f = begin(w);
	auto_arena a = { .max = 1 << 20 };
	struct view_news news;
	struct view v;
	unsigned flagged = 0;

	for (unsigned i = 0; i < 20; i++)
		(void)world_append(w, f, 0, 0, S("x"));
	open_view(w, &v, false);
	remove_one(f, 7);
	for (unsigned i = 0; i < FOLDER_EVENTS + 10; i++)
		(void)world_flag(f, 1 + i % 5, FLAGS_REPLACE, i / 5 % 2 == 0 ? ENTRY_SEEN : 0, 0);
	(void)world_append(w, f, 0, 0, S("x"));
	do {
		news = world_refresh(&v, false, &a);
		flagged += (unsigned)news.flagged_count;
		check(news.gone_count == 0);
	} while (news.is_more);
	check(flagged == 5 && news.exists == 21);
	news = world_refresh(&v, true, &a);
	check(news.gone_count == 1 && news.gone[0].seq_first == 7 && news.exists == 20);
	view_close(&v);
	folder_close(f);
}

/* A change that is under way when a view opens, and fails: its number is neither told before it is there nor used again. */
static void test_failed_number(struct world *w)
{
	struct folder *f = begin(w);
	auto_arena a = { .max = 1 << 20 };
	struct folder_head after;
	struct folder_state state;
	struct view v;

	(void)world_append(w, f, 0, 0, S("x"));
	{
		HOLDING(&f->folders->lock);
		after = f->next;
		after.version++;
		after.modseq = folder_modseq_next(f) + 10;
		folder_depart(f, &after);
	}
	open_view(w, &v, false);
	folder_state_get(f, &state);
	check(v.modseq == state.modseq && v.modseq < after.modseq);
	{
		HOLDING(&f->folders->lock);
		folder_land(f, &after, false);
	}
	check(world_flag(f, 1, FLAGS_ADD, ENTRY_SEEN, 0).modseq > after.modseq);
	check(world_refresh(&v, false, &a).flagged_count == 1);
	view_close(&v);
	folder_close(f);
}

/* RFC 3501 2.3.2: one that may write is told that a message is recent, and nobody who comes later. */
static void test_recent(struct world *w)
{
	struct folder *f = begin(w);
	auto_arena a = { .max = 1 << 20 };
	struct folder_state state;
	struct view v, other;

	(void)world_append(w, f, 0, 0, S("x"));
	(void)world_append(w, f, 0, 0, S("x"));
	open_view(w, &v, true);
	check(view_recent_count(&v) == 2);
	view_close(&v);
	open_view(w, &v, false);
	check(view_recent_count(&v) == 2);
	open_view(w, &other, false);
	check(view_recent_count(&other) == 0);
	(void)world_append(w, f, 0, 0, S("x"));
	(void)world_refresh(&v, true, &a);
	check(view_recent_count(&v) == 3);
	folder_state_get(f, &state);
	check(state.uid_recent == 4);
	view_close(&other);
	open_view(w, &other, false);
	check(view_recent_count(&other) == 0);
	view_close(&other);
	view_close(&v);
	folder_close(f);
}

/* A client that was away; the log remembers VANISHED_ROWS removals, and says when it does not. */
static void test_vanished(struct world *w)
{
	enum { ROUNDS = VANISHED_ROWS / 10 + 5 };
	struct folder *f = begin(w);
	struct error e = { .fault = FAULT_NONE };
	auto_uids known = { 0 }, gone = { 0 };
	struct folder_state state, middle;
	struct view v;

	open_view(w, &v, false);
	view_close(&v);
	for (unsigned i = 0; i < ROUNDS + 3; i++)
		(void)world_append(w, f, 0, 0, S("x"));
	folder_state_get(f, &state);
	for (uint32_t uid = 1; uid <= ROUNDS; uid++) {
		remove_one(f, uid);
		if (uid == ROUNDS - 2)
			folder_state_get(f, &middle);
	}
	open_view(w, &v, false);
	check(view_vanished_since(&v, middle.modseq, &known, &gone, &e));
	check(uids_size(&gone) == 2 && uids_at(&gone, 1) == ROUNDS - 1);
	uids_clear(&gone);
	check(view_vanished_since(&v, state.modseq, &known, &gone, &e));
	check(uids_size(&gone) == ROUNDS);
	uids_clear(&gone);
	check(uids_append(&known, 3, 5));
	check(view_vanished_since(&v, state.modseq, &known, &gone, &e));
	check(uids_size(&gone) == 3 && uids_at(&gone, 1) == 3);
	/* Before the floor, all that is not there. */
	{
		HOLDING(&f->folders->lock);
		f->next.vanished_floor = f->committed.vanished_floor = middle.modseq;
	}
	uids_clear(&gone);
	uids_clear(&known);
	check(view_vanished_since(&v, state.modseq, &known, &gone, &e));
	check(uids_size(&gone) == ROUNDS);
	view_close(&v);
	folder_close(f);
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "numbers", test_numbers, false },
		{ "flags", test_flags, false },
		{ "followed", test_followed, false },
		{ "forgotten", test_forgotten, false },
		{ "failed number", test_failed_number, false },
		{ "recent", test_recent, false },
		{ "vanished", test_vanished, false },
	};

	return world_run("view", tests, COUNT(tests));
}
