/* SPDX-License-Identifier: MIT */
/*
 * The races of parking: sessions get bytes, are woken, time out and end, all at once, from several
 * threads, also in the very moment in which they park. No byte and no wake may be lost.
 */
#include "net/pool.h"

#include "base/lock.h"
#include "net_check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

enum {
	SEATS = 400, /* sessions at a time */
	WRITERS = 2,
	WAKERS = 2,
	ROUNDS = 15000, /* bytes or wakes of each thread */
	LIVES = 6000,   /* sessions over all */
};

struct guest {
	struct work work;
	size_t seat;
	unsigned rounds;
	uint64_t wakes_seen;
};

static struct lock seats_lock = LOCK_INIT(RANK_CHANGES);
/* under seats_lock: */
static struct seat {
	struct guest *guest; /* from its first step to its end */
	int far;
	uint64_t wakes_asked, bytes_sent, bytes_seen;
} seats[SEATS];
static unsigned lives, gone_wrong;

static struct pool *pool;
static atomic_bool is_quiet; /* nobody leaves any more, nobody has a deadline */
static atomic_bool is_over;  /* nobody comes any more */

static void seat_fill(size_t at);

static void guest_end(struct work *w)
{
	struct guest *g = (struct guest *)w;
	size_t at = g->seat;

	{
		HOLDING(&seats_lock);
		gone_wrong += seats[at].guest != g;
		seats[at].guest = NULL;
		fd_close(&seats[at].far);
		fd_close(&g->work.fd);
		free(g);
	}
	if (!atomic_load(&is_over))
		seat_fill(at);
}

static void guest_read(struct guest *g, struct seat *seat)
{
	char room[64];
	ssize_t count;

	while ((count = recv(g->work.fd, room, sizeof room, MSG_DONTWAIT)) > 0)
		seat->bytes_seen += (uint64_t)count;
}

static enum next guest_step(struct work *w, enum wake why)
{
	struct guest *g = (struct guest *)w;
	uint32_t dice;

	HOLDING(&seats_lock);
	struct seat *seat = &seats[g->seat];

	if (why == WAKE_DRAIN)
		return NEXT_CLOSE;
	gone_wrong += why == WAKE_GONE;
	seat->guest = g;
	guest_read(g, seat);
	g->wakes_seen = seat->wakes_asked;
	dice = (uint32_t)(g->seat * 2654435761u + ++g->rounds * 40503u) >> 7;
	if (!atomic_load(&is_quiet) && g->rounds > 4 && dice % 4 == 0 && lives < LIVES)
		return NEXT_CLOSE;
	if (dice % 5 == 0 && g->rounds % 2 == 0)
		return NEXT_AGAIN;
	w->park_until_ns = UINT64_MAX;
	if (dice % 3 == 0 && !atomic_load(&is_quiet))
		w->park_until_ns = clock_mono_ns(&clock_real) + dice % 1500 * NS_PER_US;
	return NEXT_PARK;
}

static void seat_fill(size_t at)
{
	struct guest *g = calloc(1, sizeof *g);
	int ends[2];

	check(g != NULL && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	g->work = (struct work){ .step = guest_step, .end = guest_end, .fd = ends[0] };
	g->seat = at;
	{
		HOLDING(&seats_lock);
		seats[at] = (struct seat){ .far = ends[1] };
		lives++;
	}
	pool_add(pool, &g->work);
}

struct disturber {
	pthread_t thread;
	uint32_t random;
	bool is_writer;
};

/* Sends a byte to a guest, or wakes it: under the lock that its end needs, so it still exists. */
static void disturb(struct disturber *d)
{
	HOLDING(&seats_lock);
	struct seat *seat = &seats[(d->random >> 8) % SEATS];

	if (seat->guest == NULL)
		return;
	if (!d->is_writer) {
		seat->wakes_asked++;
		pool_wake(pool, &seat->guest->work);
	} else if (send(seat->far, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) {
		seat->bytes_sent++;
	}
}

static void *disturb_main(void *context)
{
	struct disturber *d = context;

	for (size_t i = 0; i < ROUNDS; i++) {
		d->random = d->random * 1664525u + 1013904223u;
		disturb(d);
		if (i % 64 == 0)
			(void)usleep(200); /* so that some get to park */
	}
	return NULL;
}

static size_t unserved_count(void)
{
	size_t count = 0;

	HOLDING(&seats_lock);
	for (size_t i = 0; i < SEATS; i++) {
		const struct seat *seat = &seats[i];

		count += seat->guest == NULL || seat->guest->wakes_seen != seat->wakes_asked ||
			 seat->bytes_seen != seat->bytes_sent;
	}
	return count;
}

static void wait_for_calm(void)
{
	struct pool_stats stats;
	uint64_t until_ns = in_time();

	do {
		(void)usleep(2000);
		pool_stats_get(pool, &stats);
	} while ((unserved_count() > 0 || stats.parked < SEATS) &&
		 clock_mono_ns(&clock_real) < until_ns);
	check(unserved_count() == 0);
	check(stats.parked == SEATS && stats.sessions == SEATS && stats.queued == 0);
	check(stats.refused == 0 && stats.wakes > SEATS);
}

/* Guests whose time is up still move. */
static bool nothing_is_wrong(void)
{
	HOLDING(&seats_lock);
	return gone_wrong == 0 && lives > 2 * SEATS;
}

static void test_races(void **state)
{
	struct disturber disturbers[WRITERS + WAKERS];
	struct pool_options options = { .worker_max = 4, .idle_worker_ms = 5 };
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	check(pool_start(&options, &pool, &e));
	for (size_t i = 0; i < SEATS; i++)
		seat_fill(i);
	for (size_t i = 0; i < COUNT(disturbers); i++) {
		disturbers[i] =
			(struct disturber){ .random = (uint32_t)i, .is_writer = i < WRITERS };
		check(pthread_create(&disturbers[i].thread, NULL, disturb_main, &disturbers[i]) ==
			0);
	}
	for (size_t i = 0; i < COUNT(disturbers); i++)
		check(pthread_join(disturbers[i].thread, NULL) == 0);
	atomic_store(&is_quiet, true);
	wait_for_calm();
	check(nothing_is_wrong());
	atomic_store(&is_over, true);
	check(pool_drain(pool, in_time()) == 0);
	pool_stop(pool);
	check(gone_wrong == 0);
}

static int set_up(void **state)
{
	struct rlimit files;

	(void)state;
	check(getrlimit(RLIMIT_NOFILE, &files) == 0);
	files.rlim_cur = files.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &files);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_races) };

	return cmocka_run_group_tests(tests, set_up, NULL);
}
