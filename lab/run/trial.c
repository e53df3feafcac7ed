/* SPDX-License-Identifier: MIT */
#include "lab/run/trial.h"

#include "base/clock.h"
#include "lab/doctor/canary.h"
#include "lab/doctor/quiet.h"
#include "lab/durability/durability.h"
#include "lab/files/json_file.h"
#include "lab/files/owner.h"
#include "lab/platform/sweep.h"
#include "lab/run/curve.h"
#include "lab/run/external.h"
#include "lab/run/stages.h"
#include "lab/samples/steady.h"
#include "lab/stats/stats.h"
#include "lab/workload/arrivals.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	LOG_KEPT_BYTES = 256 << 10, /* the end of a console or log that stays with the results */
	LOG_BYTES_MAX = 64 << 20,
};

/* One trial while it runs. */
struct running {
	const struct plan *plan;
	const struct trial_options *options;
	struct trial_record *record;
	const struct platform *platform;
	char folder[PATH_MAX], work[PATH_MAX];
	struct deployment deployment;
	struct workload_result result;
	struct platform_usage before; /* the mails */
	uint64_t idle_bytes;
	unsigned idle_count;
	char generator_why[CURVE_WHY_BYTES]; /* the instrument was not good */
};

void trial_wish_fill(const struct experiment *x, const struct experiment_cell *cell,
	const struct trial_options *options, const char *work_path, struct trial_wish *ret)
{
	const char *addresses[2] = { x->from, x->to };
	unsigned domain_count = 0;

	*ret = (struct trial_wish){ .domains = { NULL, NULL } };
	for (unsigned i = 0; i < 2; i++) {
		const char *domain = strchr(addresses[i], '@') + 1;

		ret->accounts[i] = (struct deploy_account){ addresses[i], options->password };
		if (i == 1 && strcmp(domain, ret->domains_text[0]) == 0)
			continue;
		(void)snprintf(ret->domains_text[i], sizeof ret->domains_text[i], "%s", domain);
		ret->domains[domain_count++] = ret->domains_text[i];
	}
	for (unsigned i = 0; i < cell->set_count; i++)
		ret->sets[i] = cell->sets[i];
	ret->plan = (struct deploy_plan){ .domains = ret->domains,
		.domain_count = domain_count,
		.accounts = ret->accounts,
		.account_count = strcmp(x->from, x->to) == 0 ? 1 : 2,
		.cpu_count = experiment_cpus(x, cell),
		.memory_bytes = (uint64_t)experiment_memory_mib(x, cell) << 20,
		.disk_bytes = (uint64_t)x->disk_mib << 20,
		.hardware = cell->hardware,
		.way = cell->way,
		.sets = ret->sets,
		.set_count = cell->set_count,
		.server_path = options->server_path,
		.server = cell->server[0] == '\0' ? NULL : server_find(slice_of(cell->server)),
		.packages_path = options->packages_path,
		.image_path = options->image_path,
		.work_path = work_path,
		.deadline_ms = x->deploy_deadline_ms,
		.is_cancelled = options->is_cancelled };
}

static double ms_between(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns && from_ns > 0 ? (double)(to_ns - from_ns) / (double)NS_PER_MS
					      : (double)NAN;
}

static json_t *stages_json(const struct deployment *d)
{
	json_t *stages = json_object();

	for (unsigned i = 0; i < d->stage_count && i < PLATFORM_STAGE_COUNT; i++) {
		double ms = ms_between(d->spawn_ns, d->stages[i].at_ns);

		if (d->stages[i].name != NULL)
			(void)json_object_set_new(
				stages, d->stages[i].name, json_real(isfinite(ms) ? ms : 0));
	}
	return stages;
}

static void note_deployment(struct running *r)
{
	const struct deployment *d = &r->deployment;

	r->record->deploy_ms = ms_between(d->spawn_ns, d->first_220_ns);
	r->record->ready_ms = d->stage_count > 0
				      ? ms_between(d->spawn_ns, d->stages[d->stage_count - 1].at_ns)
				      : (double)NAN;
	r->record->facts = json_facts(d->facts_json);
	r->record->stages = stages_json(d);
}

