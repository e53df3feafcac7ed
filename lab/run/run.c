/* SPDX-License-Identifier: MIT */
#include "lab/run/run.h"

#include "base/clock.h"
#include "lab/doctor/host.h"
#include "lab/files/json_file.h"
#include "lab/files/owner.h"
#include "lab/platform/sweep.h"
#include "lab/run/external.h"
#include "lab/run/floor.h"
#include "lab/run/precision.h"
#include "lab/run/progress.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* A run under way. */
struct runner {
	const struct run_options *options;
	const struct plan *plan;
	struct progress *progress;
	struct rules_history history;
};

/* Can this server run there? The platforms then say whether they can run at all. */
static bool probe_server(const struct platform *platform, const struct deploy_plan *plan,
	char ret_reason[PLATFORM_REASON_BYTES])
{
	const struct server *s = plan->server;

	if (s == NULL || s == &server_mailvisor || platform == &platform_external)
		return true;
	if (server_is_elsewhere(s))
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"%s is measured where it runs, as external", s->title);
	else if (platform->is_virtual && s->image_programs == NULL)
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"there is no image of %s for virtual machines", s->title);
	else if (platform->is_virtual && platform != platform_find(S("tcg")) &&
		 platform != platform_find(S("kvm")))
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"%s runs Mailvisor only; tcg and kvm have an image of %s", platform->title,
			s->title);
	else
		return s->probe(plan->packages_path, ret_reason);
	return false;
}

/* Are there the doors that its clients want to come by? */
static bool probe_way(const struct platform *platform, const struct deploy_plan *plan,
	char ret_reason[PLATFORM_REASON_BYTES])
{
	bool is_foreign = plan->server != NULL && plan->server != &server_mailvisor;
	bool forwards =
		platform == platform_find(S("virtualbox")) ||
		platform == platform_find(S("vmware")) || platform == platform_find(S("libvirt")) ||
		(platform->is_virtual && plan->hardware.value[HARDWARE_NETWORK] != NETWORK_TAP);

	if (plan->way.submit == SUBMIT_SMTP || platform == &platform_external)
		return true;
	if (is_foreign)
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"%s is set up for submit = smtp only", plan->server->title);
	else if (plan->way.submit == SUBMIT_TLS && forwards)
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"%s forwards no ports for submit = tls here; starttls has its ports",
			platform->title);
	else
		return true;
	return false;
}

static bool probe_cell(
	const struct run_options *o, struct plan *plan, unsigned cell, struct error *e)
{
	const struct platform *platform = NULL;
	char reason[PLATFORM_REASON_BYTES] = "", work[PATH_MAX];
	struct trial_wish wish;

	for (unsigned i = 0; i < cell; i++) {
		if (experiment_is_same(&plan->x.cells[i], &plan->x.cells[cell])) {
			plan->cells[cell] = plan->cells[i];
			return true;
		}
	}
	if (!platform_choose(plan->x.cells[cell].platform, &platform, e) ||
		!owner_folder_make(o->trial.work_root, SWEEP_WORK, work, e))
		return false;
	trial_wish_fill(&plan->x, &plan->x.cells[cell], &o->trial, work, &wish);
	plan->cells[cell].is_available = probe_server(platform, &wish.plan, reason) &&
					 probe_way(platform, &wish.plan, reason) &&
					 platform_takes(platform, &wish.plan.hardware, reason) &&
					 platform->probe(&wish.plan, reason) &&
					 !platform_is_nested(platform, reason);
	(void)snprintf(plan->cells[cell].reason, sizeof plan->cells[cell].reason, "%s",
		plan->cells[cell].is_available ? "" : reason);
	return folder_remove(work, e);
}

bool run_probe(const struct run_options *options, struct plan *plan, struct error *e)
{
	plan->x = options->x;
	for (unsigned i = 0; i < plan->x.cell_count; i++) {
		if (!probe_cell(options, plan, i, e))
			return false;
	}
	return true;
}

/* Printed too: whoever reads small numbers must know what part of them is ours. */
static bool floor_save(const struct run_options *o, const char *folder, struct error *e)
{
	char path[PATH_MAX];
	json_t *floor = floor_measure(o->trial.is_cancelled, e);

	if (floor == NULL)
		return false;
	const json_t *pop3 = json_object_get(floor, "pop3");

	(void)fprintf(stderr,
		"the instrument alone: a mail of 1 KB takes %.2f ms and %.0f us of processor time "
		"(a server "
		"that does nothing)\n",
		json_number_value(json_object_get(pop3, "median_ms")),
		json_number_value(json_object_get(pop3, "cpu_us_per_mail")));
	if (path_join(folder, "generator.json", path, e))
		return json_file_save(path, floor, e);
	json_decref(floor);
	return false;
}

/* What the machine and its platforms are, beside the plan. */
static bool environment_save(const struct run_options *o, const struct plan *plan, struct error *e)
{
	char folder[PATH_MAX], path[PATH_MAX];

	if (!path_join(o->trial.folder, "env", folder, e) || !folder_make(folder, e) ||
		!path_join(folder, "host.json", path, e) ||
		!json_file_save(path, host_facts(o->trial.work_root), e) ||
		!floor_save(o, folder, e))
		return false;
	for (unsigned i = 0; i < plan->measured_count; i++) {
		const struct experiment_cell *cell = &plan->x.cells[plan->measured[i]];
		const struct platform *platform = NULL;
		char facts[PLATFORM_FACTS_BYTES] = "", name[LABEL_BYTES + 32];

		if (!platform_choose(cell->platform, &platform, e))
			return false;
		platform->describe(facts);
		(void)snprintf(name, sizeof name, "platform-%s.json", cell->label);
		if (!path_join(folder, name, path, e) ||
			!json_file_save(path, json_facts(facts), e))
			return false;
	}
	return true;
}

