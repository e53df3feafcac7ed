/* SPDX-License-Identifier: MIT */
#include "lab/workload/workload.h"

#include "base/clock.h"
#include "lab/workload/arrivals.h"
#include "lab/workload/load.h"
#include "lab/workload/pop3.h"
#include "lab/workload/smtp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum {
	TRACE_ROOM_BYTES = 64 << 10, /* what a server may put on top of a mail */
	STRAGGLER_WAIT_MS = 50,      /* between looks for mails that are overdue */
};

/* One trial under way. */
struct trial {
	const struct workload_plan *plan;
	struct workload_result *result;
	struct sample *current; /* the mail we wait for; NULL while cleaning up */
	struct buf text, stuffed, received;
	struct wire smtp;
	bool is_arrived; /* `current` was seen */
	unsigned failures_in_a_row;
};

static uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

/* Fisher and Yates. The modulo's bias is below 2^-40 for our counts. */
static void shuffle(uint32_t *at, size_t count, uint64_t *state)
{
	for (size_t i = count; i > 1; i--) {
		size_t k = (size_t)(random_next(state) % i);
		uint32_t kept = at[i - 1];

		at[i - 1] = at[k];
		at[k] = kept;
	}
}

void workload_order(const struct workload_plan *plan, size_t total, uint32_t *ret_sizes)
{
	uint64_t state = plan->seed * 2 + 1; /* never 0, where xorshift stands still */
	size_t measured = total - plan->warmup_count;

	for (int i = 0; i < 8; i++)
		(void)random_next(&state);
	for (size_t i = 0; i < plan->warmup_count; i++)
		ret_sizes[i] = plan->sizes[i % plan->size_count];
	shuffle(ret_sizes, plan->warmup_count, &state);
	for (size_t i = 0; i < measured; i++)
		ret_sizes[plan->warmup_count + i] = plan->sizes[i % plan->size_count];
	shuffle(ret_sizes + plan->warmup_count, measured, &state);
}

static bool is_cancelled(const struct trial *t)
{
	return t->plan->is_cancelled != NULL && *t->plan->is_cancelled;
}

/* A mail of this trial that is not the one we wait for: it is known, and came late or again. */
static void mail_known(struct trial *t, struct sample *s)
{
	if (s->outcome == OUTCOME_DELIVERED || s->outcome == OUTCOME_CORRUPT ||
		(s->flags & SAMPLE_IS_LATE) != 0) {
		s->flags |= SAMPLE_IS_DUPLICATED;
		t->result->duplicated++;
		return;
	}
	s->flags |= SAMPLE_IS_LATE;
	t->result->late++;
}

/* pop3_mail_fn: judges one mail from the mailbox. */
static void mail_came(void *context, struct slice text, uint64_t seen_ns, uint64_t end_ns)
{
	struct trial *t = context;
	struct letter_found found;
	struct sample *s = t->current;

	letter_check(text, &found);
	if (!found.is_ours || strcmp(found.run, t->plan->run) != 0 || found.sequence == 0 ||
		found.sequence > t->result->count) {
		t->result->strange++;
		return;
	}
	if (s == NULL || found.sequence != s->sequence || t->is_arrived) {
		mail_known(t, &t->result->samples[found.sequence - 1]);
		return;
	}
	t->is_arrived = true;
	s->at_ns[POINT_SEEN] = seen_ns - s->at_ns[POINT_DUE];
	s->at_ns[POINT_FETCHED] = end_ns - s->at_ns[POINT_DUE];
	bool is_whole = found.is_whole && found.size_bytes == s->size_bytes &&
			found.due_ns == s->at_ns[POINT_DUE];
	s->outcome = is_whole ? OUTCOME_DELIVERED : OUTCOME_CORRUPT;
}

