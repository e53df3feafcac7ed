/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/lock.h"
#include "base/slice.h"
#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct lock low = LOCK_INIT(RANK_SERVE), middle = LOCK_INIT(RANK_STORE),
		   high = LOCK_INIT(RANK_LOG);

/* HOLDING() stands once in a function, so nesting needs names of its own. */
#define ALSO_HOLDING(name, lock) ON_EXIT(lock_leave) UNUSED struct lock_hold name = lock_enter(lock)

static void test_ranks_nest(void **state)
{
	(void)state;
	for (size_t round = 0; round < 2; round++) {
		HOLDING(&low);
		check_row(lock_is_held(&low) && !lock_is_held(&high), round);
		{
			ALSO_HOLDING(inner, &high);
			check_row(lock_is_held(&high), round);
		}
		check_row(lock_is_held(&low), round);
		{
			ALSO_HOLDING(inner, &middle);
			check_row(lock_is_held(&middle), round);
		}
	}
	check(!lock_is_held(&low));
}

static void enter_downwards(void)
{
	HOLDING(&high);
	ALSO_HOLDING(second, &low);
}

static void enter_twice(void)
{
	HOLDING(&middle);
	ALSO_HOLDING(second, &middle);
}

static void enter_same_rank(void)
{
	static struct lock other = LOCK_INIT(RANK_STORE);

	HOLDING(&middle);
	ALSO_HOLDING(second, &other);
}

static void wait_without_lock(void)
{
	struct signal s;

	signal_init(&s);
	(void)signal_wait(&s, &low, 0);
}

/* Runs it in a child; true when that died by a broken invariant and said which. */
static bool dies(void (*crime)(void), const char *claim)
{
	char said[512] = { 0 };
	int pipe_fds[2], status = 0;
	pid_t child;

	check(pipe(pipe_fds) == 0);
	child = fork();
	check(child >= 0);
	if (child == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		(void)dup2(pipe_fds[1], STDERR_FILENO);
		crime();
		_exit(0);
	}
	(void)close(pipe_fds[1]);
	check(read(pipe_fds[0], said, sizeof said - 1) >= 0);
	(void)close(pipe_fds[0]);
	check(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(said, claim) != NULL;
}

static void test_wrong_order_dies(void **state)
{
	static const struct {
		void (*crime)(void);
		const char *claim;
	} rows[] = {
		{ enter_downwards, "broken: lock->rank > rank_held" },
		{ enter_twice, "broken: lock->rank > rank_held" },
		{ enter_same_rank, "broken: lock->rank > rank_held" },
		{ wait_without_lock, "broken: lock_is_held(lock)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(dies(rows[i].crime, rows[i].claim), i);
}

struct meeting {
	struct lock lock;
	struct signal changed;
	/* under lock: */
	unsigned arrived;
	bool may_go;
};

static void *arrive(void *argument)
{
	struct meeting *m = argument;

	HOLDING(&m->lock);
	m->arrived++;
	signal_all(&m->changed);
	while (!m->may_go)
		(void)signal_wait(&m->changed, &m->lock, UINT64_MAX);
	return NULL;
}

static void open_the_door(struct meeting *m, unsigned guest_count)
{
	uint64_t until_ns = clock_mono_ns(&clock_real) + 60 * NS_PER_S;

	HOLDING(&m->lock);
	while (m->arrived < guest_count)
		check(signal_wait(&m->changed, &m->lock, until_ns));
	m->may_go = true;
	signal_all(&m->changed);
}

static void test_signals(void **state)
{
	struct meeting m = { .arrived = 0 };
	pthread_t guests[3];

	(void)state;
	lock_init(&m.lock, RANK_SERVE);
	signal_init(&m.changed);
	for (size_t i = 0; i < COUNT(guests); i++)
		check_row(pthread_create(&guests[i], NULL, arrive, &m) == 0, i);
	open_the_door(&m, COUNT(guests));
	for (size_t i = 0; i < COUNT(guests); i++)
		check_row(pthread_join(guests[i], NULL) == 0, i);
	signal_done(&m.changed);
	lock_done(&m.lock);
}

static void test_deadline(void **state)
{
	struct lock lock = LOCK_INIT(RANK_SERVE);
	struct signal never;
	uint64_t until_ns = clock_mono_ns(&clock_real) + 2 * NS_PER_MS;

	(void)state;
	signal_init(&never);
	{
		HOLDING(&lock);
		while (signal_wait(&never, &lock, until_ns))
			continue; /* a condition may wake for nothing */
		check(lock_is_held(&lock));
	}
	check(clock_mono_ns(&clock_real) >= until_ns);
	signal_done(&never);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ranks_nest),
		cmocka_unit_test(test_wrong_order_dies), cmocka_unit_test(test_signals),
		cmocka_unit_test(test_deadline) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
