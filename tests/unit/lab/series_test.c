/* SPDX-License-Identifier: MIT */
/* What the diagnostics, the sweep's table and the deployment's stages compute, on a summary made by hand. */
#include "check.h"
#include "lab/report/factors.h"
#include "lab/report/ready.h"
#include "lab/report/series.h"
#include "lab/report/steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 6, MAILS = 60, WARMUP = 10 };

static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-9 * fmax(1, fabs(b));
}

/* Milliseconds of a mail of a cell: the first is cold; odd and even ones take turns; the second cell takes twice as long. */
static double time_of(unsigned cell, unsigned block, unsigned mail)
{
	double ms = mail == 0 ? 40 : mail % 2 == 0 ? 4 : 6;

	return ms * (cell + 1) * (cell == 1 ? exp(0.1 * block * block) : 1);
}

static void trial_fill(struct summary_trial *t, unsigned cell, unsigned block)
{
	*t = (struct summary_trial){ .cell = cell,
		.record = { .block = block,
			.is_measured = true,
			.steady_from = 5.0 * cell,
			.is_steady = block > 0 } };
	t->samples.samples = calloc(MAILS, sizeof *t->samples.samples);
	t->samples.count = MAILS;
	for (unsigned i = 0; i < MAILS; i++) {
		uint64_t ns = (uint64_t)(1e6 * time_of(cell, block, i));
		struct sample *m = &t->samples.samples[i];

		*m = (struct sample){ .size_bytes = 1024,
			.flags = i < WARMUP ? SAMPLE_IS_WARMUP : 0 };
		m->at_ns[POINT_DUE] = 1000000000 + i * UINT64_C(10000000);
		m->at_ns[POINT_BANNER] = ns / 4;
		m->at_ns[POINT_ACCEPTED] = ns / 2;
		m->at_ns[POINT_FETCHED] = ns;
	}
	t->medians[0] = 5 * (cell + 1) * (cell == 1 ? exp(0.1 * block * block) : 1);
	t->record.stages = json_pack("{s:f, s:f}", "spawn", 0.0, "banner", 1000.0 * (cell + 1));
	if (cell == 1)
		(void)json_object_set_new(
			t->record.stages, "ready", json_real(2500 + 100.0 * block));
}

static struct summary *summary_make_two(void)
{
	static const char *const labels[] = { "process", "tcg" };
	struct summary *s = calloc(1, sizeof *s);

	check(s != NULL);
	s->plan.x.cell_count = 2;
	s->plan.x.size_count = 1;
	s->plan.x.sizes[0] = 1024;
	s->plan.x.blocks = BLOCKS;
	s->plan.x.warmup = WARMUP;
	s->plan.x.seed = 1;
	s->trials = calloc(2 * BLOCKS, sizeof *s->trials);
	check(s->trials != NULL);
	for (unsigned cell = 0; cell < 2; cell++) {
		(void)snprintf(s->plan.x.cells[cell].label, LABEL_BYTES, "%s", labels[cell]);
		(void)snprintf(s->plan.x.cells[cell].platform, DRIVER_BYTES, "%s", labels[cell]);
		s->cells[cell].cell = &s->plan.x.cells[cell];
		s->cells[cell].is_measured = true;
		s->cells[cell].sizes[0].mails = BLOCKS * (MAILS - WARMUP);
		for (unsigned b = 0; b < BLOCKS; b++)
			trial_fill(&s->trials[s->trial_count++], cell, b);
	}
	return s;
}

static void summary_free(struct summary *s)
{
	summary_done(s);
	free(s);
}

static void test_warmup(void **state)
{
	struct summary *s = summary_make_two();
	struct series_warmup w;

	(void)state;
	check(series_warmup(s, 0, &w));
	/* Windows of five: 40 6 4 6 4, 6 4 6 4 6, ... of a median of 5. */
	check(w.count == MAILS / SERIES_WINDOW && near(w.levels[0], 6.0 / 5) &&
		near(w.levels[1], 6.0 / 5));
	check(near(w.levels[2], 4.0 / 5) && near(w.first_ms, 40) && near(w.ten_ms, 6));
	check(w.trials == BLOCKS && w.unsettled == 1 && near(w.settled_from, 0));
	check(series_warmup(s, 1, &w) && near(w.settled_from, 5) && w.first_ms > 80);
	/* A mail that never came leaves its window without a point when no trial has it whole. */
	for (size_t i = 0; i < BLOCKS; i++)
		s->trials[i].samples.samples[7].outcome = OUTCOME_LOST;
	check(series_warmup(s, 0, &w) && isnan(w.levels[1]) && isfinite(w.levels[2]));
	summary_free(s);
}

