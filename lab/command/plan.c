/* SPDX-License-Identifier: MIT */
#include "lab/command/command.h"

#include "base/clock.h"
#include "lab/doctor/doctor.h"
#include "lab/files/owner.h"
#include "lab/platform/sweep.h"
#include "lab/stats/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char plan_usage[] = "usage: mailvisor-lab plan NAME|FILE [options of run]\n"
				 "\n"
				 "Prints what run would do: platforms, trials in order, about how "
				 "long it takes, and what the number of blocks can show.\n";

/* What a real difference must be to be called better or worse in four of five runs: beyond the band by as much as
 * 1.96 + 0.84 standard errors of the blocks' log-ratios. */
static void detectable_print(const struct plan *plan)
{
	static const double spreads[] = { 0.05, 0.1, 0.3 };
	double band = log(1 + plan->x.sesoi_percent / 100.0);

	(void)printf("A difference is called better or worse in four of five runs when it is at "
		     "least\n");
	for (size_t i = 0; i < COUNT(spreads); i++) {
		double least = band + 2.8 * spreads[i] / sqrt(plan->x.blocks);

		(void)printf(
			"  %3.0f %% less time, if ratios differ by %.0f %% from block to block\n",
			100 * (1 - exp(-least)), 100 * spreads[i]);
	}
}

static void power_print(const struct plan *plan)
{
	unsigned compared = 0;

	for (unsigned i = 0; i < plan->measured_count; i++)
		compared += !plan->x.cells[plan->measured[i]].is_control;
	size_t family =
		(size_t)compared * (compared > 0 ? compared - 1 : 0) / 2 * plan->x.size_count;
	size_t least = compare_blocks_min(family);
	(void)printf("\n%zu comparisons (all pairs of %u platforms at %u sizes). An exact test "
		     "needs %zu "
		     "blocks to pass Holm's first step; planned: %u.%s\n",
		family, compared, plan->x.size_count, least, plan->x.blocks,
		plan->x.blocks < least ? " No difference can be significant with so few." : "");
	if (plan->x.blocks >= least && family > 0)
		detectable_print(plan);
}

/* Guesses for a machine like a small server; run knows better after its first block. */
static const double plain_deploy_s = 1, plain_mail_s = 0.004, machine_deploy_s = 6,
		    machine_mail_s = 0.025, canary_s = 0.3;

/* Seconds in which mails are sent: a schedule has its own length. */
static double work_seconds(const struct experiment *x, unsigned cell, double mail_s)
{
	unsigned mails = experiment_per_size(x, cell) * x->size_count + x->warmup;

	if (x->load.kind == LOAD_SWEEP)
		return (double)x->load.rate_count * x->load.step_s;
	if (!load_is_plain(&x->load) && x->load.kind != LOAD_CLOSED && x->load.rate > 0)
		return (double)mails / x->load.rate;
	return mails * mail_s;
}

static double seconds_of(const struct plan *plan)
{
	double seconds = 0;

	for (unsigned i = 0; i < plan->measured_count; i++) {
		unsigned cell = plan->measured[i];
		const struct platform *p = platform_find(slice_of(plan->x.cells[cell].platform));
		bool is_machine = p != NULL && p->is_virtual;

		seconds += plan->x.blocks *
			   (canary_s + (is_machine ? machine_deploy_s : plain_deploy_s) +
				   work_seconds(&plan->x, cell,
					   is_machine ? machine_mail_s : plain_mail_s));
	}
	return seconds;
}

static void time_print(const struct plan *plan)
{
	double seconds = seconds_of(plan);
	double waits = plan_trial_count(plan) * (plan->x.rules.quiet_ms / 1000.0);

	(void)printf(
		"\nAbout %.0f %s, guessed from %.0f ms a mail and %.0f s a deployment without a "
		"machine, %.0f ms and %.0f s with one;\nup to %.0f s more waiting for a quiet "
		"machine, and disturbed trials again. run says better after its first block.\n",
		seconds < 90 ? seconds : ceil(seconds / 60), seconds < 90 ? "seconds" : "minutes",
		1000 * plain_mail_s, plain_deploy_s, 1000 * machine_mail_s, machine_deploy_s,
		waits);
}

static void trials_print(const struct plan *plan)
{
	(void)printf("\n%u trials, each with its own deployment:\n", plan_trial_count(plan));
	for (unsigned i = 0; i < plan_trial_count(plan); i++) {
		struct plan_trial at = plan_trial_at(plan, i);

		if (at.position == 0)
			(void)printf("%sblock %2u:", i > 0 ? "\n" : "", at.block + 1);
		(void)printf(" %s", plan->x.cells[at.cell].label);
	}
	(void)printf("\n");
}

static void plan_print(const struct plan *plan)
{
	(void)printf("experiment %s: %s\nsha256 %s, seed %" PRIu64 "\n\n", plan->x.name,
		plan->x.question, plan->hash, plan->x.seed);
	for (unsigned i = 0; i < plan->x.cell_count; i++)
		(void)printf("%-16s %s%s\n", plan->x.cells[i].label,
			plan->cells[i].is_available ? "will be measured" : "not measured: ",
			plan->cells[i].reason);
	trials_print(plan);
	time_print(plan);
	power_print(plan);
}

/* A folder for what a question needs, an appliance say, and forgets again. */
static bool scratch_make(struct command_options *o, char ret[PATH_MAX], struct error *e)
{
	return owner_folder_make(o->work, SWEEP_WORK, ret, e) && command_image_make(o, ret, e);
}

int command_plan(int argc, char **argv)
{
	struct error e = { .fault = FAULT_NONE }, ignored = { .fault = FAULT_NONE };
	struct command_options o;
	struct plan plan = { .order = NULL };
	char scratch[PATH_MAX];
	int status = STATUS_GOOD;

	if (!command_options_read(argc, argv, plan_usage, &o, &status))
		return status;
	command_sweep(o.work);
	if (!scratch_make(&o, scratch, &e) || !run_probe(&o.run, &plan, &e) ||
		!plan_make(&plan, clock_wall_ns(&clock_real), &e))
		status = command_failed(&e);
	else
		plan_print(&plan);
	plan_done(&plan);
	(void)!folder_remove(scratch, &ignored);
	return status;
}

static const char doctor_usage[] =
	"usage: mailvisor-lab doctor [--work DIRECTORY] [--server PROGRAM] [--image DIRECTORY]\n"
	"\n"
	"Says whether this machine can measure and what would disturb its numbers. Exit status 1 "
	"when\n"
	"an experiment cannot run.\n";

int command_doctor(int argc, char **argv)
{
	struct error e = { .fault = FAULT_NONE };
	struct command_options o;
	struct trial_wish wish;
	char work[PATH_MAX], scratch[PATH_MAX];
	int status = STATUS_GOOD;

	if (!command_options_read(argc, argv, doctor_usage, &o, &status))
		return status;
	command_sweep(o.work);
	if (!scratch_make(&o, scratch, &e) || !path_join(scratch, "trial", work, &e) ||
		!folder_make(work, &e))
		return command_failed(&e);
	trial_wish_fill(&o.run.x, &o.run.x.cells[0], &o.run.trial, work, &wish);
	enum doctor_level worst = doctor_run(stdout, o.work, platforms, &wish.plan);
	if (!folder_remove(scratch, &e))
		return command_failed(&e);
	return worst == DOCTOR_FAILURE ? STATUS_FAILED : STATUS_GOOD;
}
