/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * pool - runs sessions on worker threads, and parks the silent ones.
 *
 * A `struct work` is the part of a session that net needs; it stands first in the session's struct.
 * A worker calls work->step() again and again while it answers NEXT_AGAIN. After NEXT_PARK the work
 * costs no thread: epoll holds its descriptor (park.c) until bytes come, the peer leaves, `park_until_ns`
 * passes or somebody calls pool_wake(); then step runs again with that reason. After NEXT_CLOSE the
 * worker calls work->end(), which frees the session.
 *
 *     accept --> queue --> worker: step, step, ... --PARK--> epoll
 *                  ^                                           |
 *                  +---- bytes | gone | timeout | woken -------+
 *
 * Whoever wakes takes the descriptor out of epoll first, then queues; memory for waking is part of the
 * work, so waking cannot fail. A wake that races with parking is kept as a flag and never lost.
 * Threads: the pool grows on demand up to `worker_max`, beside those that wait for a peer, and shrinks when idle;
 * more ready sessions wait in the queue, first come first served. Stacks are LIMIT_STACK_BYTES.
 * Owns: nothing; a work belongs to the worker that runs it, or to the pool while queued or parked.
 */
#include "base/clock.h"
#include "base/error.h"

#include <stdint.h>

struct pool;
struct work;

enum next { NEXT_AGAIN, NEXT_PARK, NEXT_CLOSE };
enum wake { WAKE_NEW, WAKE_BYTES, WAKE_GONE, WAKE_TIMEOUT, WAKE_CALLED, WAKE_DRAIN };
/* WAKE_NEW on the first call and after NEXT_AGAIN. WAKE_DRAIN, once: the server stops; say goodbye.
 * Any reason may come without cause (a wake that raced with another): look, and park again. */

struct work {
	enum next (*step)(struct work *w, enum wake why);
	void (*end)(struct work *w);
	int fd;                 /* to watch while parked; -1: only time and pool_wake */
	uint64_t park_until_ns; /* set before returning NEXT_PARK */
	/* The pool's: */
	struct pool *pool;
	struct work *next;
	size_t heap_at; /* place among the timers; 0 is none */
	uint32_t slot;  /* place in the table of works, which epoll's events name */
	enum wake why;
	enum { WORK_RUNNING, WORK_QUEUED, WORK_PARKED } state;
	bool is_woken;   /* while not parked: run once more instead of parking */
	bool is_ready;   /* likewise, because bytes came between arming and parking */
	bool is_watched; /* epoll knows the descriptor (maybe disarmed) */
	bool is_drain_told;
};

struct pool_options {
	unsigned worker_max;
	unsigned idle_worker_ms; /* a worker without work ends after this; 0 is the default */
	const struct clock *clock;
};

struct pool_stats {
	uint64_t workers, busy;            /* threads, and those that run a session now */
	uint64_t sessions, parked, queued; /* now: all, without a thread, waiting for a thread */
	uint64_t steps, wakes;             /* since the start; wakes are ends of parking */
	uint64_t refused; /* sessions ended for want of memory or of room in the kernel's epoll */
};

MUST_CHECK bool pool_start(const struct pool_options *options, struct pool **ret, struct error *e);
/* Queues a new session. Takes it. */
void pool_add(struct pool *p, struct work *w);
/* Makes a parked work run again (WAKE_CALLED); a running one runs once more before it parks. The caller
 * must know that the work still exists (it holds the lock under which the work's end() unregisters). */
void pool_wake(struct pool *p, struct work *w);
/* Wakes every parked session with WAKE_DRAIN, and gives WAKE_DRAIN to every later park; waits until no
 * session is left or until_ns. Returns how many were still there. */
uint64_t pool_drain(struct pool *p, uint64_t until_ns);
bool pool_is_draining(struct pool *p);
/* The work on this thread waits for its peer, and then does no longer: meanwhile another session may have a thread more. Up to
 * LIMIT_WAITING_WORKERS threads beyond worker_max come of it; each holds what its session is about to send, under half a MiB. */
void pool_wait_begin(struct pool *p);
void pool_wait_end(struct pool *p);
/* More sessions are ready than threads to run them: a silent session better parks at once. */
bool pool_is_crowded(struct pool *p);
/* Breaks what still runs (shuts its descriptor down), ends all threads, ends every session left. */
void pool_stop(struct pool *p);
void pool_stats_get(struct pool *p, struct pool_stats *ret);
