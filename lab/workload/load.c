/* SPDX-License-Identifier: MIT */
#include "lab/workload/load.h"

#include "base/clock.h"
#include "lab/workload/arrivals.h"
#include "lab/workload/idle.h"
#include "lab/workload/receiver.h"
#include "lab/workload/smtp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	SLICE_MS = 50,          /* between looks at "stop" */
	FAILURES_IN_A_ROW = 50, /* refusals belong to overload; a dead server gives nothing else */
	START_DELAY_MS = 20,    /* until all senders stand ready */
	SIZE_ROOM_BYTES = 16,
};

/* What the receiver knows of a mail. */
struct arrived {
	uint64_t seen_ns, end_ns; /* CLOCK_MONOTONIC; 0: not yet */
	uint64_t look_gap_ns;
	unsigned copies;
	bool is_whole;
};

/* A trial under way. Below `lock` stands what both sides write. */
struct load {
	const struct workload_plan *plan;
	struct workload_result *result;
	struct arrival *arrivals;
	size_t count;
	uint64_t start_ns;
	struct receiver receiver;
	pthread_mutex_t lock;
	pthread_cond_t came; /* a mail was received, or the trial is given up */
	struct arrived *arrived;
	size_t next;            /* the first mail that no sender has claimed */
	size_t begun, finished; /* mails; `begun` is what a log line can mean */
	unsigned failures_in_a_row;
	uint64_t last_accepted_ns;
	uint64_t strange;
	size_t accepted, received;
	bool is_given_up;
	struct error why; /* it was given up */
};

struct sender {
	struct load *load;
	pthread_t thread;
	struct buf text, stuffed;
	struct wire wire;
	bool is_started;
};

static bool is_cancelled(const struct load *l)
{
	return l->plan->is_cancelled != NULL && *l->plan->is_cancelled;
}

static void give_up(struct load *l, const struct error *why)
{
	(void)pthread_mutex_lock(&l->lock);
	if (!l->is_given_up)
		l->why = *why;
	l->is_given_up = true;
	(void)pthread_cond_broadcast(&l->came);
	(void)pthread_mutex_unlock(&l->lock);
}

/* The next session: mails [*ret_from, *ret_to). False: there is none, or the trial is over. */
static bool session_claim(struct load *l, size_t *ret_from, size_t *ret_to)
{
	(void)pthread_mutex_lock(&l->lock);
	size_t from = l->next, to = from;

	if (!l->is_given_up) {
		while (to < l->count && l->arrivals[to].session == l->arrivals[from].session)
			to++;
	}
	l->next = to;
	(void)pthread_mutex_unlock(&l->lock);
	*ret_from = from;
	*ret_to = to;
	return to > from;
}

/* False: stopped while it slept. */
static bool sleep_until(const struct load *l, uint64_t at_ns)
{
	for (uint64_t now = wire_now_ns(); now < at_ns; now = wire_now_ns()) {
		uint64_t slice_ns = now + SLICE_MS * NS_PER_MS;
		uint64_t to_ns = at_ns < slice_ns ? at_ns : slice_ns;
		struct timespec to = { (time_t)(to_ns / NS_PER_S), (long)(to_ns % NS_PER_S) };

		if (is_cancelled(l))
			return false;
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &to, NULL);
	}
	return !is_cancelled(l);
}

static bool letter_prepare(struct sender *s, const struct sample *sample, struct error *e)
{
	const struct workload_plan *plan = s->load->plan;
	struct letter letter = { .from = plan->from,
		.to = plan->to,
		.sequence = sample->sequence,
		.size_bytes = sample->size_bytes,
		.due_ns = sample->at_ns[POINT_DUE],
		.seed = plan->seed,
		.wall_ns = clock_wall_ns(&clock_real) };

	buf_clear(&s->text);
	buf_clear(&s->stuffed);
	if (!slice_text(slice_of(plan->run), letter.run, sizeof letter.run))
		return fail(e, FAULT_NEVER, "the run id '%s' is too long", plan->run);
	if (!letter_write(&letter, &s->text, e))
		return false;
	return letter_stuff(buf_slice(&s->text), &s->stuffed) ||
	       fail(e, FAULT_LATER, "prepare a mail: no memory");
}

