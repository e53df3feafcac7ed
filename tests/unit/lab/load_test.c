/* SPDX-License-Identifier: MIT */
/* Every model and receiver against the null server: all mails come once, times are in order, nothing hangs. */
#include "base/clock.h"
#include "check.h"
#include "lab/workload/null_server.h"
#include "lab/workload/workload.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct workload_plan plan_of(const struct null_server *s)
{
	return (struct workload_plan){ .host = "127.0.0.1",
		.smtp_port = s->smtp_port,
		.pop3_port = s->pop3_port,
		.imap_port = s->imap_port,
		.from = "a@lab.invalid",
		.to = "b@lab.invalid",
		.user = "b",
		.password = "b",
		.run = "unit",
		.seed = 5,
		.sizes = { 1024, 4096 },
		.size_count = 2,
		.per_size = 30,
		.warmup_count = 4,
		.poll_interval_ns = NS_PER_MS,
		.message_deadline_ns = 20 * NS_PER_S,
		.load = load_default };
}

static bool is_in_order(const struct sample *s)
{
	for (unsigned i = POINT_START + 1; i < SAMPLE_POINT_COUNT; i++) {
		if (s->at_ns[i] < s->at_ns[i - 1])
			return false;
	}
	return true;
}

static void check_result(const struct workload_result *r, size_t count, size_t row)
{
	check_row(r->count == count && r->strange == 0 && r->duplicated == 0 && r->late == 0, row);
	for (size_t i = 0; i < r->count; i++) {
		const struct sample *s = &r->samples[i];

		check_row(s->outcome == OUTCOME_DELIVERED && s->sequence == i + 1, i);
		check_row(is_in_order(s), i);
		check_row(((s->flags & SAMPLE_IS_WARMUP) != 0) == (i < 4), i);
	}
}

static void test_models(void **state)
{
	static const struct {
		enum load_kind kind;
		enum receive_kind receive;
		unsigned concurrency, rate, idle;
	} rows[] = {
		{ LOAD_CLOSED, RECEIVE_POP3, 1, 50, 0 },
		{ LOAD_CLOSED, RECEIVE_IDLE, 1, 50, 0 },
		{ LOAD_CLOSED, RECEIVE_POP3, 5, 50, 0 },
		{ LOAD_CLOSED, RECEIVE_IDLE, 5, 50, 7 },
		{ LOAD_OPEN, RECEIVE_IDLE, 1, 500, 0 },
		{ LOAD_OPEN, RECEIVE_POP3, 1, 500, 0 },
		{ LOAD_PARTLY_OPEN, RECEIVE_IDLE, 1, 500, 0 },
		{ LOAD_BURSTY, RECEIVE_IDLE, 1, 500, 0 },
		{ LOAD_OVERLOAD, RECEIVE_IDLE, 1, 500, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct null_server server;
		struct workload_result result;
		struct error e = { .fault = FAULT_NONE };

		check(null_server_start(&server, &e));
		struct workload_plan plan = plan_of(&server);

		plan.load.kind = rows[i].kind;
		plan.load.receive = rows[i].receive;
		plan.load.concurrency = rows[i].concurrency;
		plan.load.rate = rows[i].rate;
		plan.load.idle_connections = rows[i].idle;
		plan.load.in_flight = 16;
		check_row(workload_run(&plan, &result, &e), i);
		check_result(&result, 64, i);
		check_row(result.idle_open == rows[i].idle, i);
		workload_result_done(&result);
		null_server_stop(&server);
	}
}

/* A sweep's mails know their step; planned mails know that they were planned. */
static void test_sweep(void **state)
{
	struct null_server server;
	struct workload_result result;
	struct error e = { .fault = FAULT_NONE };
	unsigned of_step[2] = { 0 };

	(void)state;
	check(null_server_start(&server, &e));
	struct workload_plan plan = plan_of(&server);
	plan.load.kind = LOAD_SWEEP;
	plan.load.receive = RECEIVE_IDLE;
	plan.load.rates[0] = 60;
	plan.load.rates[1] = 240;
	plan.load.rate_count = 2;
	plan.load.step_s = 1;
	check(workload_run(&plan, &result, &e));
	check_result(&result, 304, 0);
	for (size_t i = 4; i < result.count; i++) {
		of_step[result.samples[i].step]++;
		check_row((result.samples[i].flags & SAMPLE_IS_SCHEDULED) != 0, i);
	}
	check(of_step[0] == 60 && of_step[1] == 240);
	workload_result_done(&result);
	null_server_stop(&server);
}

/* The log says what was delivered; a half line is read when it is whole. */
static bool log_line(struct slice line, struct log_event *ret)
{
	*ret = (struct log_event){ .point = LOG_DELIVERED };
	return slice_starts(line, S("delivered"));
}

static void on_done(void *context, unsigned done, unsigned of)
{
	(void)of;
	*(unsigned *)context = done;
}

static void test_log_without_lines(void **state)
{
	static const struct server_log format = { .name = "unit", .line = log_line };
	char path[] = "/tmp/mvlab-log-XXXXXX";
	struct null_server server;
	struct workload_result result;
	struct error e = { .fault = FAULT_NONE };
	unsigned done = 0;
	int fd = mkstemp(path);

	(void)state;
	check(fd >= 0 && null_server_start(&server, &e));
	struct workload_plan plan = plan_of(&server);
	plan.per_size = 1;
	plan.warmup_count = 0;
	plan.load.receive = RECEIVE_LOG;
	plan.log = &format;
	plan.log_path = path;
	plan.message_deadline_ns = 50 * NS_PER_MS;
	plan.on_mail_done = on_done;
	plan.context = &done;
	/* Nobody writes the log: accepted, and lost as far as anybody can know. */
	check(workload_run(&plan, &result, &e));
	check(result.count == 2 && result.samples[0].outcome == OUTCOME_LOST && done == 0);
	workload_result_done(&result);
	plan.log_path = "/nowhere/log";
	check(!workload_run(&plan, &result, &e) && strstr(e.text, "/nowhere/log") != NULL);
	null_server_stop(&server);
	(void)close(fd);
	(void)unlink(path);
}

/* Nobody listens: the trial is given up with a reason, soon. */
static void test_nobody_there(void **state)
{
	struct null_server server;
	struct workload_result result;
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	check(null_server_start(&server, &e));
	null_server_stop(&server);
	struct workload_plan plan = plan_of(&server);
	plan.load.kind = LOAD_OPEN;
	plan.load.receive = RECEIVE_IDLE;
	check(!workload_run(&plan, &result, &e) && strstr(e.text, "IMAP") != NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_log_without_lines),
		cmocka_unit_test(test_nobody_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
