/* SPDX-License-Identifier: MIT */
/* Views in a crowd: writers change two folders, readers follow them by what they are told and end with the truth. */
#include "imap_world.h"

#include <pthread.h>
#include <string.h>

enum { WRITERS = 4, READERS = 4, STEPS = 60, LIST_MAX = 4000 };

struct actor {
	struct world *w;
	struct id account;
	unsigned number, random;
	const bool *is_over;
};

static unsigned below(struct actor *a, unsigned n)
{
	a->random = a->random * 1103515245u + 12345u;
	return (a->random >> 16) % n;
}

static uint32_t some_uid(struct actor *a, struct folder *f)
{
	struct folder_state state;

	folder_state_get(f, &state);
	return 1 + below(a, state.uid_next);
}

static void write_step(struct actor *a, struct folder *f, struct folder *other)
{
	struct transfer t = { .mail = &a->w->mail, .from = f, .to = other };
	struct transferred done = { 0 };
	struct error e = { .fault = FAULT_NONE };
	auto_uids uids = { 0 };
	auto_uids gone = { 0 };
	uint64_t modseq;
	uint32_t first;

	switch (below(a, 6)) {
	case 0:
	case 1:
		(void)world_append(a->w, f, 0, 0, S("text"));
		break;
	case 2:
		check(world_deliver(a->w, "alice@a.example", S("x\r\n")) == INTAKE_OK);
		break;
	case 3:
		(void)world_flag(f, some_uid(a, f), FLAGS_ADD,
			below(a, 3) == 0 ? ENTRY_DELETED : ENTRY_SEEN, 0);
		break;
	case 4:
		t.is_move = below(a, 2) == 0;
		first = some_uid(a, f);
		check(uids_append(&uids, first, first + below(a, 3)));
		check(transfer_run(&t, &uids, &done, &e) == APPEND_OK);
		transferred_done(&done);
		break;
	default:
		check(folder_expunge(f, NULL, &gone, &modseq, &e));
		break;
	}
}

static struct folder *actor_open(struct actor *a, struct slice name)
{
	struct error e = { .fault = FAULT_NONE };
	struct folder *f = NULL;

	check(mailbox_open(&a->w->mail, a->account, name, &f, &e) == MAILBOX_OK);
	return f;
}

static void *write_all(void *context)
{
	struct actor *a = context;
	struct folder *boxes[2] = { actor_open(a, S("INBOX")), actor_open(a, S("other")) };

	for (unsigned i = 0; i < STEPS; i++) {
		unsigned at = below(a, 2);

		write_step(a, boxes[at], boxes[1 - at]);
	}
	folder_close(boxes[0]);
	folder_close(boxes[1]);
	return NULL;
}

struct list {
	uint32_t uids[LIST_MAX], flags[LIST_MAX];
	uint32_t count;
};

static void list_follow(struct list *l, struct view *v, const struct view_news *news)
{
	for (size_t i = news->gone_count; i-- > 0;) {
		uint32_t n = news->gone[i].seq_last - news->gone[i].seq_first + 1;
		uint32_t at = news->gone[i].seq_first - 1;

		check(at + n <= l->count && l->uids[at] == news->gone[i].uid_first);
		memmove(l->uids + at, l->uids + at + n, (l->count - at - n) * sizeof *l->uids);
		memmove(l->flags + at, l->flags + at + n, (l->count - at - n) * sizeof *l->flags);
		l->count -= n;
	}
	check(l->count == news->exists_before && news->exists < LIST_MAX);
	for (size_t i = 0; i < news->flagged_count; i++) {
		uint32_t seq = uids_seq(&v->uids, news->flagged[i].uid);

		check(seq > 0 && seq <= l->count && l->uids[seq - 1] == news->flagged[i].uid);
		l->flags[seq - 1] = news->flagged[i].flags;
	}
	while (l->count < news->exists) {
		struct entry_page page = { 0 };
		struct error e = { .fault = FAULT_NONE };
		uint32_t uid = uids_at(&v->uids, l->count + 1);
		bool is_found;

		check(folder_find(v->folder, uid, &page, &is_found, &e));
		l->flags[l->count] = is_found ? page.at[0].flags : 0;
		l->uids[l->count++] = uid;
		entry_page_done(&page);
	}
}

static void read_step(struct list *l, struct view *v, bool may_expunge)
{
	auto_arena a = { .max = 1 << 20 };
	struct view_news news = world_refresh(v, may_expunge, &a);

	list_follow(l, v, &news);
	while (news.is_more) {
		news = world_refresh(v, may_expunge, &a);
		list_follow(l, v, &news);
	}
}

static void *read_all(void *context)
{
	struct actor *a = context;
	struct list *l = calloc(1, sizeof *l);
	struct error e = { .fault = FAULT_NONE };
	struct entry_page page = { 0 };
	struct view v;
	uint32_t seq = 0;

	check(l != NULL);
	check(view_open(
		&v, actor_open(a, a->number % 2 == 0 ? S("INBOX") : S("other")), false, &e));
	list_follow(l, &v, &(struct view_news){ .exists = uids_size(&v.uids) });
	while (!__atomic_load_n(a->is_over, __ATOMIC_ACQUIRE))
		read_step(l, &v, below(a, 3) == 0);
	read_step(l, &v, true);
	check(folder_list(v.folder, 0, LIMIT_SCAN_ROWS, &page, &e) && page.is_last);
	for (size_t i = 0; i < page.count; i++, seq++)
		check(seq < l->count && l->uids[seq] == page.at[i].uid &&
			l->flags[seq] == page.at[i].flags);
	check(seq == l->count);
	entry_page_done(&page);
	view_close(&v);
	free(l);
	return NULL;
}

static void test_crowd(struct world *w)
{
	struct folder *f;
	struct account account;
	struct actor actors[WRITERS + READERS];
	pthread_t threads[WRITERS + READERS];
	struct error e = { .fault = FAULT_NONE };
	bool is_over = false;

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	f = world_mailbox(w, "alice@a.example", "INBOX");
	account = world_account_get(w, "alice@a.example");
	check(mailbox_create(&w->mail, account.id, S("other"), 0, NULL, &e) == MAILBOX_OK);
	for (unsigned i = 0; i < WRITERS + READERS; i++) {
		actors[i] = (struct actor){ .w = w,
			.account = account.id,
			.number = i,
			.random = 77 * i + 1,
			.is_over = &is_over };
		check(pthread_create(&threads[i], NULL, i < WRITERS ? write_all : read_all,
			      &actors[i]) == 0);
	}
	for (unsigned i = 0; i < WRITERS; i++)
		check(pthread_join(threads[i], NULL) == 0);
	__atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
	for (unsigned i = WRITERS; i < WRITERS + READERS; i++)
		check(pthread_join(threads[i], NULL) == 0);
	folder_close(f);
}

int main(void)
{
	static const struct world_test tests[] = { { "crowd", test_crowd, false } };

	return world_run("view crowd", tests, COUNT(tests));
}
