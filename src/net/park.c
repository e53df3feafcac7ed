/* SPDX-License-Identifier: MIT */
#include "net/park.h"

#include "base/lock.h"
#include "net/thread.h"
#include "net/timers.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	EVENTS_AT_ONCE = 64,
	SLEEP_S_MAX = 30, /* so that parking until a time further away need not kick the thread */
	FIRST_SLOTS = 64,
};
#define KICK UINT64_MAX /* the eventfd's name among the events */

struct slot {
	struct work *work; /* NULL: free */
	uint32_t generation;
	uint32_t next_free;
};

struct park {
	struct park_options options;
	int epoll_fd, kick_fd;
	pthread_t thread;
	struct lock lock;
	/* under lock: */
	struct timers timers;
	struct slot *slots;
	uint32_t slot_count, first_free; /* first_free == slot_count: none */
	struct park_stats stats;
	uint64_t sleeps_until_ns; /* what the thread last went to sleep for */
	bool is_draining, is_stopping;
};

static void kick(struct park *p)
{
	uint64_t one = 1;

	/* It can only fail when the counter is full, and then the thread wakes anyway. */
	if (write(p->kick_fd, &one, sizeof one) < 0)
		return;
}

/* The slots. */

static bool slots_grow(struct park *p)
{
	uint32_t count = p->slot_count == 0 ? FIRST_SLOTS : 2 * p->slot_count;
	struct slot *slots = realloc(p->slots, count * sizeof *slots);

	if (slots == NULL)
		return false;
	p->slots = slots;
	for (uint32_t i = p->slot_count; i < count; i++)
		slots[i] = (struct slot){ .next_free = i + 1 };
	p->first_free = p->slot_count;
	p->slot_count = count;
	return true;
}

bool park_reserve(struct park *p, struct work *w)
{
	HOLDING(&p->lock);
	if (!timers_reserve(&p->timers, p->stats.sessions + 1))
		return false;
	if (p->first_free == p->slot_count && !slots_grow(p))
		return false;
	w->slot = p->first_free;
	p->first_free = p->slots[w->slot].next_free;
	p->slots[w->slot].work = w;
	p->stats.sessions++;
	w->heap_at = 0;
	w->why = WAKE_NEW;
	w->state = WORK_QUEUED;
	w->is_woken = w->is_ready = w->is_watched = w->is_drain_told = false;
	return true;
}

void park_release(struct park *p, struct work *w)
{
	HOLDING(&p->lock);
	struct slot *slot = &p->slots[w->slot];

	invariant(slot->work == w && w->state != WORK_PARKED);
	slot->work = NULL;
	slot->generation++;
	slot->next_free = p->first_free;
	p->first_free = w->slot;
	p->stats.sessions--;
}

static uint64_t name_of(const struct park *p, const struct work *w)
{
	return (uint64_t)w->slot << 32 | p->slots[w->slot].generation;
}

static struct work *work_named(const struct park *p, uint64_t name)
{
	const struct slot *slot = &p->slots[name >> 32];

	return slot->generation == (uint32_t)name ? slot->work : NULL;
}

/* Parking. */

/* Only by whoever owns w: its worker before it parks, or the one who has just woken it. */
static bool watch(struct park *p, struct work *w, uint32_t events, uint64_t name)
{
	struct epoll_event wish = { .events = events | EPOLLONESHOT, .data = { .u64 = name } };
	int rc;

	if (w->fd < 0)
		return true;
	rc = epoll_ctl(p->epoll_fd, w->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, w->fd, &wish);
	w->is_watched = w->is_watched || rc == 0;
	return rc == 0;
}

