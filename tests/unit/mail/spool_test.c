/* SPDX-License-Identifier: MIT */
#include "world.h"

#include "mail/changes.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

static bool take(struct world *w, struct spool_item *item, uint64_t *next_s)
{
	struct error e = { .fault = FAULT_NONE };
	bool is_found;

	check(spool_take(w->mail.spool, &w->arena, item, &is_found, next_s, &e));
	return is_found;
}

static void test_life(struct world *w)
{
	static const char *const to[] = { "x@far.example", "y@far.example" };
	struct error e = { .fault = FAULT_NONE };
	struct spool_item item;
	struct spool_stats stats;
	uint64_t next_s;

	w->wall_ns = UINT64_C(1800000000) * NS_PER_S;
	check(!take(w, &item, &next_s) && next_s == UINT64_MAX);
	world_deliver_many(w, to, 2, S("Subject: x\r\n\r\n"), NULL);
	check(take(w, &item, &next_s));
	check(item.rcpt_count == 2 && item.attempts == 0 && item.entry.bytes == 14);
	check(slice_same(item.reverse_path, S("sender@far.example")));
	spool_stats_get(w->mail.spool, &stats);
	check(stats.taken == 1 && stats.waiting == 0);
	/* One is relayed, the other tried again in 300 s. */
	item.rcpts[0].fate = SPOOL_RELAYED;
	item.rcpts[1].last_reply = S("450 4.2.0 later");
	item.attempts = 1;
	item.due_s += 300;
	check(spool_put_back(w->mail.spool, &item, &e));
	check(!take(w, &item, &next_s) && next_s == 1800000300);
	w->wall_ns += 300 * NS_PER_S;
	check(take(w, &item, &next_s));
	check(item.attempts == 1 && item.rcpts[0].fate == SPOOL_RELAYED);
	check(slice_same(item.rcpts[1].last_reply, S("450 4.2.0 later")));
	item.rcpts[1].fate = SPOOL_BOUNCED;
	check(spool_put_back(w->mail.spool, &item, &e));
	check(!take(w, &item, &next_s) && next_s == UINT64_MAX);
}

/* What was taken when the process ended is due again. */
static void test_restart(struct world *w)
{
	enum { ITEMS = 20 };
	struct error e = { .fault = FAULT_NONE };
	struct spool_item item, *items;
	struct spool_stats stats;
	struct id after = { { 0 } };
	uint64_t next_s;
	size_t count;

	for (unsigned i = 0; i < ITEMS; i++)
		check(world_deliver(w, "x@far.example", S("x\r\n")) == INTAKE_OK);
	check(take(w, &item, &next_s));
	check(take(w, &item, &next_s));
	item.is_held = true;
	check(spool_put_back(w->mail.spool, &item, &e));
	world_reopen(w);
	spool_stats_get(w->mail.spool, &stats);
	check(stats.waiting == ITEMS - 1 && stats.held == 1 && stats.taken == 0);
	for (unsigned i = 0; i < ITEMS; i += 5) {
		check(spool_list(w->mail.spool, after, 5, &w->arena, &items, &count, &e));
		check_row(count == 5, i);
		for (size_t k = 0; k < count; k++) {
			check_row(memcmp(&items[k].id, &after, sizeof after) > 0, i);
			after = items[k].id;
		}
	}
	check(spool_list(w->mail.spool, after, 5, &w->arena, &items, &count, &e) && count == 0);
}

static void test_wait(struct world *w)
{
	uint64_t now_ns = clock_mono_ns(&clock_real), seen = spool_news(w->mail.spool);

	spool_wait(w->mail.spool, seen, now_ns + NS_PER_MS);
	check(clock_mono_ns(&clock_real) >= now_ns + NS_PER_MS);
	/* Woken before it waits: it does not wait at all. */
	spool_wake(w->mail.spool);
	spool_wait(w->mail.spool, seen, UINT64_MAX);
}

enum { WAITERS = 3, LONG_NS = 60 * 1000 * 1000 * UINT64_C(1000) };

struct waiter {
	struct spool *spool;
	uint64_t seen, until_ns;
	bool was_woken;
	pthread_t thread;
};

static void *waiter_main(void *context)
{
	struct waiter *k = context;

	spool_wait(k->spool, k->seen, k->until_ns);
	k->was_woken = clock_mono_ns(&clock_real) < k->until_ns;
	return NULL;
}

/* One mail's arrival, or one wake, is for all workers of the spool. */
static void test_a_wake_is_for_all(struct world *w)
{
	struct waiter waiters[WAITERS];

	for (size_t i = 0; i < WAITERS; i++) {
		waiters[i] = (struct waiter){ .spool = w->mail.spool,
			.seen = spool_news(w->mail.spool),
			.until_ns = clock_mono_ns(&clock_real) + LONG_NS };
		check(pthread_create(&waiters[i].thread, NULL, waiter_main, &waiters[i]) == 0);
	}
	(void)usleep(20 * 1000); /* so that they wait; without it the test is only weaker */
	spool_wake(w->mail.spool);
	for (size_t i = 0; i < WAITERS; i++)
		check(pthread_join(waiters[i].thread, NULL) == 0 && waiters[i].was_woken);
}

struct counter {
	struct watcher watcher; /* first */
	unsigned count;
};

static void count_up(struct watcher *watcher)
{
	((struct counter *)(void *)watcher)->count++;
}

static void test_changes(struct world *w)
{
	struct counter a = { .watcher = { .wake = count_up } }, b = a, other = a;
	struct id alice;

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	alice = world_account_get(w, "alice@a.example").id;
	changes_watch(w->mail.changes, &a.watcher, alice);
	changes_watch(w->mail.changes, &b.watcher, alice);
	changes_watch(w->mail.changes, &other.watcher, id_new(&w->clock));
	check(world_deliver(w, "alice@a.example", S("x\r\n")) == INTAKE_OK);
	check(a.count == 1 && b.count == 1 && other.count == 0);
	changes_unwatch(w->mail.changes, &a.watcher);
	check(world_deliver(w, "alice@a.example", S("x\r\n")) == INTAKE_OK);
	check(a.count == 1 && b.count == 2);
	changes_unwatch(w->mail.changes, &b.watcher);
	changes_unwatch(w->mail.changes, &b.watcher);
	changes_unwatch(w->mail.changes, &other.watcher);
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "life", test_life, false },
		{ "restart", test_restart, true },
		{ "wait", test_wait, false },
		{ "a wake is for all", test_a_wake_is_for_all, false },
		{ "changes", test_changes, false },
	};

	return world_run("spool", tests, COUNT(tests));
}
