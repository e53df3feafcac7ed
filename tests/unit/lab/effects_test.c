/* SPDX-License-Identifier: MIT */
/* What each part of a plan does: known effects come out again, and cells that are no plan have none. */
#include "check.h"
#include "lab/report/effects.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void named(struct experiment *ret, const char *name)
{
	struct error e = { .fault = FAULT_NONE };

	check(experiment_builtin(slice_of(name), false, ret, &e));
	check(experiment_check(ret, &e));
}

static void test_who_has_a_plan(void **state)
{
	static const struct {
		const char *name;
		unsigned parts;
	} rows[] = { { "screen", 6 }, { "paper", 0 }, { "devices", 0 }, { "filesystems", 0 },
		{ "storage", 0 }, { "tls", 0 }, { "timeline", 0 }, { "servers", 0 } };
	struct effects all;
	struct experiment x;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		named(&x, rows[i].name);
		effects_find(&x, &all);
		check_row(all.count == rows[i].parts, i);
	}
}

/* One cell less, one level more: no plan any more. A control more: the same. */
static void test_what_breaks_it(void **state)
{
	struct effects all;
	struct experiment x;

	(void)state;
	named(&x, "screen");
	x.cell_count--;
	effects_find(&x, &all);
	check(all.count == 0);
	named(&x, "screen");
	x.cells[5].memory_mib = 1024;
	effects_find(&x, &all);
	check(all.count == 5); /* memory has three levels and is no part; the others are */
	named(&x, "screen");
	x.cells[5].is_control = true;
	effects_find(&x, &all);
	check(all.count == 0);
	named(&x, "screen");
	(void)snprintf(x.cells[5].platform, sizeof x.cells[5].platform, "kvm");
	effects_find(&x, &all);
	check(all.count == 0);
}

/* No part is mixed up with another, or with the interplay of any two others: resolution IV. */
static void test_resolution(void **state)
{
	struct effects all;
	struct experiment x;

	(void)state;
	named(&x, "screen");
	effects_find(&x, &all);
	for (unsigned a = 0; a < all.count; a++) {
		for (unsigned b = 0; b < all.count; b++) {
			for (unsigned c = 0; c < b; c++) {
				unsigned same = 0;

				for (unsigned i = 0; i < x.cell_count; i++)
					same += all.parts[a].is_high[i] ==
						(all.parts[b].is_high[i] !=
							all.parts[c].is_high[i]);
				check_row(a == b || a == c || 2 * same == x.cell_count, a);
			}
		}
	}
}

static double factor_of(unsigned part)
{
	static const double factors[] = { 0.5, 1, 1.25, 1, 2, 1.01 };

	return factors[part];
}

static struct summary *summary_new(void)
{
	struct summary *s = calloc(1, sizeof *s);
	struct effects all;

	check(s != NULL);
	named(&s->plan.x, "screen");
	effects_find(&s->plan.x, &all);
	s->trial_count = (size_t)s->plan.x.blocks * s->plan.x.cell_count;
	s->trials = calloc(s->trial_count, sizeof *s->trials);
	check(s->trials != NULL);
	for (size_t i = 0; i < s->trial_count; i++) {
		struct summary_trial *t = &s->trials[i];

		t->cell = (unsigned)(i % s->plan.x.cell_count);
		t->record.block = (unsigned)(i / s->plan.x.cell_count);
		t->record.is_measured = true;
		t->medians[0] = 10.0 + t->record.block; /* blocks differ; that takes no part */
		for (unsigned k = 0; k < all.count; k++)
			t->medians[0] *= all.parts[k].is_high[t->cell] ? factor_of(k) : 1;
		/* Two parts in a thousand of noise, another sign each block. */
		t->medians[0] *= 1 + 0.001 * ((int)((i * 7 + t->record.block) % 5) - 2);
		t->medians[1] = t->medians[0] * 3;
	}
	return s;
}

static void summary_free(struct summary *s)
{
	free(s->trials);
	free(s);
}

static void test_effects_come_out(void **state)
{
	struct summary *s = summary_new();
	struct error e = { .fault = FAULT_NONE };
	struct effects all;

	(void)state;
	check(effects_make(s, &all, &e) && all.count == 6);
	for (unsigned i = 0; i < all.count; i++) {
		const struct comparison *c = &all.parts[i].by_size[1];

		check_row(c->blocks == 10 && fabs(c->ratio - factor_of(i)) < 0.003, i);
	}
	/* Ten blocks prove halving and doubling (2/2^10 times twelve is 0.023), and that 1 is 1. */
	check(all.parts[0].by_size[0].verdict == VERDICT_BETTER);
	check(all.parts[4].by_size[1].verdict == VERDICT_WORSE);
	check(all.parts[1].by_size[0].verdict == VERDICT_EQUIVALENT);
	summary_free(s);
}

/* A block without one of its cells says nothing; nor does a trial that failed. */
static void test_missing_trials(void **state)
{
	struct summary *s = summary_new();
	struct error e = { .fault = FAULT_NONE };
	struct effects all;
	auto_buf text = { .max = 1024 };

	(void)state;
	s->trials[3].record.is_measured = false;
	s->trials[40].medians[0] = (double)INFINITY;
	check(effects_make(s, &all, &e));
	check(all.parts[2].by_size[0].blocks == 8 && all.parts[2].by_size[1].blocks == 9);
	s->trial_count = 0;
	check(effects_make(s, &all, &e) && all.parts[0].by_size[0].blocks == 0);
	check(effect_text(&all.parts[0], 0, &text));
	summary_free(s);
}

static void test_words(void **state)
{
	struct effect_part part = { .name = "cpus", .low = "1", .high = "2" };
	auto_buf text = { .max = 1024 };

	(void)state;
	part.by_size[0] = (struct comparison){ .blocks = 8,
		.ratio = 0.88,
		.ratio_ci = { 0.84, 0.92 },
		.p_holm = 0.047,
		.verdict = VERDICT_BETTER };
	check(effect_text(&part, 0, &text));
	check(slice_same(buf_slice(&text), S("cpus = 2 instead of 1: 12.0 % less time (95 % CI "
					     "8.0..16.0 %), 8 blocks, p_Holm 0.047: "
					     "better")));
	buf_clear(&text);
	part.by_size[0].ratio = 1.25;
	part.by_size[0].ratio_ci = (struct interval){ 1.2, 1.3 };
	part.by_size[0].verdict = VERDICT_WORSE;
	check(effect_text(&part, 0, &text));
	check(slice_starts(buf_slice(&text),
		S("cpus = 2 instead of 1: 25.0 % more time (95 % CI 20.0..30.0 %), 8 blocks")));
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_who_has_a_plan),
		cmocka_unit_test(test_what_breaks_it), cmocka_unit_test(test_resolution),
		cmocka_unit_test(test_effects_come_out), cmocka_unit_test(test_missing_trials),
		cmocka_unit_test(test_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