static void sample_begin(const struct load *l, size_t index, struct sample *ret)
{
	const struct arrival *a = &l->arrivals[index];

	*ret = (struct sample){ .sequence = (uint32_t)index + 1,
		.size_bytes = a->size_bytes,
		.step = a->step,
		.outcome = OUTCOME_BROKEN,
		.flags = index < l->plan->warmup_count ? SAMPLE_IS_WARMUP : 0 };
	for (unsigned i = 0; i < SAMPLE_POINT_COUNT; i++)
		ret->at_ns[i] = SAMPLE_NEVER;
	ret->flags |= a->due_ns == ARRIVAL_WHEN_FREE ? 0 : SAMPLE_IS_SCHEDULED;
	ret->at_ns[POINT_DUE] =
		a->due_ns == ARRIVAL_WHEN_FREE ? wire_now_ns() : l->start_ns + a->due_ns;
}

/* The sender's part of a mail is done. */
static void sent_note(struct load *l, size_t index, const struct sample *sample, bool is_accepted,
	const struct error *why)
{
	struct error e = { .fault = FAULT_NONE };
	bool is_dead = false;

	(void)pthread_mutex_lock(&l->lock);
	l->result->samples[index] = *sample;
	l->finished++;
	l->failures_in_a_row = is_accepted ? 0 : l->failures_in_a_row + 1;
	if (is_accepted) {
		l->accepted++;
		l->last_accepted_ns = wire_now_ns();
	} else {
		(void)snprintf(
			l->result->last_failure, sizeof l->result->last_failure, "%s", why->text);
		is_dead = l->failures_in_a_row >= FAILURES_IN_A_ROW;
	}
	(void)pthread_mutex_unlock(&l->lock);
	if (is_dead) {
		(void)fail(&e, FAULT_LATER, "%d mails in a row were not accepted: %s",
			FAILURES_IN_A_ROW, why->text);
		give_up(l, &e);
	}
}

/* One mail over an open or a new connection. False: the session goes no further. */
static bool mail_send(struct sender *s, size_t index, bool is_first)
{
	struct load *l = s->load;
	struct error why = { .fault = FAULT_NONE };
	struct sample sample;
	uint64_t free_ns = wire_now_ns();

	sample_begin(l, index, &sample);
	if (free_ns > sample.at_ns[POINT_DUE])
		sample.wait_ns = free_ns - sample.at_ns[POINT_DUE];
	if (!letter_prepare(s, &sample, &why)) {
		give_up(l, &why);
		return false;
	}
	if (!sleep_until(l, sample.at_ns[POINT_DUE]))
		return false;
	(void)pthread_mutex_lock(&l->lock);
	l->begun = index + 1;
	(void)pthread_mutex_unlock(&l->lock);
	struct smtp_letter letter = { .host = l->plan->host,
		.port = l->plan->smtp_port,
		.from = l->plan->from,
		.to = l->plan->to,
		.stuffed = buf_slice(&s->stuffed),
		.way = l->plan->way,
		.tls = l->plan->send_tls,
		.user = l->plan->from,
		.password = l->plan->password,
		.until_ns = wire_now_ns() + l->plan->message_deadline_ns };
	bool is_accepted = (!is_first || smtp_open(&letter, &s->wire, &sample, &why)) &&
			   smtp_mail(&letter, &s->wire, &sample, is_first, &why);

	sample.outcome = is_accepted                ? OUTCOME_LOST
			 : sample.reply_code >= 400 ? OUTCOME_REFUSED
						    : OUTCOME_BROKEN;
	sent_note(l, index, &sample, is_accepted, &why);
	return is_accepted;
}

/* A closed sender waits for its mail. */
static void mail_await(struct load *l, size_t index)
{
	uint64_t until_ns = wire_now_ns() + l->plan->message_deadline_ns;

	(void)pthread_mutex_lock(&l->lock);
	while (l->arrived[index].copies == 0 && !l->is_given_up && !is_cancelled(l)) {
		uint64_t now = wire_now_ns(), slice_ns = now + SLICE_MS * NS_PER_MS;
		uint64_t to_ns = until_ns < slice_ns ? until_ns : slice_ns;
		struct timespec to = { (time_t)(to_ns / NS_PER_S), (long)(to_ns % NS_PER_S) };

		if (now >= until_ns)
			break;
		(void)pthread_cond_timedwait(&l->came, &l->lock, &to);
	}
	(void)pthread_mutex_unlock(&l->lock);
}

static void *sender_main(void *argument)
{
	struct sender *s = argument;
	struct load *l = s->load;
	bool is_closed = l->plan->load.kind == LOAD_CLOSED;
	struct error ignored = { .fault = FAULT_NONE };
	size_t from, to;

	while (!is_cancelled(l) && session_claim(l, &from, &to)) {
		bool is_open = true;

		for (size_t i = from; i < to && is_open; i++)
			is_open = mail_send(s, i, i == from);
		if (is_open) {
			(void)!wire_send(
				&s->wire, S("QUIT\r\n"), wire_now_ns() + NS_PER_S, &ignored);
			if (is_closed)
				mail_await(l, from);
			smtp_bye(&s->wire, wire_now_ns() + NS_PER_S);
		}
		if (is_closed && l->plan->load.think_us > 0)
			(void)sleep_until(l, wire_now_ns() + l->plan->load.think_us * NS_PER_US);
	}
	return NULL;
}

