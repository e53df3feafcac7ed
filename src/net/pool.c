/* SPDX-License-Identifier: MIT */
#include "net/pool.h"

#include "base/limits.h"
#include "base/lock.h"
#include "net/park.h"
#include "net/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
	IDLE_WORKER_MS_DEFAULT = 5000, /* a thread costs 30 us to start and some pages to keep */
	STEPS_PER_TURN = 32, /* then a session makes room for those that wait for a thread */
};

struct worker {
	struct pool *pool;
	pthread_t thread;
	struct signal call;
	/* under the pool's lock: */
	struct worker *next; /* among the idle, or among the ended */
	bool is_idle, is_busy;
};

struct pool {
	struct pool_options options;
	struct park *park;
	atomic_bool is_stopping;
	atomic_uint_fast64_t steps;
	struct lock lock;
	struct signal changed; /* fewer sessions or workers */
	/* under lock: */
	struct work *first, *last;
	uint64_t queued, sessions, refused;
	unsigned workers, busy;
	unsigned waiting; /* workers that wait for their peer to read */
	/* the last to become idle is the first to be called: the others may end */
	struct worker *idle;
	struct worker *ended; /* threads to join */
};

/* The queue. */

static void queue_put(struct pool *p, struct work *w)
{
	w->next = NULL;
	if (p->last == NULL)
		p->first = w;
	else
		p->last->next = w;
	p->last = w;
	p->queued++;
}

static struct work *queue_take(struct pool *p)
{
	struct work *w = p->first;

	if (w == NULL)
		return NULL;
	p->first = w->next;
	if (p->first == NULL)
		p->last = NULL;
	p->queued--;
	return w;
}

/* Workers. */

static void *worker_main(void *context);

static void worker_free(struct worker *k)
{
	signal_done(&k->call);
	free(k);
}

/* The worker is counted already. */
static bool worker_start(struct pool *p, struct error *e)
{
	struct worker *k = calloc(1, sizeof *k);

	if (k != NULL) {
		k->pool = p;
		signal_init(&k->call);
		if (thread_start(&k->thread, "worker", LIMIT_STACK_BYTES, worker_main, k, e))
			return true;
		worker_free(k);
	} else {
		(void)fail(e, FAULT_LATER, "start a thread: %m");
	}
	HOLDING(&p->lock);
	p->workers--;
	signal_all(&p->changed);
	return false;
}

/* How many there may be now; the lock is held. */
static unsigned workers_allowed(const struct pool *p)
{
	unsigned more = p->waiting < LIMIT_WAITING_WORKERS ? p->waiting : LIMIT_WAITING_WORKERS;

	return p->options.worker_max + more;
}

static void call_idle(struct pool *p)
{
	struct worker *k = p->idle;

	p->idle = k->next;
	k->is_idle = false;
	signal_one(&k->call);
}

/* One more work is in the queue; the lock is held. True when a thread should be started for it. */
static bool find_worker(struct pool *p)
{
	if (atomic_load(&p->is_stopping))
		return false;
	if (p->idle != NULL) {
		call_idle(p);
		return false;
	}
	if (p->workers >= workers_allowed(p))
		return false;
	p->workers++;
	return true;
}

static void on_ready(void *context, struct work *w)
{
	struct pool *p = context;
	struct error e = { .fault = FAULT_NONE };
	bool is_start;

	{
		HOLDING(&p->lock);
		queue_put(p, w);
		is_start = find_worker(p);
	}
	/* Without a new thread the work waits for one of the others: one always stays. */
	if (is_start && !worker_start(p, &e))
		error_clear(&e);
}

static void stop_being_idle(struct pool *p, struct worker *k)
{
	struct worker **at = &p->idle;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	k->is_idle = false;
}

/* Sleeps until called; the lock is held. False: nobody called for a long time, and others stay. */
static bool wait_for_call(struct pool *p, struct worker *k)
{
	uint64_t wait_ns = p->options.idle_worker_ms * NS_PER_MS;
	uint64_t until_ns = p->workers == 1 ? UINT64_MAX : clock_mono_ns(&clock_real) + wait_ns;

	k->next = p->idle;
	k->is_idle = true;
	p->idle = k;
	while (k->is_idle) {
		if (signal_wait(&k->call, &p->lock, until_ns) || !k->is_idle)
			continue;
		stop_being_idle(p, k);
		return p->workers == 1;
	}
	return true;
}

/* Leaves its own thread for the next one that ends to join; the lock is held. */
static struct worker *leave(struct pool *p, struct worker *k)
{
	struct worker *earlier = p->ended;

	k->next = NULL;
	p->ended = k;
	p->workers--;
	signal_all(&p->changed);
	return earlier;
}

/*
 * The next work for this worker, or NULL when it shall end: then it is counted out already, so that
 * nobody waits for it, and *ret_ended is what it has to join.
 */
static struct work *next_work(struct pool *p, struct worker *k, struct worker **ret_ended)
{
	HOLDING(&p->lock);
	if (k->is_busy)
		p->busy--;
	k->is_busy = false;
	/* Those that came while others waited for their peers leave again. */
	if (p->workers > workers_allowed(p)) {
		*ret_ended = leave(p, k);
		return NULL;
	}
	do {
		struct work *w = atomic_load(&p->is_stopping) ? NULL : queue_take(p);

		if (w != NULL) {
			p->busy++;
			k->is_busy = true;
			return w;
		}
	} while (!atomic_load(&p->is_stopping) && wait_for_call(p, k));
	*ret_ended = leave(p, k);
	return NULL;
}