static double median_of(const struct workload_result *r)
{
	auto_free double *room = calloc(r->count + 1, sizeof *room);
	size_t count = 0;

	for (size_t i = 0; i < r->count && room != NULL; i++) {
		const struct sample *s = &r->samples[i];

		if ((s->flags & SAMPLE_IS_WARMUP) == 0)
			room[count++] = s->outcome == OUTCOME_DELIVERED
						? (double)sample_latency_ns(s) / (double)NS_PER_MS
						: (double)INFINITY;
	}
	return stats_median(room, count);
}

static void note_samples(struct running *r)
{
	uint64_t *by_outcome[OUTCOME_COUNT] = { &r->record->delivered, &r->record->refused,
		&r->record->broken, &r->record->lost, &r->record->corrupt };

	for (size_t i = 0; i < r->result.count; i++)
		++*by_outcome[r->result.samples[i].outcome];
	r->record->sent = r->result.count;
	r->record->median_ms = median_of(&r->result);
	r->record->duplicated = r->result.duplicated;
	r->record->late = r->result.late;
	r->record->strange = r->result.strange;
	r->record->look_failures = r->result.look_failures;
	r->record->work_seconds =
		(double)(r->result.last_ns - r->result.first_ns) / (double)NS_PER_S;
}

/* Latencies in sending order, each against the median of its size: one level, whatever the sizes. */
static bool levels_fill(const struct running *r, double *ret, double *room)
{
	const struct experiment *x = &r->plan->x;
	const struct sample *samples = r->result.samples;

	for (unsigned k = 0; k < x->size_count; k++) {
		size_t used = 0;

		for (size_t i = 0; i < r->result.count; i++) {
			if (samples[i].size_bytes == x->sizes[k] &&
				samples[i].outcome == OUTCOME_DELIVERED)
				room[used++] = (double)sample_latency_ns(&samples[i]);
		}
		double median = used > 0 ? stats_median(room, used) : (double)NAN;

		for (size_t i = 0; i < r->result.count; i++) {
			if (samples[i].size_bytes == x->sizes[k])
				ret[i] = samples[i].outcome == OUTCOME_DELIVERED
						 ? (double)sample_latency_ns(&samples[i]) / median
						 : (double)NAN;
		}
	}
	return r->result.count > 0;
}

static void note_steady(struct running *r)
{
	auto_free double *levels = calloc(r->result.count + 1, sizeof *levels);
	auto_free double *room = calloc(r->result.count + 1, sizeof *room);
	struct steady steady;

	/* Steps of different rates have no common level. */
	if (arrivals_steps(&r->plan->x.load) > 1)
		return;
	if (levels == NULL || room == NULL || !levels_fill(r, levels, room) ||
		!steady_find(levels, r->result.count, &steady) || !steady.is_known)
		return;
	r->record->steady_from = (double)steady.from;
	r->record->steady_p = steady.trend_p;
	r->record->is_steady = steady.is_steady;
}

/* What a counter grew by, a delivered mail; NAN when it is not known. */
static double per_mail(uint64_t before, uint64_t after, uint64_t mails, double unit)
{
	if (before == UINT64_MAX || after == UINT64_MAX || after < before || mails == 0)
		return (double)NAN;
	return (double)(after - before) / unit / (double)mails;
}

static void note_usage(struct running *r, const struct platform_usage *before)
{
	struct trial_record *record = r->record;
	struct platform_usage after;

	if (r->platform->usage == NULL || before->cpu_ns == UINT64_MAX ||
		!r->platform->usage(&r->deployment, &after))
		return;
	record->cpu_ms_per_mail =
		per_mail(before->cpu_ns, after.cpu_ns, record->delivered, (double)NS_PER_MS);
	record->write_kib_per_mail =
		per_mail(before->write_bytes, after.write_bytes, record->delivered, 1024);
	record->flushes_per_mail = per_mail(before->flushes, after.flushes, record->delivered, 1);
	record->exits_per_mail = per_mail(before->exits, after.exits, record->delivered, 1);
	if (after.memory_bytes != UINT64_MAX)
		record->memory_mib = (double)after.memory_bytes / (1 << 20);
}