/* Which mail is it? count: none of ours. A log line can only mean the mail that is under way. */
static size_t mail_index(struct load *l, struct slice text, struct letter_found *found)
{
	if (l->plan->load.receive == RECEIVE_LOG) {
		*found = (struct letter_found){ .is_whole = true };
		return l->begun > 0 ? l->begun - 1 : l->count;
	}
	letter_check(text, found);
	if (!found->is_ours || strcmp(found->run, l->plan->run) != 0 || found->sequence == 0 ||
		found->sequence > l->count)
		return l->count;
	found->is_whole =
		found->is_whole && found->size_bytes == l->arrivals[found->sequence - 1].size_bytes;
	return found->sequence - 1;
}

/* pop3_mail_fn, on the receiver's thread. */
static void mail_came(void *context, struct slice text, uint64_t seen_ns, uint64_t end_ns)
{
	struct load *l = context;
	struct letter_found found;

	(void)pthread_mutex_lock(&l->lock);
	size_t index = mail_index(l, text, &found);
	if (index == l->count) {
		l->strange++;
	} else if (l->arrived[index].copies++ == 0) {
		struct arrived *a = &l->arrived[index];

		a->seen_ns = seen_ns;
		a->end_ns = end_ns;
		a->is_whole = found.is_whole;
		a->look_gap_ns = atomic_load(&l->receiver.look_gap_ns);
		l->received++;
		if (l->plan->on_mail_done != NULL && (l->received % 16 == 0 || l->count < 1000))
			l->plan->on_mail_done(
				l->plan->context, (unsigned)l->received, (unsigned)l->count);
		(void)pthread_cond_broadcast(&l->came);
	}
	(void)pthread_mutex_unlock(&l->lock);
}

static bool is_all_received(struct load *l, uint64_t *ret_last_ns)
{
	(void)pthread_mutex_lock(&l->lock);
	bool is_all = l->received >= l->accepted;

	*ret_last_ns = l->last_accepted_ns;
	(void)pthread_mutex_unlock(&l->lock);
	return is_all;
}

/* Until the last accepted mail came; missing ones get a second deadline to turn out to be late. */
static void rest_await(struct load *l)
{
	uint64_t last_ns = 0;

	while (!is_all_received(l, &last_ns) && !is_cancelled(l) &&
		wire_now_ns() < last_ns + 2 * l->plan->message_deadline_ns) {
		struct timespec wait = { 0, (long)NS_PER_MS };

		(void)nanosleep(&wait, NULL);
	}
}

/* Puts both sides together. */
static void sample_join(const struct load *l, struct sample *s, const struct arrived *a)
{
	uint64_t due_ns = s->at_ns[POINT_DUE], accepted_ns = due_ns + s->at_ns[POINT_ACCEPTED];

	s->poll_count = 1;
	if (a->copies == 0 || s->outcome != OUTCOME_LOST)
		return;
	s->flags |= a->copies > 1 ? SAMPLE_IS_DUPLICATED : 0;
	l->result->duplicated += a->copies - 1;
	if (a->end_ns > due_ns + s->at_ns[POINT_START] + l->plan->message_deadline_ns) {
		s->flags |= SAMPLE_IS_LATE;
		l->result->late++;
		return;
	}
	s->flags |= a->seen_ns < accepted_ns ? SAMPLE_IS_SEEN_FIRST : 0;
	s->flags |= l->plan->load.receive == RECEIVE_LOG ? SAMPLE_IS_UNCHECKED : 0;
	uint64_t seen_ns = a->seen_ns < accepted_ns ? accepted_ns : a->seen_ns;
	s->at_ns[POINT_SEEN] = seen_ns - due_ns;
	s->at_ns[POINT_FETCHED] = (a->end_ns < seen_ns ? seen_ns : a->end_ns) - due_ns;
	s->poll_gap_ns = a->look_gap_ns;
	s->outcome = a->is_whole ? OUTCOME_DELIVERED : OUTCOME_CORRUPT;
}