static void sleep_until(uint64_t at_ns)
{
	struct timespec at = { (time_t)(at_ns / NS_PER_S), (long)(at_ns % NS_PER_S) };

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static struct pop3_mailbox mailbox_of(struct trial *t)
{
	return (struct pop3_mailbox){ .host = t->plan->host,
		.port = t->plan->pop3_port,
		.user = t->plan->user,
		.password = t->plan->password,
		.way = t->plan->way,
		.tls = t->plan->read_tls,
		.on_mail = mail_came,
		.context = t,
		.room = &t->received };
}

/* Looks into the mailbox on the grid until the current mail came or its deadline passed. */
static void receive(struct trial *t, uint64_t until_ns)
{
	struct pop3_mailbox box = mailbox_of(t);
	struct sample *s = t->current;
	uint64_t look_ns = wire_now_ns(), before_ns = look_ns;

	while (!t->is_arrived && !is_cancelled(t)) {
		struct error e = { .fault = FAULT_NONE };
		uint64_t count = 0;

		before_ns = look_ns;
		look_ns = wire_now_ns();
		if (look_ns >= until_ns)
			return;
		s->poll_count++;
		if (!pop3_look(&box, until_ns, &count, &e)) {
			t->result->look_failures++;
			(void)snprintf(t->result->last_failure, sizeof t->result->last_failure,
				"%s", e.text);
		}
		if (!t->is_arrived)
			sleep_until(look_ns + t->plan->poll_interval_ns);
	}
	s->poll_gap_ns = look_ns - before_ns;
}

static bool letter_prepare(struct trial *t, const struct sample *s, struct error *e)
{
	struct letter letter = { .from = t->plan->from,
		.to = t->plan->to,
		.sequence = s->sequence,
		.size_bytes = s->size_bytes,
		.due_ns = s->at_ns[POINT_DUE],
		.seed = t->plan->seed,
		.wall_ns = clock_wall_ns(&clock_real) };

	if (!slice_text(slice_of(t->plan->run), letter.run, sizeof letter.run))
		return fail(e, FAULT_NEVER, "the run id '%s' is too long", t->plan->run);
	buf_clear(&t->text);
	buf_clear(&t->stuffed);
	if (!letter_write(&letter, &t->text, e))
		return false;
	if (!letter_stuff(buf_slice(&t->text), &t->stuffed))
		return fail(e, FAULT_LATER, "prepare a mail: no memory");
	return true;
}

static void unfinished(struct trial *t, struct sample *s, const struct error *e)
{
	s->outcome = s->reply_code >= 400 ? OUTCOME_REFUSED : OUTCOME_BROKEN;
	(void)snprintf(t->result->last_failure, sizeof t->result->last_failure, "%s", e->text);
}

/* One mail from due to fetched. Fails only when the mail cannot be made. */
static bool mail_run(struct trial *t, struct sample *s, struct error *e)
{
	struct error sending = { .fault = FAULT_NONE };

	/* A closed loop: the mail is due as soon as the last one is done. Making it is the instrument's
	 * own work and lies between due and start; latency counts from start. */
	s->at_ns[POINT_DUE] = wire_now_ns();
	if (!letter_prepare(t, s, e))
		return false;
	struct smtp_letter letter = { .host = t->plan->host,
		.port = t->plan->smtp_port,
		.from = t->plan->from,
		.to = t->plan->to,
		.stuffed = buf_slice(&t->stuffed),
		.way = t->plan->way,
		.tls = t->plan->send_tls,
		.user = t->plan->from,
		.password = t->plan->password,
		.until_ns = wire_now_ns() + t->plan->message_deadline_ns };
	t->current = s;
	t->is_arrived = false;
	if (!smtp_send(&letter, &t->smtp, s, &sending)) {
		unfinished(t, s, &sending);
	} else {
		s->outcome = OUTCOME_LOST;
		receive(t, letter.until_ns);
		smtp_bye(&t->smtp, wire_now_ns() + NS_PER_S);
	}
	t->current = NULL;
	t->failures_in_a_row = s->outcome == OUTCOME_DELIVERED ? 0 : t->failures_in_a_row + 1;
	return true;
}

static void sample_begin(struct sample *s, size_t index, uint32_t size, bool is_warmup)
{
	*s = (struct sample){ .sequence = (uint32_t)index + 1,
		.size_bytes = size,
		.outcome = OUTCOME_BROKEN,
		.flags = is_warmup ? SAMPLE_IS_WARMUP : 0 };
	for (unsigned i = 0; i < SAMPLE_POINT_COUNT; i++)
		s->at_ns[i] = SAMPLE_NEVER;
}

static bool mails_run(struct trial *t, const uint32_t *sizes, size_t total, struct error *e)
{
	for (size_t i = 0; i < total; i++) {
		struct sample *s = &t->result->samples[i];

		if (is_cancelled(t))
			return fail(e, FAULT_GONE, "stopped on request");
		sample_begin(s, i, sizes[i], i < t->plan->warmup_count);
		t->result->count = i + 1;
		if (!mail_run(t, s, e))
			return false;
		if (t->failures_in_a_row >= WORKLOAD_FAILURES_IN_A_ROW)
			return fail(e, FAULT_LATER, "%u mails in a row were not delivered: %s",
				t->failures_in_a_row, t->result->last_failure);
		if (t->plan->on_mail_done != NULL)
			t->plan->on_mail_done(t->plan->context, (unsigned)i + 1, (unsigned)total);
	}
	return true;
}

/* The mailbox must be empty before a trial, and whatever is left after it is counted. */
static bool mailbox_drain(struct trial *t, struct error *e)
{
	struct pop3_mailbox box = mailbox_of(t);
	uint64_t count = 1;

	for (int round = 0; count > 0 && round < 100; round++) {
		if (!pop3_look(&box, wire_now_ns() + t->plan->message_deadline_ns, &count, e))
			return false;
	}
	return true;
}

static size_t missing_count(const struct workload_result *r)
{
	size_t missing = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct sample *s = &r->samples[i];

		missing += s->outcome == OUTCOME_LOST && (s->flags & SAMPLE_IS_LATE) == 0;
	}
	return missing;
}