static void work_end(struct pool *p, struct work *w)
{
	park_release(p->park, w);
	w->end(w);
	HOLDING(&p->lock);
	if (--p->sessions == 0)
		signal_all(&p->changed);
}

/* What becomes of w after a step. True: run it again, because of *why. */
static bool goes_on(struct pool *p, struct work *w, enum next next, unsigned steps, enum wake *why)
{
	*why = WAKE_NEW;
	if (next == NEXT_CLOSE || atomic_load(&p->is_stopping)) {
		work_end(p, w);
		return false;
	}
	if (next == NEXT_AGAIN) {
		if (steps % STEPS_PER_TURN != 0 || !pool_is_crowded(p))
			return true;
		park_yield(p->park, w);
		on_ready(p, w);
		return false;
	}
	switch (park_add(p->park, w)) {
	case PARK_AGAIN:
		*why = w->why;
		return true;
	case PARK_REFUSED:
		work_end(p, w);
		return false;
	case PARK_DONE:
		break; /* w may be gone already */
	}
	return false;
}

/* Runs w until it parks, ends, or had its turn. */
static void run(struct pool *p, struct work *w)
{
	enum wake why = park_begin(p->park, w);
	unsigned steps = 0;
	enum next next;

	do {
		next = w->step(w, why);
		(void)atomic_fetch_add_explicit(&p->steps, 1, memory_order_relaxed);
	} while (goes_on(p, w, next, ++steps, &why));
}

static void join_all(struct worker *ended)
{
	while (ended != NULL) {
		struct worker *k = ended;

		ended = k->next;
		invariant(pthread_join(k->thread, NULL) == 0);
		worker_free(k);
	}
}

static void *worker_main(void *context)
{
	struct worker *k = context, *ended = NULL;
	struct pool *p = k->pool;
	struct work *w;

	thread_name("worker");
	while ((w = next_work(p, k, &ended)) != NULL)
		run(p, w);
	join_all(ended);
	return NULL;
}

/* What others call. */

void pool_add(struct pool *p, struct work *w)
{
	w->pool = p;
	if (!park_reserve(p->park, w)) {
		w->end(w);
		HOLDING(&p->lock);
		p->refused++;
		return;
	}
	{
		HOLDING(&p->lock);
		p->sessions++;
	}
	on_ready(p, w);
}

void pool_wake(struct pool *p, struct work *w)
{
	park_wake(p->park, w);
}

bool pool_is_draining(struct pool *p)
{
	return park_is_draining(p->park);
}

bool pool_is_crowded(struct pool *p)
{
	HOLDING(&p->lock);
	return p->queued > 0 && p->idle == NULL && p->workers >= workers_allowed(p);
}

void pool_wait_begin(struct pool *p)
{
	struct error e = { .fault = FAULT_NONE };
	bool is_start;

	{
		HOLDING(&p->lock);
		p->waiting++;
		is_start = p->queued > 0 && find_worker(p);
	}
	if (is_start && !worker_start(p, &e))
		error_clear(&e);
}

void pool_wait_end(struct pool *p)
{
	HOLDING(&p->lock);
	p->waiting--;
}

uint64_t pool_drain(struct pool *p, uint64_t until_ns)
{
	park_drain(p->park);
	HOLDING(&p->lock);
	while (p->sessions > 0 && signal_wait(&p->changed, &p->lock, until_ns)) {}
	return p->sessions;
}

void pool_stats_get(struct pool *p, struct pool_stats *ret)
{
	struct park_stats parked;

	park_stats_get(p->park, &parked);
	HOLDING(&p->lock);
	*ret = (struct pool_stats){ .workers = p->workers,
		.busy = p->busy,
		.sessions = p->sessions,
		.parked = parked.parked,
		.queued = p->queued,
		.steps = atomic_load(&p->steps),
		.wakes = parked.wakes,
		.refused = p->refused + parked.refused };
}

static void pool_free(struct pool *p)
{
	park_close(p->park);
	signal_done(&p->changed);
	lock_done(&p->lock);
	free(p);
}

static struct worker *stop_workers(struct pool *p)
{
	HOLDING(&p->lock);
	while (p->idle != NULL)
		call_idle(p);
	while (p->workers > 0)
		(void)signal_wait(&p->changed, &p->lock, UINT64_MAX);
	return p->ended;
}

void pool_stop(struct pool *p)
{
	struct work *w;
	uint32_t at = 0;

	atomic_store(&p->is_stopping, true);
	park_break(p->park);
	join_all(stop_workers(p));
	park_stop(p->park);
	while ((w = park_any(p->park, &at)) != NULL)
		work_end(p, w);
	pool_free(p);
}

bool pool_start(const struct pool_options *options, struct pool **ret, struct error *e)
{
	struct pool *p = calloc(1, sizeof *p);
	struct park_options parking = { .context = p, .on_ready = on_ready };

	if (p == NULL)
		return fail(e, FAULT_LATER, "start the thread pool: %m");
	p->options = *options;
	if (p->options.worker_max == 0)
		p->options.worker_max = LIMIT_WORKERS_DEFAULT;
	if (p->options.idle_worker_ms == 0)
		p->options.idle_worker_ms = IDLE_WORKER_MS_DEFAULT;
	parking.clock = options->clock == NULL ? &clock_real : options->clock;
	lock_init(&p->lock, RANK_POOL);
	signal_init(&p->changed);
	if (!park_open(&parking, &p->park, e)) {
		signal_done(&p->changed);
		lock_done(&p->lock);
		free(p);
		return false;
	}
	p->workers = 1;
	if (worker_start(p, e)) {
		*ret = p;
		return true;
	}
	park_stop(p->park);
	pool_free(p);
	return false;
}
