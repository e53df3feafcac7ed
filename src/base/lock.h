/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * lock - mutexes with ranks.
 *
 * A thread may take only a higher rank than it holds; enum lock_rank is the whole locking document.
 * HOLDING(&lock) holds to the end of the block. No I/O and no log under a lock below RANK_STORE.
 * signal_wait() waits on a condition while holding the lock, until the absolute monotonic time.
 */
#include "base/own.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* clang-format off */
enum lock_rank {
	RANK_NONE,
	RANK_SERVE = 5,      /* cmd/serve: what a reload replaces */
	RANK_ADMIN = 8,      /* admin: one writer at a time */
	RANK_DELIVER = 9,    /* deliver: its workers and their connections */
	RANK_CHANGES = 9,    /* mail/changes: watchers of folders; waking one takes RANK_POOL and RANK_PARK */
	RANK_PEERS = 14,     /* net/listen: connections per address */
	RANK_TLS = 16,       /* net/tls: the current context */
	RANK_DIRECTORY = 20, /* mail/directory: cached domains, accounts, aliases */
	RANK_MAILBOXES = 22, /* mail/mailbox: names of the accounts' mailboxes */
	RANK_FOLDERS = 24,   /* mail: table of open folders */
	RANK_QUOTA = 26,     /* mail/quota: usage of accounts and domains */
	RANK_FOLDER = 28,    /* one folder's head */
	RANK_SPOOL = 30,     /* mail/spool */
	RANK_TIMELINE = 32,  /* mail/timeline */
	RANK_PASSWORD = 36,  /* mail/password: the cache */
	RANK_LOGIN = 38,     /* session/login_throttle */
	/* pool_wake is called under the lock that keeps the session alive, e.g. RANK_CHANGES. */
	RANK_PARK = 40,      /* net/park */
	RANK_POOL = 42,      /* net/pool */
	RANK_STORE = 50,     /* store: the commit queue */
	RANK_STORE_DATA = 52,
	RANK_LOG = 90,
};
/* clang-format on */

struct lock {
	pthread_mutex_t raw;
	enum lock_rank rank;
};
#define LOCK_INIT(its_rank)                                                                        \
	{                                                                                          \
		.raw = PTHREAD_MUTEX_INITIALIZER, .rank = (its_rank)                               \
	}

struct lock_hold {
	struct lock *lock;
	enum lock_rank before;
};

void lock_init(struct lock *lock, enum lock_rank rank);
void lock_done(struct lock *lock);
MUST_CHECK struct lock_hold lock_enter(struct lock *lock);
void lock_leave(struct lock_hold *hold);
bool lock_is_held(
	const struct lock *lock); /* by this thread, as its highest rank; for invariants */

#define HOLDING(lock) ON_EXIT(lock_leave) UNUSED struct lock_hold holding_now = lock_enter(lock)

/* A condition that counts in monotonic time. */
struct signal {
	pthread_cond_t raw;
};
void signal_init(struct signal *s);
void signal_done(struct signal *s);
void signal_one(struct signal *s);
void signal_all(struct signal *s);
/* Waits; the caller holds the lock. False when until_ns (monotonic, UINT64_MAX for ever) has passed. */
bool signal_wait(struct signal *s, struct lock *lock, uint64_t until_ns);