static void test_lags(void **state)
{
	struct summary *s = summary_make_two();
	struct series_lags lags;

	(void)state;
	/* Taking turns: each mail is unlike the one before and like the one before that. */
	check(series_lags(s, 0, &lags) && lags.at[0] < -0.9 && lags.at[1] > 0.9);
	check(near(lags.mails, MAILS - WARMUP));
	summary_free(s);
}

static void test_ratios(void **state)
{
	struct summary *s = summary_make_two();
	struct series_ratios r;

	(void)state;
	/* Log-ratios 0.1 b^2 more than log 2: six values, bent. */
	series_ratios(s, 1, 0, &r);
	check(r.count == BLOCKS && r.straightness > 0.9 && r.straightness < 0.99);
	check(fabs(stats_mean(r.values, r.count)) < 1e-9 && near(stats_sd(r.values, r.count), 1));
	/* A platform against itself has no spread, so no line. */
	series_ratios(s, 0, 0, &r);
	check(r.count == 0 && isnan(r.straightness));
	summary_free(s);
}

static void test_steps(void **state)
{
	struct summary *s = summary_make_two();
	struct load_step steps[LOAD_STEPS_MAX];

	(void)state;
	check(load_steps(s, 0, steps) == 0);
	s->plan.x.load = (struct load_model){
		.kind = LOAD_SWEEP, .rates = { 100 }, .rate_count = 1, .slo_ms = 5
	};
	check(load_steps(s, 0, steps) == 1 && steps[0].mails == BLOCKS * (MAILS - WARMUP));
	/* A quarter and a half of 6 ms are in time, 6 ms are not. */
	check(steps[0].in_time[STEP_GREETED] == steps[0].mails &&
		steps[0].in_time[STEP_ACCEPTED] == steps[0].mails);
	check(steps[0].in_time[STEP_DELIVERED] == steps[0].mails / 2);
	/* 50 mails due within 490 ms; the last is there after that, the one of before the first within. */
	check(fabs(steps[0].delivered_rate - 49 / 0.49) < 1e-6);
	summary_free(s);
}

static void test_ready(void **state)
{
	struct summary *s = summary_make_two();
	struct ready r;

	(void)state;
	ready_names(s, &r);
	check(r.count == 2 && strcmp(r.names[0], "banner") == 0 &&
		strcmp(r.names[1], "ready") == 0);
	check(near(ready_seconds(s, 0, "banner"), 1) && isnan(ready_seconds(s, 0, "ready")));
	check(near(ready_seconds(s, 1, "ready"), 2.75));
	summary_free(s);
}

/* Devices that always come together are one term; one that says nothing new is named. */
static void test_factors(void **state)
{
	static const struct hardware devices[] = { { { 0 } },
		{ { [HARDWARE_NIC] = NIC_E1000, [HARDWARE_DISK] = DISK_AHCI } } };
	struct summary *s = summary_make_two();
	struct factors f;
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	check(factors_fill(s, &f, &e) && f.count == 2 &&
		strcmp(f.terms[1].name, "QEMU, emulated") == 0);
	check(strcmp(f.terms[0].name, "Bare process, 1 KB, ms") == 0 &&
		f.terms[1].ci[0].low < f.terms[1].factor[0]);
	/* 300 mails a group carry p99. */
	check(isfinite(f.terms[0].factor[2]) && near(f.terms[0].factor[2], 6));
	factors_done(&f);
	for (unsigned i = 0; i < 2; i++) {
		(void)snprintf(s->plan.x.cells[i].platform, DRIVER_BYTES, "tcg");
		(void)snprintf(s->plan.x.cells[i].label, LABEL_BYTES, "cell-%u", i);
		s->plan.x.cells[i].hardware = devices[i];
	}
	check(factors_fill(s, &f, &e) && f.count == 2);
	check(strcmp(f.terms[1].name, "nic e1000, disk ahci") == 0 && f.omitted[0] == '\0');
	factors_done(&f);
	/* 298 mails do not. */
	s->cells[0].sizes[0].mails = 298;
	check(factors_fill(s, &f, &e) && isnan(f.terms[0].factor[2]) &&
		isfinite(f.terms[0].factor[1]));
	factors_done(&f);
	s->plan.x.load.kind = LOAD_SWEEP;
	check(factors_fill(s, &f, &e) && f.count == 0);
	factors_done(&f);
	summary_free(s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_warmup),
		cmocka_unit_test(test_lags),
		cmocka_unit_test(test_ratios),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_factors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