static void on_mail_done(void *context, unsigned done, unsigned of)
{
	struct running *r = context;

	if (r->options->on_step != NULL)
		r->options->on_step(r->options->context, "mails", done, of);
}

/* Memory with half of the connections that only wait, and with all. What came before is not the mails' cost. */
static void on_idle(void *context, unsigned count)
{
	struct running *r = context;

	if (r->platform->usage == NULL || !r->platform->usage(&r->deployment, &r->before) ||
		r->before.memory_bytes == UINT64_MAX)
		return;
	if (r->idle_count > 0 && count > r->idle_count)
		r->record->idle_kib = ((double)r->before.memory_bytes - (double)r->idle_bytes) /
				      1024 / (double)(count - r->idle_count);
	r->idle_count = count;
	r->idle_bytes = r->before.memory_bytes;
}

static const struct server_log *cell_log(const struct experiment_cell *cell)
{
	const struct server *s =
		cell->server[0] == '\0' ? &server_mailvisor : server_find(slice_of(cell->server));

	return s == NULL ? NULL : s->log;
}

/* The ports of the cell's way; a platform or server without them is a failure. */
static bool doors_choose(const struct deployment *d, struct workload_plan *plan, struct error *e)
{
	bool is_tls = plan->way.submit == SUBMIT_TLS, is_user = plan->way.submit != SUBMIT_SMTP;

	plan->smtp_port = is_tls    ? d->submissions_port
			  : is_user ? d->submission_port
				    : d->smtp_port;
	plan->pop3_port = is_tls ? d->pop3s_port : d->pop3_port;
	plan->imap_port = is_tls ? d->imaps_port : d->imap_port;
	return (plan->smtp_port != 0 && plan->pop3_port != 0) ||
	       fail(e, FAULT_NEVER, "submit = %s: there is no port for it here",
		       submit_kind_name(plan->way.submit));
}

/* Deployed: send and receive. */
static bool work(struct running *r, struct plan_trial at, struct error *e)
{
	const struct experiment *x = &r->plan->x;
	char run[LETTER_RUN_BYTES];
	struct workload_plan plan = { .host = r->deployment.host,
		.way = x->cells[at.cell].way,
		.load = x->load,
		.log_path = x->cells[at.cell].log,
		.log = cell_log(&x->cells[at.cell]),
		.on_idle = on_idle,
		.from = x->from,
		.to = x->to,
		.user = x->to,
		.password = r->options->password,
		.run = run,
		.seed = x->seed * 1000003 + at.block,
		.size_count = x->size_count,
		.per_size = experiment_per_size(x, at.cell),
		.warmup_count = x->warmup,
		.poll_interval_ns = x->poll_interval_us * NS_PER_US,
		.message_deadline_ns = x->message_deadline_ms * NS_PER_MS,
		.is_cancelled = r->options->is_cancelled,
		.on_mail_done = on_mail_done,
		.context = r };

	if (!doors_choose(&r->deployment, &plan, e))
		return false;
	memcpy(plan.sizes, x->sizes, sizeof plan.sizes);
	(void)snprintf(run, sizeof run, "%.8s-%u-%u", r->plan->hash, at.block + 1, at.position + 1);
	if (r->platform->usage != NULL && !r->platform->usage(&r->deployment, &r->before))
		r->before.cpu_ns = UINT64_MAX;
	if (!workload_run(&plan, &r->result, e))
		return false;
	note_samples(r);
	note_steady(r);
	r->record->load = curve_make(&plan, &r->result, r->generator_why);
	note_usage(r, &r->before);
	return true;
}

