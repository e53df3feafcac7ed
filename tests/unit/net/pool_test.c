/* SPDX-License-Identifier: MIT */
#include "net/pool.h"

#include "base/lock.h"
#include "net_check.h"

#include <sys/resource.h>

/* A session that does what its script says: one letter a step, the last one again and again. */
struct actor {
	struct work work;
	int far;
	const char *script; /* A again, P park, C close, B park but with a deadline in 20 ms */
	char seen[40];      /* why each step ran: N B G T C D */
	/* under actors_lock: */
	size_t steps;
	bool is_ended;
};

static struct lock actors_lock = LOCK_INIT(RANK_CHANGES);
static struct pool *pool;

static enum next actor_step(struct work *w, enum wake why)
{
	struct actor *a = (struct actor *)w;
	char byte, act;

	HOLDING(&actors_lock);
	check(a->steps + 1 < sizeof a->seen);
	a->seen[a->steps] = "NBGTCD"[why];
	act = a->script[a->steps < strlen(a->script) ? a->steps : strlen(a->script) - 1];
	a->steps++;
	if (why == WAKE_BYTES && recv(w->fd, &byte, 1, MSG_DONTWAIT) == 0)
		a->seen[a->steps - 1] = 'G'; /* left in the moment of parking: reading says so */
	w->park_until_ns = act == 'B' ? in_ms(20) : in_time();
	switch (act) {
	case 'A':
		return NEXT_AGAIN;
	case 'C':
		return NEXT_CLOSE;
	default:
		return NEXT_PARK;
	}
}

static void actor_end(struct work *w)
{
	struct actor *a = (struct actor *)w;

	fd_close(&w->fd);
	HOLDING(&actors_lock);
	a->is_ended = true;
}

static struct actor actor_with(const char *script)
{
	struct actor a = { .work = { .step = actor_step, .end = actor_end, .fd = -1 },
		.far = -1,
		.script = script };
	int ends[2];

	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	a.work.fd = ends[0];
	a.far = ends[1];
	return a;
}

static bool has_ended(struct actor *a)
{
	HOLDING(&actors_lock);
	return a->is_ended;
}

static size_t steps_of(struct actor *a)
{
	HOLDING(&actors_lock);
	return a->steps;
}

static void wait_steps(struct actor *a, size_t steps)
{
	uint64_t until_ns = in_time();

	while (steps_of(a) < steps && clock_mono_ns(&clock_real) < until_ns)
		(void)usleep(500);
	check_row(steps_of(a) >= steps, steps);
}

static void wait_parked(uint64_t count)
{
	struct pool_stats stats;
	uint64_t until_ns = in_time();

	do {
		pool_stats_get(pool, &stats);
	} while (
		stats.parked != count && clock_mono_ns(&clock_real) < until_ns && usleep(500) == 0);
	check(stats.parked == count);
}

static void wait_ended(struct actor *a)
{
	uint64_t until_ns = in_time();

	while (!has_ended(a) && clock_mono_ns(&clock_real) < until_ns)
		(void)usleep(500);
	check(has_ended(a));
	fd_close(&a->far);
}

static void start(unsigned worker_max, unsigned idle_ms)
{
	struct pool_options options = { .worker_max = worker_max, .idle_worker_ms = idle_ms };
	struct error e = { .fault = FAULT_NONE };

	check(pool_start(&options, &pool, &e));
}

static void test_reasons(void **state)
{
	struct actor a = actor_with("APPBPC");

	(void)state;
	start(2, 0);
	pool_add(pool, &a.work);
	wait_parked(1);
	feed(a.far, S("x"));
	wait_steps(&a, 3);
	wait_parked(1);
	pool_wake(pool, &a.work);
	wait_steps(&a, 4); /* the fourth parks for 20 ms only */
	wait_steps(&a, 5);
	wait_parked(1);
	fd_close(&a.far);
	wait_ended(&a);
	pool_stop(pool);
	check(strcmp(a.seen, "NNBCTG") == 0);
}

