/* SPDX-License-Identifier: MIT */
#include "lab/run/trial.h"

#include "base/clock.h"
#include "lab/doctor/canary.h"
#include "lab/files/json_file.h"
#include "lab/run/external.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
};

void trial_wish_fill(const struct experiment *x, const struct trial_options *options,
	const char *work_path, struct trial_wish *ret)
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
	ret->plan = (struct deploy_plan){ .domains = ret->domains,
		.domain_count = domain_count,
		.accounts = ret->accounts,
		.account_count = strcmp(x->from, x->to) == 0 ? 1 : 2,
		.cpu_count = x->cpu_count,
		.memory_bytes = (uint64_t)x->memory_mib << 20,
		.disk_bytes = (uint64_t)x->disk_mib << 20,
		.server_path = options->server_path,
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

static void note_samples(struct running *r)
{
	uint64_t *by_outcome[OUTCOME_COUNT] = { &r->record->delivered, &r->record->refused,
		&r->record->broken, &r->record->lost, &r->record->corrupt };

	for (size_t i = 0; i < r->result.count; i++)
		++*by_outcome[r->result.samples[i].outcome];
	r->record->sent = r->result.count;
	r->record->duplicated = r->result.duplicated;
	r->record->late = r->result.late;
	r->record->strange = r->result.strange;
	r->record->look_failures = r->result.look_failures;
	r->record->work_seconds =
		(double)(r->result.last_ns - r->result.first_ns) / (double)NS_PER_S;
}

static void note_usage(struct running *r, const struct platform_usage *before)
{
	struct platform_usage after;

	if (r->platform->usage == NULL || before->cpu_ns == UINT64_MAX ||
		!r->platform->usage(&r->deployment, &after))
		return;
	if (after.cpu_ns != UINT64_MAX && after.cpu_ns >= before->cpu_ns &&
		r->record->delivered > 0)
		r->record->cpu_ms_per_mail = (double)(after.cpu_ns - before->cpu_ns) /
					     (double)NS_PER_MS / (double)r->record->delivered;
	if (after.memory_bytes != UINT64_MAX)
		r->record->memory_mib = (double)after.memory_bytes / (1 << 20);
}

static void on_mail_done(void *context, unsigned done, unsigned of)
{
	struct running *r = context;

	if (r->options->on_step != NULL)
		r->options->on_step(r->options->context, "mails", done, of);
}

/* Deployed: send and receive. */
static bool work(struct running *r, struct plan_trial at, struct error *e)
{
	const struct experiment *x = &r->plan->x;
	struct platform_usage before = { .cpu_ns = UINT64_MAX };
	char run[LETTER_RUN_BYTES];
	struct workload_plan plan = { .host = r->deployment.host,
		.smtp_port = r->deployment.smtp_port,
		.pop3_port = r->deployment.pop3_port,
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

	memcpy(plan.sizes, x->sizes, sizeof plan.sizes);
	(void)snprintf(run, sizeof run, "%.8s-%u-%u", r->plan->hash, at.block + 1, at.position + 1);
	if (r->platform->usage != NULL && !r->platform->usage(&r->deployment, &before))
		before.cpu_ns = UINT64_MAX;
	if (!workload_run(&plan, &r->result, e))
		return false;
	note_samples(r);
	note_usage(r, &before);
	return true;
}

/* Keeps the end of a log beside the samples. Not having it is no failure. */
static void log_keep(const struct running *r, const char *from, const char *name)
{
	struct error ignored = { .fault = FAULT_NONE };
	auto_buf text = { .max = LOG_BYTES_MAX };
	char path[PATH_MAX];

	if (from[0] == '\0' || !file_get(from, &text, &ignored) || text.len == 0 ||
		!path_join(r->folder, name, path, &ignored))
		return;
	struct slice kept = buf_slice(&text);
	if (kept.len > LOG_KEPT_BYTES)
		kept = slice_skip(kept, kept.len - LOG_KEPT_BYTES);
	(void)!file_put(path, kept, &ignored);
}

/* Deploys, works, stops; *e says why the trial has no result. */
static bool measure(struct running *r, struct plan_trial at, struct error *e)
{
	struct trial_wish wish;
	char reason[PLATFORM_REASON_BYTES] = "";

	trial_wish_fill(&r->plan->x, r->options, r->work, &wish);
	if (r->options->on_step != NULL)
		r->options->on_step(r->options->context, "deploying", 0, 1);
	if (!r->platform->deploy(&wish.plan, &r->deployment, e))
		return fail_in(e, "deploy");
	note_deployment(r);
	bool is_done = work(r, at, e);
	if (!is_done && !r->platform->is_alive(&r->deployment, reason))
		(void)fail_in(e, "%.120s", reason);
	char console[PLATFORM_PATH_BYTES], timeline[PLATFORM_PATH_BYTES];
	(void)snprintf(console, sizeof console, "%s", r->deployment.console_path);
	(void)snprintf(timeline, sizeof timeline, "%s", r->deployment.timeline_path);
	r->platform->stop(&r->deployment);
	log_keep(r, console, "console.log");
	log_keep(r, timeline, "timeline.log");
	return is_done;
}

static bool work_folder_make(struct running *r, struct error *e)
{
	if (!path_join(r->options->work_root, "mvlab-XXXXXX", r->work, e))
		return false;
	if (mkdtemp(r->work) == NULL)
		return fail(e, FAULT_LATER, "make a work folder '%s': %m", r->work);
	return true;
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
		.deploy_ms = (double)NAN,
		.ready_ms = (double)NAN,
		.cpu_ms_per_mail = (double)NAN,
		.memory_mib = (double)NAN,
		.steal_percent = (double)NAN,
		.work_seconds = (double)NAN };
	(void)snprintf(ret->label, sizeof ret->label, "%s", plan->x.cells[at.cell].label);
	(void)clock_text(clock_wall_ns(&clock_real), ret->started);
}

bool trial_run(const struct plan *plan, struct plan_trial at, const struct trial_options *options,
	struct trial_record *ret, struct error *e)
{
	struct running r = { .plan = plan, .options = options, .record = ret };
	struct error why = { .fault = FAULT_NONE };
	struct cpu_times before, after;
	struct canary canary;
	uint64_t from_ns = clock_mono_ns(&clock_real);

	record_begin(plan, at, ret);
	if (!platform_choose(plan->x.cells[at.cell].platform, &r.platform, e) ||
		!plan_trial_folder(plan, options->folder, at, r.folder, e) ||
		!folder_remove(r.folder, e) || !folder_make(r.folder, e) ||
		!work_folder_make(&r, e))
		return false;
	canary_measure(options->work_root, &canary);
	ret->spin_ms = canary.spin_ms;
	ret->flush_us = canary.flush_us;
	cpu_times_now(&before);
	ret->is_measured = measure(&r, at, &why);
	cpu_times_now(&after);
	ret->steal_percent = cpu_steal_percent(&before, &after);
	ret->seconds = (double)(clock_mono_ns(&clock_real) - from_ns) / (double)NS_PER_S;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", why.text);
	bool is_good = folder_remove(r.work, e);
	if (is_good && options->is_cancelled != NULL && *options->is_cancelled)
		is_good = fail(e, FAULT_GONE, "stopped on request");
	is_good = is_good && results_write(&r, e);
	workload_result_done(&r.result);
	return is_good;
}
