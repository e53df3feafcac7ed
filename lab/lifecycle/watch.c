/* SPDX-License-Identifier: MIT */
#include "lab/lifecycle/watch.h"

#include "base/clock.h"
#include "lab/workload/smtp.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 5, RETRY_MS = 5 };

struct watch {
	struct watch_plan plan;
	char run[LETTER_RUN_BYTES];
	pthread_t sender, knocker;
	bool is_running;

	pthread_mutex_t lock;
	/* under lock: */
	char host[64];
	uint16_t port;
	int network_fd; /* the network namespace that the host is in; -1: ours */
	unsigned aim_count;
	bool is_stopping;
	unsigned acknowledged;

	/* each its thread's, until watch_stop() */
	struct watch_mail *mails;
	size_t mail_count;
	uint64_t *knocks, *acks; /* when a success ended */
	size_t knock_count, ack_count;
};

/* What a thread has to know of its target. */
struct target {
	char host[64];
	uint16_t port;
	unsigned aim_count;
};

/* Where to; moves the thread into the target's network. False: stop. */
static bool target_take(struct watch *w, struct target *t)
{
	bool goes_on;

	(void)pthread_mutex_lock(&w->lock);
	if (t->aim_count != w->aim_count && w->network_fd >= 0)
		(void)setns(w->network_fd, CLONE_NEWNET); /* not root: there is only one */
	t->aim_count = w->aim_count;
	memcpy(t->host, w->host, sizeof t->host);
	t->port = w->port;
	goes_on = !w->is_stopping;
	(void)pthread_mutex_unlock(&w->lock);
	return goes_on && (w->plan.is_cancelled == NULL || !*w->plan.is_cancelled);
}

void watch_aim(struct watch *w, const struct deployment *d)
{
	(void)pthread_mutex_lock(&w->lock);
	(void)snprintf(w->host, sizeof w->host, "%s", d->host);
	w->port = d->smtp_port;
	/* Whoever deployed it stands where it can be reached. */
	fd_close(&w->network_fd);
	w->network_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	w->aim_count++;
	(void)pthread_mutex_unlock(&w->lock);
}

static bool letter_make(
	const struct watch *w, uint32_t sequence, struct buf *text, struct buf *stuffed)
{
	struct error ignored = { .fault = FAULT_NONE };
	struct letter letter = { .from = w->plan.from,
		.to = w->plan.to,
		.sequence = sequence,
		.size_bytes = w->plan.size_bytes,
		.due_ns = wire_now_ns(),
		.seed = 1,
		.wall_ns = clock_wall_ns(&clock_real) };

	(void)snprintf(letter.run, sizeof letter.run, "%s", w->run);
	buf_clear(text);
	buf_clear(stuffed);
	return letter_write(&letter, text, &ignored) && letter_stuff(buf_slice(text), stuffed);
}

static void mail_send(struct watch *w, struct smtp_letter *letter, struct wire *wire)
{
	struct watch_mail *m = &w->mails[w->mail_count];
	struct sample sample = { .reply_code = 0 };
	struct error ignored = { .fault = FAULT_NONE };

	m->start_ns = wire_now_ns();
	sample.at_ns[POINT_DUE] = m->start_ns;
	letter->until_ns = m->start_ns + WATCH_MAIL_PATIENCE_MS * NS_PER_MS;
	m->is_acknowledged = smtp_send(letter, wire, &sample, &ignored);
	m->end_ns = wire_now_ns();
	m->reply_code = sample.reply_code;
	m->is_refused = !m->is_acknowledged && sample.reply_code >= 400;
	if (m->is_acknowledged)
		smtp_bye(wire, letter->until_ns);
	w->mail_count++;
	if (!m->is_acknowledged)
		return;
	w->acks[w->ack_count++] = m->end_ns;
	(void)pthread_mutex_lock(&w->lock);
	w->acknowledged++;
	(void)pthread_mutex_unlock(&w->lock);
}

static void *sender_run(void *context)
{
	struct watch *w = context;
	auto_buf text = { .max = LETTER_BYTES_MAX }, stuffed = { .max = 2 * LETTER_BYTES_MAX };
	auto_free struct wire *wire = calloc(1, sizeof *wire);
	struct target to = { .aim_count = 0 };
	struct smtp_letter letter = { .host = to.host, .from = w->plan.from, .to = w->plan.to };

	while (wire != NULL && w->mail_count < WATCH_MAILS_MAX && target_take(w, &to)) {
		letter.port = to.port;
		if (!letter_make(w, (uint32_t)w->mail_count, &text, &stuffed))
			break;
		letter.stuffed = buf_slice(&stuffed);
		mail_send(w, &letter, wire);
		(void)poll(NULL, 0,
			w->mails[w->mail_count - 1].is_acknowledged ? (int)w->plan.pause_ms
								    : RETRY_MS);
	}
	return NULL;
}

/* One knock: connect, 220. */
static bool knock(const char *host, uint16_t port, struct wire *wire)
{
	struct error ignored = { .fault = FAULT_NONE };
	uint64_t until_ns = wire_now_ns() + WATCH_KNOCK_PATIENCE_MS * NS_PER_MS;
	struct slice line;
	bool is_open = wire_dial(wire, host, port, until_ns, &ignored) &&
		       wire_line(wire, until_ns, &line, &ignored) && slice_starts(line, S("220"));

	if (is_open)
		(void)!wire_send(wire, S("QUIT\r\n"), until_ns, &ignored);
	wire_close(wire);
	return is_open;
}

