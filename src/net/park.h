/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * park - keeps silent sessions without spending a thread on them.
 *
 * One thread sleeps in epoll for all of them, until the next timer. A work is armed one-shot, so the
 * kernel has already taken it out when an event arrives; all other wakers disarm it first. Events name
 * a slot and its generation, never a pointer: an event that was on its way when its session ended
 * finds the slot changed and is dropped.
 * Not here: threads that run sessions (pool.c). Private to net.
 * Threads: any. Reasons are delivered through on_ready, which only queues, and without a lock held.
 * Owns: nothing; memory for parking and waking is set aside by park_reserve, so neither can fail for
 * want of it.
 */
#include "net/pool.h"

struct park;
/* w->why says why. */
typedef void park_ready_fn(void *context, struct work *w);

struct park_options {
	const struct clock *clock;
	park_ready_fn *on_ready;
	void *context;
};

MUST_CHECK bool park_open(const struct park_options *options, struct park **ret, struct error *e);
/* Before the first step; false when there is no memory. */
MUST_CHECK bool park_reserve(struct park *p, struct work *w);
/* Before end(). */
void park_release(struct park *p, struct work *w);
/* A worker begins to run w: returns why. */
enum wake park_begin(struct park *p, struct work *w);
/* A worker puts w back at the end of the queue, for others' sake. */
void park_yield(struct park *p, struct work *w);
enum park_answer {
	PARK_DONE,    /* w belongs to park now */
	PARK_AGAIN,   /* there is something to do: run again with w->why */
	PARK_REFUSED, /* the kernel cannot watch one more: end it */
};
MUST_CHECK enum park_answer park_add(struct park *p, struct work *w);
void park_wake(struct park *p, struct work *w);
/* Wakes all parked, and each later one once. */
void park_drain(struct park *p);
bool park_is_draining(struct park *p);

struct park_stats {
	uint64_t sessions, parked, wakes, refused;
};
void park_stats_get(struct park *p, struct park_stats *ret);
/* Shuts the descriptors of all sessions down, so that a step that waits for its peer ends. */
void park_break(struct park *p);
void park_stop(struct park *p); /* ends the thread */
/* After that: the sessions left, one a call, for the caller to end. *at starts with 0. */
struct work *park_any(struct park *p, uint32_t *at);
void park_close(struct park *p);
