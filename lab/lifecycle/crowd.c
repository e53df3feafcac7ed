/* SPDX-License-Identifier: MIT */
#include "lab/lifecycle/crowd.h"

#include "base/clock.h"
#include "lab/workload/letter.h"
#include "lab/workload/smtp.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAIL_WAIT_MS = 10000, START_IN_MS = 50 };

struct crowd {
	const struct crowd_plan *plan;
	const struct crowd_mail *mails;
	double *latency_ms; /* of each; infinite: failed */
	size_t count;
	uint64_t start_ns;
	pthread_mutex_t lock;
	/* under lock: */
	size_t next;
};

/* splitmix64: small and seedable; one stream a domain, so that one more domain changes no other. */
static uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static double exponential(uint64_t *state, double mean)
{
	double uniform = ((double)(random_next(state) >> 11) + 0.5) / 9007199254740992.0;

	return -mean * log(uniform);
}

static int mail_order(const void *a, const void *b)
{
	const struct crowd_mail *x = a, *y = b;

	if (x->due_ns != y->due_ns)
		return x->due_ns < y->due_ns ? -1 : 1;
	return x->target < y->target ? -1 : x->target > y->target;
}

size_t crowd_arrivals(const struct crowd_plan *plan, struct crowd_mail *ret, size_t room)
{
	size_t count = 0;

	for (unsigned t = 0; t < plan->count; t++) {
		uint64_t state = plan->seed ^ ((uint64_t)t + 1) << 40;
		double at = exponential(&state, 1 / plan->rate_per_s);

		for (; at < plan->seconds && count < room;
			at += exponential(&state, 1 / plan->rate_per_s))
			ret[count++] = (struct crowd_mail){ (uint64_t)(at * (double)NS_PER_S), t };
	}
	qsort(ret, count, sizeof *ret, mail_order);
	return count;
}

/* The next mail that nobody has taken; false: none is left. */
static bool next_take(struct crowd *c, size_t *ret)
{
	(void)pthread_mutex_lock(&c->lock);
	*ret = c->next;
	c->next += c->next < c->count;
	(void)pthread_mutex_unlock(&c->lock);
	return *ret < c->count && (c->plan->is_cancelled == NULL || !*c->plan->is_cancelled);
}

static void sleep_until(uint64_t at_ns)
{
	struct timespec t = { .tv_sec = (time_t)(at_ns / NS_PER_S),
		.tv_nsec = (long)(at_ns % NS_PER_S) };

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static bool letter_make(const struct crowd *c, size_t n, struct buf *text, struct buf *stuffed)
{
	struct error ignored = { .fault = FAULT_NONE };
	struct letter letter = { .run = "crowd",
		.from = "sender@elsewhere.example",
		.to = c->plan->targets[c->mails[n].target].to,
		.sequence = (uint32_t)n,
		.size_bytes = c->plan->size_bytes,
		.due_ns = c->mails[n].due_ns,
		.seed = c->plan->seed,
		.wall_ns = clock_wall_ns(&clock_real) };

	buf_clear(text);
	buf_clear(stuffed);
	return letter_write(&letter, text, &ignored) && letter_stuff(buf_slice(text), stuffed);
}

static void mail_send(struct crowd *c, size_t n, struct wire *wire, struct slice stuffed)
{
	const struct crowd_target *to = &c->plan->targets[c->mails[n].target];
	uint64_t due_ns = c->start_ns + c->mails[n].due_ns;
	struct error ignored = { .fault = FAULT_NONE };
	struct sample sample = { .reply_code = 0 };
	struct smtp_letter way = { .host = to->host,
		.port = to->port,
		.from = "sender@elsewhere.example",
		.to = to->to,
		.stuffed = stuffed };

	sleep_until(due_ns);
	way.until_ns = wire_now_ns() + MAIL_WAIT_MS * NS_PER_MS;
	sample.at_ns[POINT_DUE] = due_ns;
	if (!smtp_send(&way, wire, &sample, &ignored))
		return;
	c->latency_ms[n] = (double)(wire_now_ns() - due_ns) / (double)NS_PER_MS;
	smtp_bye(wire, way.until_ns);
}

static void *sender_run(void *context)
{
	struct crowd *c = context;
	auto_buf text = { .max = LETTER_BYTES_MAX }, stuffed = { .max = LETTER_BYTES_MAX };
	auto_free struct wire *wire = calloc(1, sizeof *wire);
	size_t n;

	if (wire == NULL)
		return NULL;
	wire->fd = -1;
	/* The letter is made before it is due. */
	while (next_take(c, &n) && letter_make(c, n, &text, &stuffed))
		mail_send(c, n, wire, buf_slice(&stuffed));
	wire_close(wire);
	return NULL;
}

static int double_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void result_make(struct crowd *c, struct crowd_result *ret)
{
	*ret = (struct crowd_result){ .mails = c->count, .p95_ms = (double)NAN };
	for (size_t i = 0; i < c->count; i++)
		ret->failed += isfinite(c->latency_ms[i]) ? 0 : 1;
	qsort(c->latency_ms, c->count, sizeof *c->latency_ms, double_order);
	if (c->count == 0)
		return;
	ret->median_ms = c->latency_ms[c->count / 2];
	ret->worst_ms = c->latency_ms[c->count - 1];
	if (c->count >= CROWD_P95_MAILS)
		ret->p95_ms = c->latency_ms[(c->count * 95 + 99) / 100 - 1];
}

static bool senders_run(struct crowd *c, struct error *e)
{
	pthread_t threads[CROWD_SENDERS];
	unsigned count = 0;

	c->start_ns = wire_now_ns() + START_IN_MS * NS_PER_MS;
	while (count < CROWD_SENDERS && pthread_create(&threads[count], NULL, sender_run, c) == 0)
		count++;
	for (unsigned i = 0; i < count; i++)
		(void)pthread_join(threads[i], NULL);
	return count == CROWD_SENDERS || fail(e, FAULT_LATER, "send mail: no thread");
}

bool crowd_run(const struct crowd_plan *plan, struct crowd_result *ret, struct error *e)
{
	auto_free struct crowd_mail *mails = calloc(CROWD_MAILS_MAX, sizeof *mails);
	auto_free double *latency_ms = calloc(CROWD_MAILS_MAX, sizeof *latency_ms);
	struct crowd c = { .plan = plan, .mails = mails, .latency_ms = latency_ms };

	if (mails == NULL || latency_ms == NULL)
		return fail(e, FAULT_LATER, "send mail: no memory");
	c.count = crowd_arrivals(plan, mails, CROWD_MAILS_MAX);
	for (size_t i = 0; i < c.count; i++)
		latency_ms[i] = (double)INFINITY;
	(void)pthread_mutex_init(&c.lock, NULL);
	bool is_sent = senders_run(&c, e);

	(void)pthread_mutex_destroy(&c.lock);
	result_make(&c, ret);
	if (plan->is_cancelled != NULL && *plan->is_cancelled)
		return fail(e, FAULT_GONE, "stopped on request");
	return is_sent;
}