/* A lost mail gets one more deadline to turn out to be a late one. */
static bool stragglers_await(struct trial *t, struct error *e)
{
	uint64_t until_ns = wire_now_ns() + t->plan->message_deadline_ns;

	while (missing_count(t->result) > 0 && wire_now_ns() < until_ns && !is_cancelled(t)) {
		if (!mailbox_drain(t, e))
			return false;
		sleep_until(wire_now_ns() + STRAGGLER_WAIT_MS * NS_PER_MS);
	}
	return mailbox_drain(t, e);
}

static bool plan_check(const struct workload_plan *plan, struct error *e)
{
	uint64_t total = arrivals_count(plan);

	if (plan->size_count == 0 || plan->size_count > WORKLOAD_SIZES_MAX)
		return fail(e, FAULT_NEVER, "a trial has 1 to %d sizes, not %u", WORKLOAD_SIZES_MAX,
			plan->size_count);
	if (total == 0 || total > WORKLOAD_MAILS_MAX)
		return fail(e, FAULT_NEVER, "a trial has 1 to %d mails, not %llu",
			WORKLOAD_MAILS_MAX, (unsigned long long)total);
	return true;
}

static uint32_t size_largest(const struct workload_plan *plan)
{
	uint32_t largest = 0;

	for (unsigned i = 0; i < plan->size_count; i++)
		largest = plan->sizes[i] > largest ? plan->sizes[i] : largest;
	return largest;
}

uint64_t workload_cpu_ns(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) != 0)
		return 0;
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_S +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * NS_PER_US;
}

/* The study's way: one thread, one mail at a time. */
static bool plain_run(
	const struct workload_plan *plan, struct workload_result *ret, struct error *e)
{
	uint64_t cpu_ns = workload_cpu_ns();
	size_t total = (size_t)plan->per_size * plan->size_count + plan->warmup_count;
	size_t largest = size_largest(plan);
	struct trial t = { .plan = plan,
		.result = ret,
		.smtp = { .fd = -1 },
		.text = { .max = largest },
		.stuffed = { .max = 2 * largest + 16 },
		.received = { .max = 2 * largest + TRACE_ROOM_BYTES } };
	auto_free uint32_t *sizes = calloc(total, sizeof *sizes);

	*ret = (struct workload_result){ .samples = calloc(total, sizeof *ret->samples) };
	bool is_done = sizes != NULL && ret->samples != NULL;
	if (!is_done)
		(void)fail(e, FAULT_LATER, "run a trial of %zu mails: no memory", total);
	if (is_done) {
		workload_order(plan, total, sizes);
		is_done = mailbox_drain(&t, e);
		ret->strange = 0;
		ret->first_ns = wire_now_ns();
	}
	is_done = is_done && mails_run(&t, sizes, total, e);
	ret->last_ns = wire_now_ns();
	ret->cpu_ns = workload_cpu_ns() - cpu_ns;
	is_done = is_done && stragglers_await(&t, e);
	buf_done(&t.text);
	buf_done(&t.stuffed);
	buf_done(&t.received);
	if (!is_done)
		workload_result_done(ret);
	return is_done;
}

bool workload_run(const struct workload_plan *plan, struct workload_result *ret, struct error *e)
{
	struct workload_plan whole = *plan;
	bool has_tls = way_has_tls(&plan->way);

	if (!plan_check(plan, e))
		return false;
	bool is_done =
		(!has_tls || (wire_tls_open(plan->way.resumes, &whole.send_tls, e) &&
				     wire_tls_open(plan->way.resumes, &whole.read_tls, e))) &&
		(load_is_plain(&plan->load) ? plain_run(&whole, ret, e) : load_run(&whole, ret, e));

	wire_tls_close(whole.send_tls);
	wire_tls_close(whole.read_tls);
	return is_done;
}

void workload_result_done(struct workload_result *r)
{
	free(r->samples);
	r->samples = NULL;
	r->count = 0;
}
