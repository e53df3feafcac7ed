/* SPDX-License-Identifier: MIT */
#include "lab/run/progress.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { REDRAW_MS = 100, LEFT_TEXT_BYTES = 32 };

void progress_begin(struct progress *p, const struct plan *plan, const char *folder)
{
	*p = (struct progress){ .is_terminal = isatty(STDERR_FILENO) == 1,
		.plan = plan,
		.total = plan_trial_count(plan) };
	for (unsigned i = 0; i < plan->measured_count; i++)
		p->left[plan->measured[i]] = plan->x.blocks;
	(void)fprintf(stderr, "%s: %u blocks of %u trials, results in %s\n", plan->x.name,
		plan->x.blocks, plan->measured_count, folder);
	for (unsigned i = 0; i < plan->x.cell_count; i++) {
		if (!plan->cells[i].is_available)
			(void)fprintf(stderr, "not measured: %s: %s\n", plan->x.cells[i].label,
				plan->cells[i].reason);
	}
}

static double seconds_left(const struct progress *p)
{
	double all = 0, left = 0;
	unsigned finished = 0;

	for (unsigned i = 0; i < EXPERIMENT_CELLS_MAX; i++) {
		all += p->seconds[i];
		finished += p->finished[i];
	}
	if (finished == 0)
		return (double)NAN;
	for (unsigned i = 0; i < EXPERIMENT_CELLS_MAX; i++) {
		double mean = p->finished[i] > 0 ? p->seconds[i] / p->finished[i] : all / finished;

		left += mean * p->left[i];
	}
	return left;
}

static void left_text(const struct progress *p, char room[LEFT_TEXT_BYTES])
{
	double left = seconds_left(p);

	if (!isfinite(left))
		(void)snprintf(room, LEFT_TEXT_BYTES, "time left unknown");
	else if (left < 90)
		(void)snprintf(room, LEFT_TEXT_BYTES, "%.0f s left", left);
	else
		(void)snprintf(room, LEFT_TEXT_BYTES, "%.0f min left", ceil(left / 60));
}

/* What others are compared with: the first measured cell. */
static unsigned base_of(const struct progress *p)
{
	return p->plan->measured[0];
}

/* Takes the block that is over into the ratios. */
static void block_fold(struct progress *p)
{
	double base = p->plan->measured_count > 0 ? p->medians[base_of(p)] : 0;

	for (unsigned i = 0; i < EXPERIMENT_CELLS_MAX; i++) {
		if (base > 0 && p->medians[i] > 0) {
			p->log_ratios[i] += log(p->medians[i] / base);
			p->ratios[i]++;
		}
		p->medians[i] = 0;
	}
}

/* "so far, 3 blocks, times process: container 1.04, uml 5.91, process-again 0.98" */
static void ratios_print(const struct progress *p)
{
	unsigned base = p->plan->measured_count > 0 ? base_of(p) : 0;

	if (p->plan->measured_count < 2 || p->ratios[base] == 0)
		return;
	(void)fprintf(stderr,
		"%s    so far, %u block%s, times %s:", p->is_terminal ? "\r\033[K" : "",
		p->ratios[base], p->ratios[base] == 1 ? "" : "s", p->plan->x.cells[base].label);
	for (unsigned k = 0; k < p->plan->measured_count; k++) {
		unsigned cell = p->plan->measured[k];

		if (cell != base && p->ratios[cell] > 0)
			(void)fprintf(stderr, "  %s %.2f", p->plan->x.cells[cell].label,
				exp(p->log_ratios[cell] / p->ratios[cell]));
	}
	(void)fprintf(stderr, "\n");
}

void progress_trial(struct progress *p, struct plan_trial at)
{
	if (at.block != p->now.block) {
		block_fold(p);
		ratios_print(p);
	}
	p->now = at;
	p->shown_ns = 0;
}

void progress_step(void *context, const char *what, unsigned done, unsigned of)
{
	struct progress *p = context;
	uint64_t now = clock_mono_ns(&clock_real);
	char left[LEFT_TEXT_BYTES];

	if (!p->is_terminal || now - p->shown_ns < REDRAW_MS * NS_PER_MS)
		return;
	p->shown_ns = now;
	left_text(p, left);
	(void)fprintf(stderr, "\r\033[K[%u/%u] block %u of %u  %s  %s", p->done + 1, p->total,
		p->now.block + 1, p->plan->x.blocks, p->plan->x.cells[p->now.cell].label, what);
	if (of > 1)
		(void)fprintf(stderr, " %u/%u", done, of);
	(void)fprintf(stderr, "  %s", left);
	(void)fflush(stderr);
}

void progress_trial_done(struct progress *p, const struct trial_record *record, bool is_new)
{
	char left[LEFT_TEXT_BYTES];

	p->done++;
	p->seconds[p->now.cell] += record->seconds;
	p->finished[p->now.cell]++;
	p->left[p->now.cell]--;
	p->medians[p->now.cell] =
		record->is_measured && isfinite(record->median_ms) ? record->median_ms : 0;
	if (!is_new)
		return;
	left_text(p, left);
	(void)fprintf(stderr, "%s[%*u/%u] block %2u  %-14s %6.1f s  ",
		p->is_terminal ? "\r\033[K" : "", p->total > 99 ? 3 : 2, p->done, p->total,
		record->block + 1, record->label, record->seconds);
	if (record->is_measured)
		(void)fprintf(stderr, "%llu of %llu mails", (unsigned long long)record->delivered,
			(unsigned long long)record->sent);
	else
		(void)fprintf(stderr, "failed: %s", record->reason);
	if (record->excluded[0] != '\0')
		(void)fprintf(stderr, " (disturbed: %s)", record->excluded);
	(void)fprintf(stderr, "  (%s)\n", left);
}

void progress_again(struct progress *p, struct plan_trial at)
{
	p->total++;
	p->left[at.cell]++;
}

void progress_end(struct progress *p)
{
	block_fold(p);
	ratios_print(p);
	if (p->is_terminal)
		(void)fprintf(stderr, "\r\033[K");
}