/* Keeps the end of a log beside the samples. Not having it is no failure. */
static void log_keep(const struct running *r, const struct buf *text, const char *name)
{
	struct error ignored = { .fault = FAULT_NONE };
	char path[PATH_MAX];

	if (text->len == 0 || !path_join(r->folder, name, path, &ignored))
		return;
	struct slice kept = buf_slice(text);
	if (kept.len > LOG_KEPT_BYTES)
		kept = slice_skip(kept, kept.len - LOG_KEPT_BYTES);
	(void)!file_put(path, kept, &ignored);
}

/* What a file got since it had `from_bytes`; a file that is shorter now was begun anew. */
static void log_read(const char *path, uint64_t from_bytes, struct buf *to)
{
	struct error ignored = { .fault = FAULT_NONE };

	buf_clear(to);
	if (path[0] == '\0' || !file_get(path, to, &ignored))
		buf_clear(to);
	else if (from_bytes <= to->len)
		buf_shift(to, from_bytes);
}

static uint64_t file_bytes(const char *path)
{
	struct stat meta;

	return path[0] != '\0' && stat(path, &meta) == 0 ? (uint64_t)meta.st_size : 0;
}

/* Ends the deployment. Logs stay: the server's own in its folder must be read before, ours is whole behind. */
static void stop(struct running *r, const struct experiment_cell *cell, uint64_t log_from_bytes,
	struct buf *timeline)
{
	char console_path[PLATFORM_PATH_BYTES], timeline_path[PLATFORM_PATH_BYTES];
	auto_buf console = { .max = LOG_BYTES_MAX };

	(void)snprintf(console_path, sizeof console_path, "%s", r->deployment.console_path);
	(void)snprintf(timeline_path, sizeof timeline_path, "%s",
		cell->log[0] != '\0' ? cell->log : r->deployment.timeline_path);
	bool is_console = strcmp(console_path, timeline_path) == 0;
	if (!is_console)
		log_read(timeline_path, log_from_bytes, timeline);
	r->platform->stop(&r->deployment);
	log_read(console_path, 0, &console);
	if (is_console)
		log_read(console_path, 0, timeline);
	log_keep(r, &console, "console.log");
	if (!is_console)
		log_keep(r, timeline, "timeline.log");
}

/* Deploys, works, stops; *e says why the trial has no result. */
/*
 * Nothing is ranked before this is known: is an acknowledged mail on the disk? Asked once an
 * experiment for each cell, with mail for the sender's own mailbox, which nobody reads.
 */
static void note_durability(struct running *r, struct plan_trial at)
{
	const struct experiment *x = &r->plan->x;
	struct error why = { .fault = FAULT_NONE };
	struct durability_found found;

	if (at.block > 0 || r->record->facts == NULL || r->deployment.state == NULL ||
		strcmp(x->from, x->to) == 0)
		return;
	if (r->options->on_step != NULL)
		r->options->on_step(r->options->context, "asking for durability", 0, 1);
	if (!durability_probe(&r->deployment, r->work, x->to, x->from, &found, &why))
		found = durability_not_asked(why.text);
	(void)json_object_set_new(r->record->facts, "durability", durability_json(&found));
}

static bool measure(struct running *r, struct plan_trial at, struct error *e)
{
	const struct experiment_cell *cell = &r->plan->x.cells[at.cell];
	uint64_t log_from_bytes = file_bytes(cell->log);
	auto_buf timeline = { .max = LOG_BYTES_MAX };
	struct trial_wish wish;
	char reason[PLATFORM_REASON_BYTES] = "";

	trial_wish_fill(&r->plan->x, &r->plan->x.cells[at.cell], r->options, r->work, &wish);
	if (r->options->on_step != NULL)
		r->options->on_step(r->options->context, "deploying", 0, 1);
	if (!r->platform->deploy(&wish.plan, &r->deployment, e))
		return fail_in(e, "deploy");
	note_deployment(r);
	note_durability(r, at);
	bool is_done = work(r, at, e);
	if (!is_done && !r->platform->is_alive(&r->deployment, reason))
		(void)fail_in(e, "%.120s", reason);
	stop(r, cell, log_from_bytes, &timeline);
	if (is_done)
		r->record->mail_stages = stages_make(r->result.samples, r->result.count,
			cell_log(cell), buf_slice(&timeline), r->plan->x.warmup);
	return is_done;
}

