/* SPDX-License-Identifier: MIT */
#include "lab/run/run.h"

#include "base/clock.h"
#include "lab/doctor/host.h"
#include "lab/files/json_file.h"
#include "lab/run/external.h"
#include "lab/run/progress.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static bool probe_cell(
	const struct run_options *o, struct plan *plan, unsigned cell, struct error *e)
{
	const struct platform *platform = NULL;
	char reason[PLATFORM_REASON_BYTES] = "", work[PATH_MAX];
	struct trial_wish wish;

	for (unsigned i = 0; i < cell; i++) {
		if (strcmp(plan->x.cells[i].platform, plan->x.cells[cell].platform) == 0) {
			plan->cells[cell] = plan->cells[i];
			return true;
		}
	}
	if (!platform_choose(plan->x.cells[cell].platform, &platform, e) ||
		!path_join(o->trial.work_root, "mvlab-probe-XXXXXX", work, e))
		return false;
	if (mkdtemp(work) == NULL)
		return fail(e, FAULT_LATER, "make a work folder '%s': %m", work);
	trial_wish_fill(&plan->x, &o->trial, work, &wish);
	plan->cells[cell].is_available = platform->probe(&wish.plan, reason);
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

/* What the machine and its platforms are, beside the plan. */
static bool environment_save(const struct run_options *o, const struct plan *plan, struct error *e)
{
	char folder[PATH_MAX], path[PATH_MAX];

	if (!path_join(o->trial.folder, "env", folder, e) || !folder_make(folder, e) ||
		!path_join(folder, "host.json", path, e) ||
		!json_file_save(path, host_facts(o->trial.work_root), e))
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

static bool one_trial(const struct run_options *o, const struct plan *plan,
	struct progress *progress, struct plan_trial at, struct trial_record *ret, struct error *e)
{
	char folder[PATH_MAX];

	progress_trial(progress, at);
	if (!plan_trial_folder(plan, o->trial.folder, at, folder, e))
		return false;
	bool is_new = !record_is_there(folder);
	if (is_new ? !trial_run(plan, at, &o->trial, ret, e) : !record_load(folder, ret, e)) {
		record_done(ret);
		return false;
	}
	progress_trial_done(progress, ret, is_new);
	return true;
}

static bool trials_run(const struct run_options *o, const struct plan *plan,
	struct progress *progress, struct error *e)
{
	unsigned failures[EXPERIMENT_CELLS_MAX] = { 0 };

	for (unsigned i = 0; i < progress->total; i++) {
		struct plan_trial at = plan_trial_at(plan, i);
		struct trial_record record = { .facts = NULL };

		if (failures[at.cell] >= RUN_FAILURES_IN_A_ROW) {
			progress->left[at.cell]--;
			progress->done++;
			continue;
		}
		if (!one_trial(o, plan, progress, at, &record, e))
			return false;
		failures[at.cell] = record.is_measured ? 0 : failures[at.cell] + 1;
		record_done(&record);
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
		is_good = trials_run(options, &plan, &progress, e);
		progress_end(&progress);
	}
	plan_done(&plan);
	return is_good;
}