static bool plan_begin(const struct run_options *o, struct plan *plan, struct error *e)
{
	if (!run_probe(o, plan, e) || !plan_make(plan, clock_wall_ns(&clock_real), e))
		return false;
	if (plan->measured_count == 0)
		return fail(e, FAULT_NEVER, "no platform can run here: %s", plan->cells[0].reason);
	/* The plan is written last: a folder with a plan has everything else. */
	return folder_make(o->trial.folder, e) && environment_save(o, plan, e) &&
	       plan_save(plan, o->trial.folder, e);
}

static bool plan_resume(const struct run_options *o, struct plan *plan, struct error *e)
{
	char hash[EXPERIMENT_HASH_TEXT_BYTES + 1];

	if (!plan_load(o->trial.folder, plan, e) || !experiment_hash(&o->x, hash, e))
		return false;
	if (strcmp(hash, plan->hash) != 0)
		return fail(e, FAULT_NEVER,
			"'%s' holds another experiment than the one asked for; give another --out, "
			"or the "
			"same experiment and options",
			o->trial.folder);
	return true;
}

/* One run at a time in a folder; the descriptor holds the lock until the process ends. */
static bool folder_lock(const char *folder, int *ret_fd, struct error *e)
{
	char path[PATH_MAX];

	if (!folder_make(folder, e) || !path_join(folder, ".lock", path, e))
		return false;
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail(e, FAULT_LATER, "open '%s': %m", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return fail(e, FAULT_NEVER, "'%s' is in use by another run", folder);
	*ret_fd = fd_give(&fd);
	return true;
}

static bool one_trial(
	struct runner *r, struct plan_trial at, struct trial_record *ret, struct error *e)
{
	char folder[PATH_MAX];

	progress_trial(r->progress, at);
	if (!plan_trial_folder(r->plan, r->options->trial.folder, at, folder, e))
		return false;
	bool is_new = !record_is_there(folder);
	if ((is_new ? !trial_run(r->plan, at, &r->options->trial, ret, e)
		    : !record_load(folder, ret, e)) ||
		!rules_remember(&r->history, ret, e)) {
		record_done(ret);
		return false;
	}
	progress_trial_done(r->progress, ret, is_new);
	return true;
}

/* The disturbed trials of a block once more, as often as the rules allow. The last one stays. */
static bool block_again(struct runner *r, unsigned block, struct error *e)
{
	for (unsigned i = 0; i < r->plan->measured_count; i++) {
		struct plan_trial at = plan_trial_at(r->plan, block * r->plan->measured_count + i);
		char folder[PATH_MAX];

		if (!plan_trial_folder(r->plan, r->options->trial.folder, at, folder, e))
			return false;
		while (record_is_there(folder)) {
			struct trial_record record = { .facts = NULL };

			if (!record_load(folder, &record, e))
				return false;
			bool is_again = record.excluded[0] != '\0' &&
					record.reruns < r->plan->x.rules.reruns;
			record_done(&record);
			if (!is_again)
				break;
			progress_again(r->progress, at);
			if (!rules_set_aside(folder, e) || !one_trial(r, at, &record, e))
				return false;
			record_done(&record);
		}
	}
	return true;
}

/* By the declared rule: is every ratio precise enough? Then that is written down. */
static bool block_is_last(struct runner *r, unsigned block, bool *ret, struct error *e)
{
	const char *folder = r->options->trial.folder;

	*ret = false;
	if (block + 1 == r->plan->x.blocks)
		return true;
	if (!precision_is_reached(r->plan, folder, block + 1, ret, e))
		return false;
	if (!*ret)
		return true;
	(void)fprintf(stderr, "every ratio is as precise as was declared: %u of %u blocks\n",
		block + 1, r->plan->x.blocks);
	return precision_stop(folder, block + 1, e);
}

static bool trials_run(struct runner *r, struct error *e)
{
	unsigned failures[EXPERIMENT_CELLS_MAX] = { 0 };
	unsigned total = r->progress->total;
	bool is_enough = false;

	for (unsigned i = 0; i < total; i++) {
		struct plan_trial at = plan_trial_at(r->plan, i);
		struct trial_record record = { .facts = NULL };

		if (failures[at.cell] >= RUN_FAILURES_IN_A_ROW) {
			r->progress->left[at.cell]--;
			r->progress->done++;
		} else {
			if (!one_trial(r, at, &record, e))
				return false;
			failures[at.cell] = record.is_measured ? 0 : failures[at.cell] + 1;
			record_done(&record);
		}
		if (at.position + 1 < r->plan->measured_count)
			continue;
		if (!block_again(r, at.block, e) || !block_is_last(r, at.block, &is_enough, e))
			return false;
		if (is_enough)
			break;
	}
	return true;
}

bool run_experiment(struct run_options *options, struct error *e)
{
	char path[PATH_MAX];
	struct plan plan = { .order = NULL };
	struct progress progress;
	auto_fd lock = -1;

	if (!experiment_check(&options->x, e) || !folder_lock(options->trial.folder, &lock, e) ||
		!path_join(options->trial.folder, "plan.json", path, e))
		return false;
	bool is_good = file_is_there(path) ? plan_resume(options, &plan, e)
					   : plan_begin(options, &plan, e);
	if (is_good) {
		progress_begin(&progress, &plan, options->trial.folder);
		options->trial.on_step = progress_step;
		options->trial.context = &progress;
		struct runner runner = { .options = options, .plan = &plan, .progress = &progress };

		options->trial.history = &runner.history;
		is_good = trials_run(&runner, e);
		options->trial.history = NULL;
		rules_history_done(&runner.history);
		progress_end(&progress);
	}
	plan_done(&plan);
	return is_good;
}