static void *knocker_run(void *context)
{
	struct watch *w = context;
	auto_free struct wire *wire = calloc(1, sizeof *wire);
	struct target to = { .aim_count = 0 };

	while (wire != NULL && w->knock_count < WATCH_KNOCKS_MAX && target_take(w, &to)) {
		uint64_t next_ns = wire_now_ns() + WATCH_KNOCK_MS * NS_PER_MS;

		if (knock(to.host, to.port, wire))
			w->knocks[w->knock_count++] = wire_now_ns();
		uint64_t now_ns = wire_now_ns();

		(void)poll(
			NULL, 0, now_ns >= next_ns ? 1 : (int)((next_ns - now_ns) / NS_PER_MS) + 1);
	}
	return NULL;
}

static bool threads_start(struct watch *w, struct error *e)
{
	if (pthread_create(&w->sender, NULL, sender_run, w) != 0)
		return fail(e, FAULT_LATER, "watch a server: no thread");
	if (pthread_create(&w->knocker, NULL, knocker_run, w) != 0) {
		w->is_stopping = true;
		(void)pthread_join(w->sender, NULL);
		return fail(e, FAULT_LATER, "watch a server: no thread");
	}
	w->is_running = true;
	return true;
}

bool watch_start(const struct watch_plan *plan, struct watch **ret, struct error *e)
{
	struct watch *w = calloc(1, sizeof *w);

	if (w == NULL)
		return fail(e, FAULT_LATER, "watch a server: no memory");
	w->plan = *plan;
	w->network_fd = -1;
	(void)snprintf(w->run, sizeof w->run, "%s", plan->run);
	(void)pthread_mutex_init(&w->lock, NULL);
	w->mails = calloc(WATCH_MAILS_MAX, sizeof *w->mails);
	w->acks = calloc(WATCH_MAILS_MAX, sizeof *w->acks);
	w->knocks = calloc(WATCH_KNOCKS_MAX, sizeof *w->knocks);
	watch_aim(w, plan->deployment);
	bool has_memory = w->mails != NULL && w->acks != NULL && w->knocks != NULL;

	if (!has_memory)
		(void)fail(e, FAULT_LATER, "watch a server: no memory");
	if (!has_memory || !threads_start(w, e)) {
		watch_free(w);
		return false;
	}
	*ret = w;
	return true;
}

unsigned watch_acknowledged(struct watch *w)
{
	unsigned count;

	(void)pthread_mutex_lock(&w->lock);
	count = w->acknowledged;
	(void)pthread_mutex_unlock(&w->lock);
	return count;
}

bool watch_wait(struct watch *w, unsigned count, uint64_t wait_ms)
{
	uint64_t until_ns = wire_now_ns() + wait_ms * NS_PER_MS;
	unsigned wanted = watch_acknowledged(w) + count;

	while (watch_acknowledged(w) < wanted) {
		if (wire_now_ns() >= until_ns ||
			(w->plan.is_cancelled != NULL && *w->plan.is_cancelled))
			return false;
		(void)poll(NULL, 0, LOOK_MS);
	}
	return true;
}

void watch_stop(struct watch *w)
{
	if (!w->is_running)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->is_stopping = true;
	(void)pthread_mutex_unlock(&w->lock);
	(void)pthread_join(w->sender, NULL);
	(void)pthread_join(w->knocker, NULL);
	w->is_running = false;
}

void watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	watch_stop(w);
	(void)pthread_mutex_destroy(&w->lock);
	fd_close(&w->network_fd);
	free(w->mails);
	free(w->acks);
	free(w->knocks);
	free(w);
}

const struct watch_mail *watch_mails(const struct watch *w, size_t *ret_count)
{
	*ret_count = w->mail_count;
	return w->mails;
}

const char *watch_run(const struct watch *w)
{
	return w->run;
}

uint64_t watch_gap_ns(const uint64_t *successes, size_t count, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t longest_ns = 0;
	size_t at = 0;

	/* Gaps that end before the window do not touch it. */
	while (at < count && successes[at] < from_ns)
		at++;
	if (at == count)
		return UINT64_MAX;
	for (; at < count; at++) {
		uint64_t begin_ns = at == 0 ? from_ns : successes[at - 1];

		if (begin_ns >= to_ns && at > 0)
			return longest_ns;
		if (successes[at] - begin_ns > longest_ns)
			longest_ns = successes[at] - begin_ns;
	}
	return successes[count - 1] >= to_ns ? longest_ns : UINT64_MAX;
}

uint64_t watch_mail_gap_ns(const struct watch *w, uint64_t from_ns, uint64_t to_ns)
{
	return watch_gap_ns(w->acks, w->ack_count, from_ns, to_ns);
}

uint64_t watch_knock_gap_ns(const struct watch *w, uint64_t from_ns, uint64_t to_ns)
{
	return watch_gap_ns(w->knocks, w->knock_count, from_ns, to_ns);
}

const uint64_t *watch_knocks(const struct watch *w, size_t *ret_count)
{
	*ret_count = w->knock_count;
	return w->knocks;
}

size_t watch_gaps(const uint64_t *successes, size_t count, uint64_t from_ns, uint64_t to_ns,
	uint64_t least_ns, uint64_t (*ret)[2], size_t max)
{
	size_t found = 0;

	/* Before the first success nobody may have knocked. */
	for (size_t i = 1; i <= count && found < max && successes[i - 1] < to_ns; i++) {
		uint64_t begin_ns = successes[i - 1], end_ns = i < count ? successes[i] : to_ns;

		if (end_ns <= from_ns || end_ns - begin_ns <= least_ns)
			continue;
		ret[found][0] = begin_ns > from_ns ? begin_ns : from_ns;
		ret[found++][1] = end_ns;
	}
	return found;
}
