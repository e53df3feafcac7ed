/* SPDX-License-Identifier: MIT */
#include "lab/run/floor.h"

#include "base/clock.h"
#include "lab/stats/stats.h"
#include "lab/workload/null_server.h"
#include "lab/workload/workload.h"

#include <stdlib.h>

enum { FLOOR_BYTES = 1024, FLOOR_SENDERS = 8, FLOOR_DEADLINE_MS = 5000, FLOOR_POLL_US = 100 };

static json_t *row_make(const struct workload_result *r, double *room)
{
	size_t used = 0;

	for (size_t i = 0; i < r->count; i++) {
		if (r->samples[i].outcome == OUTCOME_DELIVERED)
			room[used++] =
				(double)sample_latency_ns(&r->samples[i]) / (double)NS_PER_MS;
	}
	if (used == 0)
		return json_null();
	double seconds = (double)(r->last_ns - r->first_ns) / (double)NS_PER_S;

	return json_pack("{s:f, s:f, s:f, s:f}", "median_ms", stats_median(room, used), "p99_ms",
		stats_quantile(room, used, 0.99), "cpu_us_per_mail",
		(double)r->cpu_ns / (double)NS_PER_US / (double)used, "mails_per_s",
		seconds > 0 ? (double)used / seconds : 0);
}

static bool row_add(json_t *to, const char *name, const struct workload_plan *plan, struct error *e)
{
	struct workload_result result = { .samples = NULL };
	auto_free double *room = calloc(FLOOR_MAILS + 1, sizeof *room);

	if (room == NULL)
		return fail(e, FAULT_LATER, "measure the instrument: no memory");
	if (!workload_run(plan, &result, e))
		return fail_in(e, "measure the instrument (%s)", name);
	(void)json_object_set_new(to, name, row_make(&result, room));
	workload_result_done(&result);
	return true;
}

static bool rows_add(
	json_t *to, const struct null_server *s, const volatile bool *is_cancelled, struct error *e)
{
	struct workload_plan plan = { .host = "127.0.0.1",
		.smtp_port = s->smtp_port,
		.pop3_port = s->pop3_port,
		.imap_port = s->imap_port,
		.from = "a@lab.invalid",
		.to = "b@lab.invalid",
		.user = "b",
		.password = "b",
		.run = "floor",
		.seed = 1,
		.sizes = { FLOOR_BYTES },
		.size_count = 1,
		.per_size = FLOOR_MAILS,
		.poll_interval_ns = FLOOR_POLL_US * NS_PER_US,
		.message_deadline_ns = FLOOR_DEADLINE_MS * NS_PER_MS,
		.load = load_default,
		.is_cancelled = is_cancelled };

	if (!row_add(to, "pop3", &plan, e))
		return false;
	plan.load.receive = RECEIVE_IDLE;
	if (!row_add(to, "idle", &plan, e))
		return false;
	plan.load.concurrency = FLOOR_SENDERS;
	return row_add(to, "senders_8", &plan, e);
}

json_t *floor_measure(const volatile bool *is_cancelled, struct error *e)
{
	struct null_server server = { .pid = 0 };
	json_t *floor = json_pack("{s:i, s:i}", "mails", FLOOR_MAILS, "bytes", FLOOR_BYTES);

	if (floor == NULL) {
		(void)fail(e, FAULT_LATER, "measure the instrument: no memory");
		return NULL;
	}
	bool is_good = null_server_start(&server, e) && rows_add(floor, &server, is_cancelled, e);

	null_server_stop(&server);
	if (is_good)
		return floor;
	json_decref(floor);
	return NULL;
}