/* The peer's last bytes come before its leaving. */
static void test_bytes_before_gone(void **state)
{
	struct actor a = actor_with("PPC");

	(void)state;
	start(1, 0);
	feed(a.far, S("x"));
	fd_close(&a.far);
	pool_add(pool, &a.work);
	wait_ended(&a);
	pool_stop(pool);
	check(strcmp(a.seen, "NBG") == 0);
}

/* No descriptor: only time and pool_wake. */
static void test_without_descriptor(void **state)
{
	struct actor a = actor_with("BPC");

	(void)state;
	fd_close(&a.work.fd);
	start(1, 0);
	pool_add(pool, &a.work);
	wait_steps(&a, 2);
	wait_parked(1);
	pool_wake(pool, &a.work);
	wait_ended(&a);
	pool_stop(pool);
	check(strcmp(a.seen, "NTC") == 0);
}

static void test_drain(void **state)
{
	enum { SESSIONS = 200 };
	static struct actor actors[SESSIONS], stubborn;
	struct pool_stats stats;

	(void)state;
	start(4, 0);
	stubborn = actor_with("P");
	pool_add(pool, &stubborn.work);
	for (size_t i = 0; i < SESSIONS; i++) {
		actors[i] = actor_with("PC");
		pool_add(pool, &actors[i].work);
	}
	wait_parked(SESSIONS + 1);
	check(!pool_is_draining(pool) && pool_drain(pool, in_ms(100)) == 1);
	check(pool_is_draining(pool));
	for (size_t i = 0; i < SESSIONS; i++) {
		wait_ended(&actors[i]);
		check_row(strcmp(actors[i].seen, "ND") == 0, i);
	}
	/* It was told once, parked again, and is not told a second time. */
	wait_parked(1);
	pool_stats_get(pool, &stats);
	check(stats.sessions == 1 && stats.queued == 0 && stats.refused == 0);
	actors[0] = actor_with("PC"); /* one that comes later is told as soon as it wants to park */
	pool_add(pool, &actors[0].work);
	wait_ended(&actors[0]);
	check(strcmp(actors[0].seen, "ND") == 0);
	pool_stop(pool);
	check(stubborn.is_ended && strcmp(stubborn.seen, "ND") == 0);
	fd_close(&stubborn.far);
}

/* Works that wait for a thread, works that are parked and one that blocks in its read: all end. */
static enum next blocking_step(struct work *w, enum wake why)
{
	char byte;

	(void)why;
	{
		HOLDING(&actors_lock);
		((struct actor *)w)->steps++;
	}
	return read(w->fd, &byte, 1) > 0 ? NEXT_AGAIN : NEXT_CLOSE;
}

static void test_stop(void **state)
{
	enum { SESSIONS = 50 };
	static struct actor actors[SESSIONS];

	(void)state;
	start(2, 0);
	for (size_t i = 0; i < SESSIONS; i++) {
		actors[i] = actor_with("P");
		if (i >= SESSIONS / 2)
			actors[i].work.step = blocking_step;
		pool_add(pool, &actors[i].work);
	}
	wait_steps(&actors[SESSIONS / 2], 1);
	pool_stop(pool);
	for (size_t i = 0; i < SESSIONS; i++) {
		check_row(actors[i].is_ended, i);
		fd_close(&actors[i].far);
	}
}

/* Threads come with the work and leave without it; one stays. */
static void test_workers(void **state)
{
	enum { SESSIONS = 8 };
	static struct actor actors[SESSIONS];
	struct pool_stats stats;

	(void)state;
	start(4, 20);
	for (size_t i = 0; i < SESSIONS; i++) {
		actors[i] = actor_with("C");
		actors[i].work.step = blocking_step;
		pool_add(pool, &actors[i].work);
	}
	for (size_t i = 0; i < 4; i++)
		wait_steps(&actors[i], 1);
	pool_stats_get(pool, &stats);
	check(stats.workers == 4 && stats.busy == 4 && stats.queued == 4 && stats.sessions == 8);
	check(pool_is_crowded(pool));
	for (size_t i = 0; i < SESSIONS; i++)
		(void)shutdown(actors[i].far, SHUT_RDWR);
	for (size_t i = 0; i < SESSIONS; i++)
		wait_ended(&actors[i]);
	pool_stop(pool);
}

