/* SPDX-License-Identifier: MIT */
#include "deliver/deliver.h"

#include "base/limits.h"
#include "base/lock.h"
#include "base/log.h"
#include "deliver/attempt.h"
#include "deliver/bounce.h"
#include "mail/timeline.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	DELIVER_STACK_BYTES = 256 << 10,
	DELIVER_REST_S = 60,    /* looks at the spool at least so often */
	DELIVER_STOP_MS = 3000, /* a stop lets answers come in for so long, then cuts connections */
	DELIVER_STOP_STEP_MS = 20,
	DELIVER_RETRY_SOON_S = 60, /* after a failure of our own */
	DELIVER_WRITE_AGAIN_NS =
		1000 * 1000 * 1000, /* a full disk is soon noticed when it is not full any more */
};

struct deliver_worker {
	struct deliver *deliver;
	pthread_t thread;
	int fd; /* under deliver's lock: of the connection that is open, or -1 */
};

struct deliver {
	struct deliver_options options;
	struct deliver_worker *workers;
	unsigned worker_count;
	atomic_uint_fast64_t attempts, relayed, deferred, bounced;
	atomic_bool is_stopping;
	struct signal ended;
	struct lock lock;
	/* under lock: */
	unsigned running;
};

static void count(atomic_uint_fast64_t *counter, uint64_t by)
{
	atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

/* A stage for one mail: into the log now, into the store when it pleases. */
static void note(
	struct deliver *d, struct id message, enum stage stage, uint64_t bytes, struct slice what)
{
	auto_free struct timeline *t = calloc(1, sizeof *t);

	timelines_note(d->options.mail->timelines, message, stage, bytes, what);
	if (t == NULL)
		return;
	timeline_begin(t, message);
	timeline_note(t, d->options.clock, stage, bytes, what);
	timeline_log(t);
}

static void note_rcpt(
	struct deliver *d, const struct spool_item *item, size_t rcpt, enum stage stage)
{
	const struct spool_rcpt *r = &item->rcpts[rcpt];
	char room[1024];
	struct buf what = BUF_OVER(room);

	if (buf_add(&what, r->address) && buf_add(&what, S(": ")) && buf_add(&what, r->last_reply))
		note(d, item->entry.message, stage, item->entry.bytes, buf_slice(&what));
	else
		note(d, item->entry.message, stage, item->entry.bytes, r->address);
}

/* 5, 10, 20, 40 minutes ... up to the longest. */
static uint64_t retry_wait_s(const struct deliver_options *o, uint32_t attempts)
{
	uint64_t wait_s = o->retry_first_s;

	for (uint32_t i = 1; i < attempts && wait_s < o->retry_most_s; i++)
		wait_s *= 2;
	return wait_s < o->retry_most_s ? wait_s : o->retry_most_s;
}

/* False: the report could not be kept; those it is about go on waiting. */
static bool report(struct deliver *d, const struct spool_item *item, const bool *is_meant,
	enum bounce_kind kind)
{
	const struct bounce bounce = {
		.mail = d->options.mail,
		.clock = d->options.clock,
		.our_name = slice_of(d->options.host),
		.next_hop = slice_of(d->options.next_hop),
		.item = item,
		.is_meant = is_meant,
		.kind = kind,
	};
	struct error e = { .fault = FAULT_NONE };
	char room[ID_TEXT_BYTES + 1];
	enum bounce_answer answer = bounce_send(&bounce, &e);

	if (answer == BOUNCE_LOST)
		log_event(LOG_LEVEL_WARN, "deliver.bounce_lost",
			LOG_TEXT("msg", id_text(item->entry.message, room)),
			LOG_TEXT("why", slice_of(e.text)));
	if (answer == BOUNCE_LATER)
		log_event(LOG_LEVEL_ERROR, "deliver.bounce_failed",
			LOG_TEXT("msg", id_text(item->entry.message, room)),
			LOG_TEXT("why", slice_of(e.text)));
	return answer != BOUNCE_LATER;
}

/* Too long on the way: those who would be tried again never will be. */
static void give_up(struct deliver *d, const struct spool_item *item, enum outcome *outcomes)
{
	uint64_t now_s = clock_wall_ns(d->options.clock) / NS_PER_S;

	if (now_s < item->queued_s + d->options.give_up_s)
		return;
	for (size_t i = 0; i < item->rcpt_count; i++)
		if (outcomes[i] == OUTCOME_LATER)
			outcomes[i] = OUTCOME_NEVER;
}

static void settle_failed(
	struct deliver *d, struct spool_item *item, enum outcome *outcomes, bool *is_meant)
{
	size_t failed = 0;

	for (size_t i = 0; i < item->rcpt_count; i++) {
		is_meant[i] = outcomes[i] == OUTCOME_NEVER;
		failed += is_meant[i] ? 1 : 0;
	}
	bool is_reported = failed == 0 || report(d, item, is_meant, BOUNCE_FAILED);
	for (size_t i = 0; i < item->rcpt_count; i++) {
		if (!is_meant[i])
			continue;
		outcomes[i] = is_reported ? OUTCOME_NONE : OUTCOME_LATER;
		if (!is_reported)
			continue;
		item->rcpts[i].fate = SPOOL_BOUNCED;
		note_rcpt(d, item, i, STAGE_BOUNCED);
	}
	if (is_reported)
		count(&d->bounced, failed);
}

static void settle_relayed(struct deliver *d, struct spool_item *item, const enum outcome *outcomes,
	bool *is_meant, bool is_dsn_passed)
{
	size_t relayed = 0;

	for (size_t i = 0; i < item->rcpt_count; i++) {
		is_meant[i] = outcomes[i] == OUTCOME_RELAYED;
		if (!is_meant[i])
			continue;
		item->rcpts[i].fate = SPOOL_RELAYED;
		note_rcpt(d, item, i, STAGE_RELAYED);
		relayed++;
	}
	count(&d->relayed, relayed);
	/* It is on its way whether or not the report can be kept. */
	if (relayed > 0 && !is_dsn_passed)
		(void)report(d, item, is_meant, BOUNCE_RELAYED);
}

static void settle_later(struct deliver *d, struct spool_item *item, const enum outcome *outcomes)
{
	char room[ID_TEXT_BYTES + 1];
	size_t waiting = 0, last = 0;

	for (size_t i = 0; i < item->rcpt_count; i++) {
		if (outcomes[i] != OUTCOME_LATER)
			continue;
		waiting++;
		last = i;
	}
	if (waiting == 0)
		return;
	uint64_t wait_s = retry_wait_s(&d->options, item->attempts);
	item->due_s = clock_wall_ns(d->options.clock) / NS_PER_S + wait_s;
	count(&d->deferred, waiting);
	note_rcpt(d, item, last, STAGE_ATTEMPT);
	log_event(LOG_LEVEL_WARN, "deliver.deferred",
		LOG_TEXT("msg", id_text(item->entry.message, room)),
		LOG_COUNT("recipients", waiting), LOG_COUNT("attempts", item->attempts),
		LOG_COUNT("retry_s", wait_s), LOG_TEXT("why", item->rcpts[last].last_reply));
}

static void on_conn(void *context, int fd)
{
	struct deliver_worker *w = context;

	HOLDING(&w->deliver->lock);
	w->fd = fd;
}

/*
 * What has happened is written, however long the disk refuses: an item that was relayed and is still in the spool would be
 * sent again. False: the server stops first, and the next start will send it again.
 */
static bool put_back(struct deliver *d, const struct spool_item *item, struct error *e)
{
	char room[ID_TEXT_BYTES + 1];
	struct spool *spool = d->options.mail->spool;

	while (!spool_put_back(spool, item, e)) { /* ends with the server */
		uint64_t until_ns = clock_mono_ns(&clock_real) + DELIVER_WRITE_AGAIN_NS;

		if (atomic_load(&d->is_stopping))
			return false;
		log_event(LOG_LEVEL_ERROR, "deliver.spool_failed",
			LOG_TEXT("msg", id_text(item->entry.message, room)),
			LOG_TEXT("why", slice_of(e->text)));
		*e = (struct error){ .fault = FAULT_NONE };
		while (!atomic_load(&d->is_stopping) && clock_mono_ns(&clock_real) < until_ns)
			spool_wait(spool, spool_news(spool), until_ns);
	}
	return true;
}

static bool try_item(
	struct deliver_worker *w, struct spool_item *item, struct arena *arena, struct error *e)
{
	struct deliver *d = w->deliver;
	enum outcome *outcomes = arena_take(arena, (item->rcpt_count + 1) * sizeof *outcomes);
	bool *is_meant = arena_take(arena, (item->rcpt_count + 1) * sizeof *is_meant);
	struct attempt attempt = {
		.next_hop = slice_of(d->options.next_hop),
		.our_name = slice_of(d->options.host),
		.store = d->options.mail->store,
		.item = item,
		.arena = arena,
		.outcomes = outcomes,
		.client = { .clock = d->options.clock,
			.on_conn = on_conn,
			.context = w,
			.tls = d->options.tls,
			.trust = d->options.trust,
			.tls_name = slice_of(d->options.tls_name) },
	};

	/* Return-Path is the last host's to write (RFC 5321 4.4). */
	item->entry.bytes -= item->entry.prefix.len;
	item->entry.prefix = S("");
	if (outcomes == NULL || is_meant == NULL) {
		item->due_s = clock_wall_ns(d->options.clock) / NS_PER_S + DELIVER_RETRY_SOON_S;
		return put_back(d, item, e);
	}
	attempt_run(&attempt);
	item->attempts++;
	count(&d->attempts, 1);
	give_up(d, item, outcomes);
	settle_relayed(d, item, outcomes, is_meant, attempt.is_dsn_passed);
	settle_failed(d, item, outcomes, is_meant);
	settle_later(d, item, outcomes);
	return put_back(d, item, e);
}

/* False: nothing is due. */
static bool take_one(struct deliver_worker *w, struct arena *arena)
{
	struct error e = { .fault = FAULT_NONE };
	struct spool *spool = w->deliver->options.mail->spool;
	struct spool_item item;
	uint64_t next_s;
	bool is_found = false;

	arena_reset(arena);
	if (!spool_take(spool, arena, &item, &is_found, &next_s, &e) ||
		(is_found && !try_item(w, &item, arena, &e))) {
		log_event(
			LOG_LEVEL_ERROR, "deliver.spool_failed", LOG_TEXT("why", slice_of(e.text)));
		return false;
	}
	return is_found;
}

static void *run(void *context)
{
	struct deliver_worker *w = context;
	struct deliver *d = w->deliver;
	auto_arena arena = { .max = 2 * LIMIT_ARENA_BYTES };

	while (!atomic_load(&d->is_stopping)) {
		uint64_t seen = spool_news(d->options.mail->spool);

		if (take_one(w, &arena))
			continue;
		arena_done(&arena); /* nothing is kept while nothing is to do */
		if (!atomic_load(&d->is_stopping))
			spool_wait(d->options.mail->spool, seen,
				clock_mono_ns(&clock_real) + DELIVER_REST_S * NS_PER_S);
	}
	HOLDING(&d->lock);
	d->running--;
	signal_all(&d->ended);
	return NULL;
}

static bool start_worker(struct deliver *d, struct deliver_worker *w, struct error *e)
{
	pthread_attr_t attributes;

	w->deliver = d;
	w->fd = -1;
	HOLDING(&d->lock);
	if (pthread_attr_init(&attributes) != 0)
		return fail(e, FAULT_LATER, "start delivery: out of memory");
	bool is_started = pthread_attr_setstacksize(&attributes, DELIVER_STACK_BYTES) == 0 &&
			  pthread_create(&w->thread, &attributes, run, w) == 0;
	(void)pthread_attr_destroy(&attributes);
	d->running += is_started ? 1 : 0;
	d->worker_count += is_started ? 1 : 0;
	return is_started || fail(e, FAULT_LATER, "start delivery: no thread");
}

bool deliver_start(const struct deliver_options *options, struct deliver **ret, struct error *e)
{
	struct deliver *d = calloc(1, sizeof *d);

	if (d == NULL)
		return fail(e, FAULT_LATER, "start delivery: out of memory");
	d->options = *options;
	lock_init(&d->lock, RANK_DELIVER);
	signal_init(&d->ended);
	d->workers = calloc(options->worker_max, sizeof *d->workers);
	bool is_started =
		d->workers != NULL || fail(e, FAULT_LATER, "start delivery: out of memory");
	for (unsigned i = 0; is_started && i < options->worker_max; i++)
		is_started = start_worker(d, &d->workers[i], e);
	if (!is_started) {
		deliver_stop(d);
		return false;
	}
	*ret = d;
	return true;
}

/* Connections that still wait for an answer break: their mails are put back and tried again. */
static void cut_all(struct deliver *d)
{
	for (unsigned i = 0; i < d->worker_count; i++)
		if (d->workers[i].fd >= 0)
			(void)shutdown(d->workers[i].fd, SHUT_RDWR);
}

/* A worker may be connecting, which no wake reaches: it is cut. */
static void wait_for_workers(struct deliver *d)
{
	uint64_t cut_ns = clock_mono_ns(&clock_real) + DELIVER_STOP_MS * NS_PER_MS;

	HOLDING(&d->lock);
	while (d->running > 0) { /* ends: every wait of a worker has a deadline */
		uint64_t now_ns = clock_mono_ns(&clock_real);

		spool_wake(d->options.mail->spool);
		if (now_ns >= cut_ns)
			cut_all(d);
		(void)signal_wait(&d->ended, &d->lock, now_ns + DELIVER_STOP_STEP_MS * NS_PER_MS);
	}
}

void deliver_stop(struct deliver *d)
{
	atomic_store(&d->is_stopping, true);
	wait_for_workers(d);
	for (unsigned i = 0; i < d->worker_count; i++)
		(void)pthread_join(d->workers[i].thread, NULL);
	signal_done(&d->ended);
	lock_done(&d->lock);
	free(d->workers);
	free(d);
}

void deliver_stats_get(struct deliver *d, struct deliver_stats *ret)
{
	*ret = (struct deliver_stats){
		.attempts = atomic_load_explicit(&d->attempts, memory_order_relaxed),
		.relayed = atomic_load_explicit(&d->relayed, memory_order_relaxed),
		.deferred = atomic_load_explicit(&d->deferred, memory_order_relaxed),
		.bounced = atomic_load_explicit(&d->bounced, memory_order_relaxed),
	};
}