static bool results_write(const struct running *r, struct error *e)
{
	char path[PATH_MAX];
	struct sample_file file = { .samples = r->result.samples, .count = r->result.count };

	(void)snprintf(file.run, sizeof file.run, "%.64s", r->plan->hash);
	(void)snprintf(file.trial, sizeof file.trial, "%u/%u-%s", r->record->block + 1,
		r->record->position + 1, r->record->label);
	if (r->record->is_measured &&
		(!path_join(r->folder, "samples.bin", path, e) || !samples_write(path, &file, e)))
		return false;
	return record_save(r->record, r->folder, e);
}

static void record_begin(const struct plan *plan, struct plan_trial at, struct trial_record *ret)
{
	*ret = (struct trial_record){ .block = at.block,
		.position = at.position,
		.median_ms = (double)NAN,
		.deploy_ms = (double)NAN,
		.ready_ms = (double)NAN,
		.cpu_ms_per_mail = (double)NAN,
		.memory_mib = (double)NAN,
		.idle_kib = (double)NAN,
		.quiet_wait_ms = (double)NAN,
		.steady_from = (double)NAN,
		.steady_p = (double)NAN,
		.write_kib_per_mail = (double)NAN,
		.flushes_per_mail = (double)NAN,
		.exits_per_mail = (double)NAN,
		.steal_percent = (double)NAN,
		.work_seconds = (double)NAN };
	(void)snprintf(ret->label, sizeof ret->label, "%s", plan->x.cells[at.cell].label);
	(void)clock_text(clock_wall_ns(&clock_real), ret->started);
}

bool trial_run(const struct plan *plan, struct plan_trial at, const struct trial_options *options,
	struct trial_record *ret, struct error *e)
{
	struct running r = {
		.plan = plan, .options = options, .record = ret, .before = { .cpu_ns = UINT64_MAX }
	};
	struct error why = { .fault = FAULT_NONE };
	struct cpu_times before, after;
	struct canary canary;
	struct quiet quiet;
	uint64_t from_ns = clock_mono_ns(&clock_real);

	record_begin(plan, at, ret);
	if (!platform_choose(plan->x.cells[at.cell].platform, &r.platform, e) ||
		!plan_trial_folder(plan, options->folder, at, r.folder, e) ||
		!folder_remove(r.folder, e) || !folder_make(r.folder, e) ||
		!owner_folder_make(r.options->work_root, SWEEP_WORK, r.work, e))
		return false;
	ret->reruns = rules_excluded_count(r.folder);
	if (options->on_step != NULL)
		options->on_step(options->context, "waiting for quiet", 0, 1);
	quiet_wait(options->work_root, plan->x.rules.quiet_ms, options->is_cancelled, &quiet);
	ret->is_quiet = quiet.is_quiet;
	ret->quiet_wait_ms = plan->x.rules.quiet_ms > 0 ? quiet.waited_ms : (double)NAN;
	canary_measure(options->work_root, &canary);
	ret->spin_ms = canary.spin_ms;
	ret->flush_us = canary.flush_us;
	ret->trip_us = canary.trip_us;
	cpu_times_now(&before);
	ret->is_measured = measure(&r, at, &why);
	cpu_times_now(&after);
	ret->steal_percent = cpu_steal_percent(&before, &after);
	ret->seconds = (double)(clock_mono_ns(&clock_real) - from_ns) / (double)NS_PER_S;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", why.text);
	rules_judge(&plan->x.rules, options->history, r.generator_why, ret);
	bool is_good = folder_remove(r.work, e);
	if (is_good && options->is_cancelled != NULL && *options->is_cancelled)
		is_good = fail(e, FAULT_GONE, "stopped on request");
	is_good = is_good && results_write(&r, e);
	workload_result_done(&r.result);
	return is_good;
}
