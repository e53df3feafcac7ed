/* SPDX-License-Identifier: MIT */
#include "lab/workload/receiver.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	SLICE_MS = 50,       /* between looks at is_over */
	FAILED_WAIT_MS = 20, /* before a connection is made again */
	DRAIN_ROUNDS = 100,  /* of POP3_MAILS_PER_LOOK mails */
	LOG_LINE_BYTES = 8192,
	TRACE_ROOM_BYTES = 64 << 10, /* what a server may put on top of a mail */
};

static uint64_t in_ms(uint64_t ms)
{
	return wire_now_ns() + ms * NS_PER_MS;
}

static void sleep_ns(uint64_t ns)
{
	struct timespec wait = { (time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S) };

	(void)nanosleep(&wait, NULL);
}

static uint64_t deadline(const struct receiver *r)
{
	return wire_now_ns() + r->plan->message_deadline_ns;
}

static void failure_note(struct receiver *r, const struct error *e)
{
	(void)atomic_fetch_add(&r->failures, 1);
	(void)snprintf(r->last_failure, sizeof r->last_failure, "%s", e->text);
	sleep_ns(FAILED_WAIT_MS * NS_PER_MS);
}

static void pop3_run(struct receiver *r)
{
	uint64_t look_ns = wire_now_ns();

	while (!atomic_load(&r->is_over)) {
		struct error e = { .fault = FAULT_NONE };
		uint64_t count = 0, before_ns = look_ns;

		look_ns = wire_now_ns();
		atomic_store(&r->look_gap_ns, look_ns - before_ns);
		if (!pop3_look(&r->box, deadline(r), &count, &e))
			failure_note(r, &e);
		uint64_t next_ns = look_ns + r->plan->poll_interval_ns, now = wire_now_ns();
		if (next_ns > now)
			sleep_ns(next_ns - now);
	}
}

static bool idle_step(struct receiver *r, struct error *e)
{
	bool has_mail = false;

	return push_wait(&r->imap, in_ms(SLICE_MS), &has_mail, e) &&
	       (!has_mail || push_take(&r->imap, &r->box, deadline(r), e));
}

static void idle_run(struct receiver *r)
{
	while (!atomic_load(&r->is_over)) {
		struct error e = { .fault = FAULT_NONE };

		if (r->imap.wire.fd >= 0 ? idle_step(r, &e)
					 : push_open(&r->imap, &r->box, deadline(r), &e))
			continue;
		push_close(&r->imap);
		failure_note(r, &e);
	}
}

/* Every whole line that was added since; a part of one is read again. */
static void log_read(struct receiver *r)
{
	char line[LOG_LINE_BYTES];
	long at = ftell(r->log);

	clearerr(r->log);
	while (fgets(line, sizeof line, r->log) != NULL) {
		struct slice text = slice_of(line);
		struct log_event event;

		if (text.len > 0 && text.at[text.len - 1] != '\n' && text.len + 1 < sizeof line) {
			(void)fseek(r->log, at, SEEK_SET);
			return;
		}
		at = ftell(r->log);
		if (r->plan->log->line(slice_trim(text), &event) && event.point == LOG_DELIVERED)
			r->box.on_mail(r->box.context, S(""), wire_now_ns(), wire_now_ns());
	}
}

static void log_run(struct receiver *r)
{
	uint64_t look_ns = wire_now_ns();

	while (!atomic_load(&r->is_over)) {
		uint64_t before_ns = look_ns;

		look_ns = wire_now_ns();
		atomic_store(&r->look_gap_ns, look_ns - before_ns);
		log_read(r);
		sleep_ns(r->plan->poll_interval_ns);
	}
}

static void *receiver_main(void *argument)
{
	struct receiver *r = argument;

	switch (r->plan->load.receive) {
	case RECEIVE_POP3:
		pop3_run(r);
		break;
	case RECEIVE_IDLE:
		idle_run(r);
		break;
	case RECEIVE_LOG:
		log_run(r);
		break;
	case RECEIVE_KIND_COUNT:
		break;
	}
	return NULL;
}

static bool log_open(struct receiver *r, struct error *e)
{
	if (r->plan->log == NULL || r->plan->log_path == NULL || r->plan->log_path[0] == '\0')
		return fail(e, FAULT_NEVER,
			"receive = log: the platform's 'log' and 'server' say which file to read, "
			"and how");
	r->log = fopen(r->plan->log_path, "re");
	if (r->log == NULL || fseek(r->log, 0, SEEK_END) != 0)
		return fail(e, FAULT_NEVER, "read the log '%s': %m", r->plan->log_path);
	return true;
}

static bool pop3_drain(struct receiver *r, struct error *e)
{
	uint64_t count = 1;

	for (int i = 0; count > 0 && i < DRAIN_ROUNDS; i++) {
		if (!pop3_look(&r->box, deadline(r), &count, e))
			return false;
	}
	return true;
}

bool receiver_open(struct receiver *r, const struct workload_plan *plan, pop3_mail_fn *on_mail,
	void *context, struct error *e)
{
	bool is_idle = plan->load.receive == RECEIVE_IDLE;
	uint32_t largest = 0;

	for (unsigned i = 0; i < plan->size_count; i++)
		largest = plan->sizes[i] > largest ? plan->sizes[i] : largest;
	*r = (struct receiver){ .plan = plan,
		.room = { .max = 2 * (size_t)largest + TRACE_ROOM_BYTES },
		.imap = { .wire = { .fd = -1 } } };
	r->box = (struct pop3_mailbox){ .host = plan->host,
		.port = is_idle ? plan->imap_port : plan->pop3_port,
		.user = plan->user,
		.password = plan->password,
		.way = plan->way,
		.tls = plan->read_tls,
		.on_mail = on_mail,
		.context = context,
		.room = &r->room };
	if (plan->load.receive == RECEIVE_LOG)
		return log_open(r, e);
	if (is_idle && plan->imap_port == 0)
		return fail(e, FAULT_NEVER, "receive = idle: this platform offers no IMAP port");
	if (!is_idle)
		return pop3_drain(r, e);
	return push_open(&r->imap, &r->box, deadline(r), e) && push_empty(&r->imap, deadline(r), e);
}

bool receiver_start(struct receiver *r, struct error *e)
{
	int status = pthread_create(&r->thread, NULL, receiver_main, r);

	return status == 0 || fail(e, FAULT_LATER, "start the receiver: %s", strerror(status));
}

void receiver_stop(struct receiver *r)
{
	atomic_store(&r->is_over, true);
	(void)pthread_join(r->thread, NULL);
}

void receiver_close(struct receiver *r)
{
	struct error ignored = { .fault = FAULT_NONE };

	if (r->imap.wire.fd >= 0)
		(void)!push_empty(&r->imap, in_ms(1000), &ignored);
	push_close(&r->imap);
	if (r->log != NULL)
		(void)fclose(r->log);
	buf_done(&r->room);
}
