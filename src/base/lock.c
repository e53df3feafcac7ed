/* SPDX-License-Identifier: MIT */
#include "base/lock.h"

#include <errno.h>
#include <time.h>

static _Thread_local enum lock_rank rank_held;

void lock_init(struct lock *lock, enum lock_rank rank)
{
	invariant(pthread_mutex_init(&lock->raw, NULL) == 0);
	lock->rank = rank;
}

void lock_done(struct lock *lock)
{
	invariant(pthread_mutex_destroy(&lock->raw) == 0);
}

struct lock_hold lock_enter(struct lock *lock)
{
	struct lock_hold hold = { lock, rank_held };

	invariant(lock->rank > rank_held);
	invariant(pthread_mutex_lock(&lock->raw) == 0);
	rank_held = lock->rank;
	return hold;
}

void lock_leave(struct lock_hold *hold)
{
	rank_held = hold->before;
	invariant(pthread_mutex_unlock(&hold->lock->raw) == 0);
}

bool lock_is_held(const struct lock *lock)
{
	return rank_held == lock->rank;
}

void signal_init(struct signal *s)
{
	pthread_condattr_t how;

	invariant(pthread_condattr_init(&how) == 0);
	invariant(pthread_condattr_setclock(&how, CLOCK_MONOTONIC) == 0);
	invariant(pthread_cond_init(&s->raw, &how) == 0);
	(void)pthread_condattr_destroy(&how);
}

void signal_done(struct signal *s)
{
	invariant(pthread_cond_destroy(&s->raw) == 0);
}

void signal_one(struct signal *s)
{
	invariant(pthread_cond_signal(&s->raw) == 0);
}

void signal_all(struct signal *s)
{
	invariant(pthread_cond_broadcast(&s->raw) == 0);
}

bool signal_wait(struct signal *s, struct lock *lock, uint64_t until_ns)
{
	struct timespec until = { .tv_sec = (time_t)(until_ns / 1000000000u),
		.tv_nsec = (long)(until_ns % 1000000000u) };
	int rc;

	invariant(lock_is_held(lock));
	if (until_ns == UINT64_MAX)
		rc = pthread_cond_wait(&s->raw, &lock->raw);
	else
		rc = pthread_cond_timedwait(&s->raw, &lock->raw, &until);
	invariant(rc == 0 || rc == ETIMEDOUT);
	return rc == 0;
}
