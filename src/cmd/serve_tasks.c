/* SPDX-License-Identifier: MIT */
#include "cmd/server.h"
#include "mail/password.h"
#include "mail/timeline.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	TASKS_REST_MS = 10 * 1000,  /* between looks for something to do */
	TASKS_PAUSE_MS = 20,        /* between two pieces of work: mail goes first */
	TASKS_STRENGTHEN_COUNT = 1, /* argon2id takes tens of milliseconds each */
};

struct tasks {
	struct server *server;
	pthread_t thread;
	struct signal stop;
	struct lock lock;
	/* under lock: */
	bool is_stopping;
};

/* False: stop. */
static bool rest(struct tasks *t, uint64_t wait_ms)
{
	uint64_t until_ns = clock_mono_ns(&clock_real) + wait_ms * NS_PER_MS;

	HOLDING(&t->lock);
	while (!t->is_stopping && signal_wait(&t->stop, &t->lock, until_ns))
		continue;
	return !t->is_stopping;
}

/* One bounded piece of each kind of work; false when there is no more for now. */
static bool work_once(struct tasks *t)
{
	struct error e = { .fault = FAULT_NONE };
	bool has_weak = false, has_old = false;

	if (!password_strengthen(&t->server->mail, TASKS_STRENGTHEN_COUNT, &has_weak, &e)) {
		log_event(LOG_LEVEL_ERROR, "serve.task_failed", LOG_TEXT("task", S("strengthen")),
			LOG_TEXT("why", slice_of(e.text)));
		has_weak = false;
		error_clear(&e);
	}
	if (!timelines_expire(t->server->mail.timelines, &has_old, &e)) {
		log_event(LOG_LEVEL_ERROR, "serve.task_failed", LOG_TEXT("task", S("expire")),
			LOG_TEXT("why", slice_of(e.text)));
		has_old = false;
	}
	return has_weak || has_old;
}

static void *run(void *context)
{
	struct tasks *t = context;

	/* Linux: a nice value belongs to a thread. Not SCHED_IDLE, which could hold a lock for ever. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), 19);
	do
		while (work_once(t))
			if (!rest(t, TASKS_PAUSE_MS))
				return NULL;
	while (rest(t, TASKS_REST_MS));
	return NULL;
}

bool serve_tasks_start(struct server *s, struct tasks **ret, struct error *e)
{
	struct tasks *t = calloc(1, sizeof *t);

	if (t == NULL)
		return fail(e, FAULT_LATER, "start housekeeping: out of memory");
	t->server = s;
	lock_init(&t->lock, RANK_SERVE);
	signal_init(&t->stop);
	if (pthread_create(&t->thread, NULL, run, t) != 0) {
		signal_done(&t->stop);
		lock_done(&t->lock);
		free(t);
		return fail(e, FAULT_LATER, "start housekeeping: no thread");
	}
	*ret = t;
	return true;
}

void serve_tasks_stop(struct tasks *t)
{
	if (t == NULL)
		return;
	{
		HOLDING(&t->lock);
		t->is_stopping = true;
		signal_all(&t->stop);
	}
	(void)pthread_join(t->thread, NULL);
	signal_done(&t->stop);
	lock_done(&t->lock);
	free(t);
}