static void disarm(struct park *p, struct work *w)
{
	if (w->fd >= 0 && w->is_watched)
		(void)epoll_ctl(p->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	w->is_watched = false;
}

enum wake park_begin(struct park *p, struct work *w)
{
	HOLDING(&p->lock);
	invariant(w->state == WORK_QUEUED);
	w->state = WORK_RUNNING;
	return w->why;
}

void park_yield(struct park *p, struct work *w)
{
	HOLDING(&p->lock);
	invariant(w->state == WORK_RUNNING);
	w->state = WORK_QUEUED;
	w->why = WAKE_NEW;
}

/* Under the lock: is there a reason not to park? */
static bool must_run_again(struct park *p, struct work *w)
{
	if (p->is_draining && !w->is_drain_told) {
		w->is_drain_told = true;
		w->why = WAKE_DRAIN;
		return true;
	}
	if (w->is_woken) {
		w->is_woken = false;
		w->why = WAKE_CALLED;
		return true;
	}
	if (w->is_ready) {
		w->why = WAKE_BYTES;
		return true;
	}
	return false;
}

/*
 * Arms first and takes the lock after: an event that comes in between finds the work running and
 * leaves is_ready behind, so it is not lost; and no system call is made under the lock.
 */
enum park_answer park_add(struct park *p, struct work *w)
{
	bool is_first, is_armed;
	uint64_t name;

	{
		HOLDING(&p->lock);
		invariant(w->state == WORK_RUNNING);
		w->is_ready = false; /* arming reports again what is still there */
		if (must_run_again(p, w))
			return PARK_AGAIN;
		name = name_of(p, w);
	}
	is_armed = watch(p, w, EPOLLIN | EPOLLRDHUP, name);
	if (!is_armed && errno == EPERM) {
		/* A plain file has always something to read. */
		w->why = WAKE_BYTES;
		return PARK_AGAIN;
	}
	{
		HOLDING(&p->lock);
		if (!is_armed) {
			p->stats.refused++;
			return PARK_REFUSED;
		}
		if (must_run_again(p, w))
			return PARK_AGAIN;
		w->state = WORK_PARKED;
		p->stats.parked++;
		if (w->park_until_ns != UINT64_MAX)
			timers_add(&p->timers, w);
		is_first = w->park_until_ns < p->sleeps_until_ns;
		if (is_first)
			p->sleeps_until_ns = w->park_until_ns; /* one kick is enough */
	}
	if (is_first)
		kick(p);
	return PARK_DONE;
}

/* Under the lock: from now on the caller owns w and must hand it to on_ready. */
static void unpark(struct park *p, struct work *w, enum wake why)
{
	invariant(w->state == WORK_PARKED);
	timers_remove(&p->timers, w);
	w->state = WORK_QUEUED;
	w->why = why;
	p->stats.parked--;
	p->stats.wakes++;
}

void park_wake(struct park *p, struct work *w)
{
	{
		HOLDING(&p->lock);
		if (w->state != WORK_PARKED) {
			w->is_woken = true;
			return;
		}
		unpark(p, w, WAKE_CALLED);
	}
	disarm(p, w);
	p->options.on_ready(p->options.context, w);
}

/* The thread. */

/* A hang-up with bytes before it: the bytes first. */
static bool has_bytes(int fd)
{
	int count = 0;

	return ioctl(fd, FIONREAD, &count) == 0 && count > 0;
}

static void on_event(struct park *p, const struct epoll_event *event)
{
	struct work *w;

	if (event->data.u64 == KICK) {
		uint64_t count;

		if (read(p->kick_fd, &count, sizeof count) < 0)
			return;
		return;
	}
	{
		HOLDING(&p->lock);
		w = work_named(p, event->data.u64);
		if (w == NULL)
			return;
		if (w->state != WORK_PARKED) {
			w->is_ready = true;
			return;
		}
		unpark(p, w, WAKE_BYTES);
	}
	/* One shot: the kernel has disarmed it. Nobody else touches w until it is queued. */
	if ((event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 && !has_bytes(w->fd))
		w->why = WAKE_GONE;
	p->options.on_ready(p->options.context, w);
}

static struct work *take_due(struct park *p, uint64_t now_ns)
{
	HOLDING(&p->lock);
	struct work *w = timers_take_due(&p->timers, now_ns);

	if (w != NULL)
		unpark(p, w, WAKE_TIMEOUT);
	return w;
}

static void wake_due(struct park *p)
{
	uint64_t now_ns = clock_mono_ns(p->options.clock);
	struct work *w;

	while ((w = take_due(p, now_ns)) != NULL) {
		disarm(p, w);
		p->options.on_ready(p->options.context, w);
	}
}

/* How long epoll may sleep; -1 ends the thread. */
static int sleep_ms(struct park *p)
{
	HOLDING(&p->lock);
	uint64_t now_ns = clock_mono_ns(p->options.clock), next_ns = timers_next_ns(&p->timers);

	if (p->is_stopping)
		return -1;
	if (next_ns > now_ns + SLEEP_S_MAX * NS_PER_S)
		next_ns = now_ns + SLEEP_S_MAX * NS_PER_S;
	p->sleeps_until_ns = next_ns;
	return next_ns > now_ns ? (int)((next_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

static void *park_main(void *context)
{
	struct park *p = context;
	struct epoll_event events[EVENTS_AT_ONCE];
	int wait_ms;

	thread_name("park");
	while ((wait_ms = sleep_ms(p)) >= 0) {
		int count = epoll_wait(p->epoll_fd, events, EVENTS_AT_ONCE, wait_ms);

		for (int i = 0; i < count; i++)
			on_event(p, &events[i]);
		wake_due(p);
	}
	return NULL;
}

/* Draining and the end. */

static struct work *take_for_drain(struct park *p, uint32_t *at)
{
	HOLDING(&p->lock);
	for (; *at < p->slot_count; (*at)++) {
		struct work *w = p->slots[*at].work;

		if (w == NULL || w->state != WORK_PARKED || w->is_drain_told)
			continue;
		w->is_drain_told = true;
		unpark(p, w, WAKE_DRAIN);
		return w;
	}
	return NULL;
}

void park_drain(struct park *p)
{
	struct work *w;
	uint32_t at = 0;

	{
		HOLDING(&p->lock);
		p->is_draining = true;
	}
	while ((w = take_for_drain(p, &at)) != NULL) {
		disarm(p, w);
		p->options.on_ready(p->options.context, w);
	}
}

bool park_is_draining(struct park *p)
{
	HOLDING(&p->lock);
	return p->is_draining;
}

void park_stats_get(struct park *p, struct park_stats *ret)
{
	HOLDING(&p->lock);
	*ret = p->stats;
}

/* A session in the table has not begun to end, so its descriptor is still its own. */
void park_break(struct park *p)
{
	HOLDING(&p->lock);
	for (uint32_t i = 0; i < p->slot_count; i++) {
		if (p->slots[i].work != NULL && p->slots[i].work->fd >= 0)
			(void)shutdown(p->slots[i].work->fd, SHUT_RDWR);
	}
}

void park_stop(struct park *p)
{
	{
		HOLDING(&p->lock);
		p->is_stopping = true;
	}
	kick(p);
	invariant(pthread_join(p->thread, NULL) == 0);
}

struct work *park_any(struct park *p, uint32_t *at)
{
	HOLDING(&p->lock);
	for (; *at < p->slot_count; (*at)++) {
		struct work *w = p->slots[*at].work;

		if (w == NULL)
			continue;
		if (w->state == WORK_PARKED)
			unpark(p, w, WAKE_GONE);
		return w;
	}
	return NULL;
}

void park_close(struct park *p)
{
	fd_close(&p->epoll_fd);
	fd_close(&p->kick_fd);
	timers_done(&p->timers);
	free(p->slots);
	lock_done(&p->lock);
	free(p);
}

static bool start_thread(struct park *p, struct error *e)
{
	struct epoll_event wish = { .events = EPOLLIN, .data = { .u64 = KICK } };

	if (p->epoll_fd < 0 || p->kick_fd < 0 ||
		epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, p->kick_fd, &wish) != 0)
		return fail(e, FAULT_LATER, "prepare to park sessions: %m");
	return thread_start(&p->thread, "park", THREAD_SMALL_STACK_BYTES, park_main, p, e);
}

bool park_open(const struct park_options *options, struct park **ret, struct error *e)
{
	struct park *p = calloc(1, sizeof *p);

	if (p == NULL)
		return fail(e, FAULT_LATER, "prepare to park sessions: %m");
	p->options = *options;
	lock_init(&p->lock, RANK_PARK);
	p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	p->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!start_thread(p, e)) {
		park_close(p);
		return false;
	}
	*ret = p;
	return true;
}