static void wait_workers(unsigned count)
{
	struct pool_stats stats;
	uint64_t until_ns = in_time();

	do {
		(void)usleep(1000);
		pool_stats_get(pool, &stats);
	} while (stats.workers != count && clock_mono_ns(&clock_real) < until_ns);
	check(stats.workers == count);
}

/* A thousand silent sessions cost no thread. */
static void test_parked_cost_no_thread(void **state)
{
	enum { SESSIONS = 1000 };
	static struct actor actors[SESSIONS];
	struct rlimit files;

	(void)state;
	check(getrlimit(RLIMIT_NOFILE, &files) == 0);
	files.rlim_cur = files.rlim_max;
	check(setrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur >= 2 * SESSIONS + 50);
	start(8, 20);
	for (size_t i = 0; i < SESSIONS; i++) {
		actors[i] = actor_with("PC");
		pool_add(pool, &actors[i].work);
	}
	wait_parked(SESSIONS);
	wait_workers(1);
	for (size_t i = 0; i < SESSIONS; i++)
		feed(actors[i].far, S("x"));
	for (size_t i = 0; i < SESSIONS; i++) {
		wait_ended(&actors[i]);
		check_row(strcmp(actors[i].seen, "NB") == 0, i);
	}
	pool_stop(pool);
}

static void test_workers_leave(void **state)
{
	enum { SESSIONS = 40 };
	static struct actor actors[SESSIONS];
	struct pool_stats stats;

	(void)state;
	start(8, 20);
	for (size_t i = 0; i < SESSIONS; i++) {
		actors[i] = actor_with("AAC");
		pool_add(pool, &actors[i].work);
	}
	for (size_t i = 0; i < SESSIONS; i++)
		wait_ended(&actors[i]);
	wait_workers(1);
	pool_stats_get(pool, &stats);
	check(stats.sessions == 0 && stats.steps == 3 * SESSIONS);
	pool_stop(pool);
}

/* Writes to somebody who does not read, until he leaves. */
static enum next waiting_step(struct work *w, enum wake why)
{
	enum next next;

	pool_wait_begin(w->pool);
	next = blocking_step(w, why);
	pool_wait_end(w->pool);
	return next;
}

/* One thread, and sessions that wait for their peers: others run all the same, and afterwards there is one thread again. */
static void test_waiting(void **state)
{
	enum { SESSIONS = 5 };
	static struct actor slow[SESSIONS];
	struct actor quick = actor_with("AAC");
	struct pool_stats stats;

	(void)state;
	start(1, 20);
	for (size_t i = 0; i < SESSIONS; i++) {
		slow[i] = actor_with("C");
		slow[i].work.step = waiting_step;
		pool_add(pool, &slow[i].work);
	}
	for (size_t i = 0; i < SESSIONS; i++)
		wait_steps(&slow[i], 1);
	pool_add(pool, &quick.work);
	wait_ended(&quick);
	check(!pool_is_crowded(pool));
	pool_stats_get(pool, &stats);
	check(stats.busy >= SESSIONS && stats.workers <= SESSIONS + 1);
	for (size_t i = 0; i < SESSIONS; i++)
		(void)shutdown(slow[i].far, SHUT_RDWR);
	for (size_t i = 0; i < SESSIONS; i++)
		wait_ended(&slow[i]);
	wait_workers(1);
	pool_stop(pool);
}

/* One thread, one session that always has more to do: the other gets its turn. */
static void test_fairness(void **state)
{
	struct actor greedy = actor_with("A"), modest = actor_with("C");

	(void)state;
	/* 35 times; a turn has 32. */
	greedy.script = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP";
	start(1, 0);
	pool_add(pool, &greedy.work);
	pool_add(pool, &modest.work);
	wait_ended(&modest);
	wait_steps(&greedy, 36);
	pool_stop(pool);
	fd_close(&greedy.far);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_bytes_before_gone),
		cmocka_unit_test(test_without_descriptor),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_workers),
		cmocka_unit_test(test_workers_leave),
		cmocka_unit_test(test_parked_cost_no_thread),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_fairness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