static bool senders_start(struct load *l, struct sender *senders, unsigned count, struct error *e)
{
	size_t largest = 0;

	for (unsigned i = 0; i < l->plan->size_count; i++)
		largest = l->plan->sizes[i] > largest ? l->plan->sizes[i] : largest;
	for (unsigned i = 0; i < count; i++) {
		struct sender *s = &senders[i];

		s->load = l;
		s->wire.fd = -1;
		s->text.max = largest;
		s->stuffed.max = 2 * largest + SIZE_ROOM_BYTES;
		int status = pthread_create(&s->thread, NULL, sender_main, s);
		if (status != 0)
			return fail(e, FAULT_LATER, "start sender %u: %s", i + 1, strerror(status));
		s->is_started = true;
	}
	return true;
}

static void senders_join(struct sender *senders, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (senders[i].is_started)
			(void)pthread_join(senders[i].thread, NULL);
		wire_close(&senders[i].wire);
		buf_done(&senders[i].text);
		buf_done(&senders[i].stuffed);
	}
}

/* With the mailbox open: sends everything, and waits until it came. */
static bool work(struct load *l, struct error *e)
{
	const struct load_model *m = &l->plan->load;
	unsigned count = m->kind == LOAD_CLOSED ? m->concurrency : m->in_flight;
	auto_free struct sender *senders = calloc(count, sizeof *senders);
	uint64_t cpu_ns = workload_cpu_ns();

	if (senders == NULL)
		return fail(e, FAULT_LATER, "run %u senders: no memory", count);
	if (!receiver_start(&l->receiver, e))
		return false;
	l->start_ns = wire_now_ns() + (m->kind == LOAD_CLOSED ? 0 : START_DELAY_MS * NS_PER_MS);
	l->result->first_ns = l->start_ns;
	bool is_started = senders_start(l, senders, count, e);
	if (!is_started)
		give_up(l, e);
	senders_join(senders, count);
	l->result->last_ns = wire_now_ns();
	if (is_started && !l->is_given_up)
		rest_await(l);
	receiver_stop(&l->receiver);
	l->result->cpu_ns = workload_cpu_ns() - cpu_ns;
	if (is_started && l->is_given_up) {
		*e = l->why;
		return false;
	}
	return is_started && (!is_cancelled(l) || fail(e, FAULT_GONE, "stopped on request"));
}

static void result_fill(struct load *l)
{
	struct workload_result *r = l->result;

	r->count = l->count;
	for (size_t i = 0; i < l->count; i++)
		sample_join(l, &r->samples[i], &l->arrived[i]);
	r->strange = l->strange;
	r->look_failures = atomic_load(&l->receiver.failures);
	if (r->look_failures > 0 && r->last_failure[0] == '\0')
		(void)snprintf(
			r->last_failure, sizeof r->last_failure, "%s", l->receiver.last_failure);
}

static bool load_open(struct load *l, struct error *e)
{
	pthread_condattr_t clock;

	(void)pthread_condattr_init(&clock);
	(void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&l->came, &clock);
	(void)pthread_condattr_destroy(&clock);
	(void)pthread_mutex_init(&l->lock, NULL);
	l->arrivals = calloc(l->count, sizeof *l->arrivals);
	l->arrived = calloc(l->count, sizeof *l->arrived);
	l->result->samples = calloc(l->count, sizeof *l->result->samples);
	if (l->arrivals == NULL || l->arrived == NULL || l->result->samples == NULL ||
		!arrivals_make(l->plan, l->arrivals))
		return fail(e, FAULT_LATER, "run a trial of %zu mails: no memory", l->count);
	return true;
}

bool load_run(const struct workload_plan *plan, struct workload_result *ret, struct error *e)
{
	auto_free struct load *l = calloc(1, sizeof *l);
	struct idle idle = { .count = 0 };

	if (l == NULL)
		return fail(e, FAULT_LATER, "run a trial: no memory");
	*ret = (struct workload_result){ .samples = NULL };
	l->plan = plan;
	l->result = ret;
	l->count = arrivals_count(plan);
	l->receiver.imap.wire.fd = -1;
	bool is_done = load_open(l, e) && receiver_open(&l->receiver, plan, mail_came, l, e);
	l->strange = 0; /* what lay in the mailbox before is nobody's mail */
	is_done = is_done && idle_open(&idle, plan, e);
	(void)snprintf(ret->last_failure, sizeof ret->last_failure, "%s", idle.why_not.text);
	ret->idle_open = idle.count;
	is_done = is_done && work(l, e);
	if (is_done)
		result_fill(l);
	else
		workload_result_done(ret);
	receiver_close(&l->receiver);
	idle_close(&idle);
	free(l->arrivals);
	free(l->arrived);
	(void)pthread_cond_destroy(&l->came);
	(void)pthread_mutex_destroy(&l->lock);
	return is_done;
}
