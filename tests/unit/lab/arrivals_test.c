/* SPDX-License-Identifier: MIT */
/* Properties of the lists of arrivals: the same for every platform, the rate that was asked for, the model's shape. */
#include "base/clock.h"
#include "check.h"
#include "lab/workload/arrivals.h"

#include <math.h>
#include <string.h>

enum { MAILS = 20000 };

static struct workload_plan plan_of(enum load_kind kind, uint64_t seed)
{
	struct workload_plan plan = { .seed = seed,
		.sizes = { 1024, 10240 },
		.size_count = 2,
		.per_size = MAILS / 2,
		.load = load_default };

	plan.load.kind = kind;
	plan.load.rate = 100;
	return plan;
}

static struct arrival *list_of(const struct workload_plan *plan, size_t *ret_count)
{
	struct arrival *list = calloc(arrivals_count(plan) + 1, sizeof *list);

	*ret_count = arrivals_count(plan);
	check(list != NULL && arrivals_make(plan, list));
	return list;
}

static void test_common_random_numbers(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < LOAD_KIND_COUNT; kind++) {
		struct workload_plan a = plan_of((enum load_kind)kind, 7),
				     b = plan_of((enum load_kind)kind, 8);
		size_t count = 0, again = 0;

		if (kind == LOAD_SWEEP) {
			a.load.rates[0] = b.load.rates[0] = 50;
			a.load.rate_count = b.load.rate_count = 1;
		}
		auto_free struct arrival *one = list_of(&a, &count);
		auto_free struct arrival *same = list_of(&a, &again);
		auto_free struct arrival *other = list_of(&b, &again);

		check_row(count == again && memcmp(one, same, count * sizeof *one) == 0, kind);
		check_row(memcmp(one, other, count * sizeof *one) != 0, kind);
	}
}

/* Every size as often as any other, due times that never go back, and the rate asked for (5 sigma). */
static void test_rate_and_sizes(void **state)
{
	static const enum load_kind kinds[] = { LOAD_OPEN, LOAD_PARTLY_OPEN, LOAD_OVERLOAD };
	static const double seconds[] = { 200, 200, 10000 / 120.0 + 10000 / 50.0 };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct workload_plan plan = plan_of(kinds[i], 11);
		size_t count = 0, small = 0;
		auto_free struct arrival *list = list_of(&plan, &count);
		uint64_t last_ns = 0;

		check_row(count == MAILS, i);
		for (size_t k = 0; k < count; k++) {
			small += list[k].size_bytes == 1024;
			if (list[k].due_ns == ARRIVAL_WHEN_FREE)
				continue;
			check_row(list[k].due_ns >= last_ns, k);
			last_ns = list[k].due_ns;
		}
		double off = (double)last_ns / (double)NS_PER_S / seconds[i] - 1;

		check_row(small == MAILS / 2, i);
		check_row(fabs(off) < 5 * (kinds[i] == LOAD_PARTLY_OPEN ? 3.0 : 1.0) / sqrt(MAILS),
			i);
	}
}

/* Poisson: gaps are exponential (Kolmogorov and Smirnov, 0.1 %: 1.95 / sqrt(n)). */
static void test_poisson(void **state)
{
	struct workload_plan plan = plan_of(LOAD_OPEN, 3);
	size_t count = 0, below[200] = { 0 };
	auto_free struct arrival *list = list_of(&plan, &count);
	double worst = 0, seen = 0;

	(void)state;
	for (size_t i = 1; i < count; i++) {
		double gap = (double)(list[i].due_ns - list[i - 1].due_ns) / (double)NS_PER_S * 100;
		size_t bin = (size_t)(gap * 20);

		below[bin < COUNT(below) ? bin : COUNT(below) - 1]++;
	}
	for (size_t bin = 0; bin + 1 < COUNT(below); bin++) {
		seen += (double)below[bin] / (double)(count - 1);
		double off = fabs(seen - (1 - exp(-(double)(bin + 1) / 20)));

		worst = off > worst ? off : worst;
	}
	check(worst < 1.95 / sqrt((double)count));
}

/* Sessions stand together, only their first mail has a time, and their mean length is what was asked for. */
static void test_sessions(void **state)
{
	struct workload_plan plan = plan_of(LOAD_PARTLY_OPEN, 5);
	size_t count = 0;

	(void)state;
	plan.load.session_mails = 5;
	auto_free struct arrival *list = list_of(&plan, &count);
	uint32_t sessions = list[count - 1].session;
	for (size_t i = 0; i < count; i++) {
		bool is_first = i == 0 || list[i].session != list[i - 1].session;

		check_row(is_first == (list[i].due_ns != ARRIVAL_WHEN_FREE), i);
		check_row(i == 0 || list[i].session - list[i - 1].session <= 1, i);
	}
	check(fabs((double)count / sessions - 5) < 0.3);
}

/* More unequal than Poisson's gaps, whose variation is 1. */
static void test_bursts(void **state)
{
	struct workload_plan plan = plan_of(LOAD_BURSTY, 5);
	size_t count = 0;
	auto_free struct arrival *list = list_of(&plan, &count);
	double sum = 0, squares = 0;

	(void)state;
	for (size_t i = 1; i < count; i++) {
		double gap = (double)(list[i].due_ns - list[i - 1].due_ns);

		sum += gap;
		squares += gap * gap;
	}
	double mean = sum / (double)(count - 1);
	check(sqrt(squares / (double)(count - 1) - mean * mean) / mean > 3);
}

static void test_sweep(void **state)
{
	struct workload_plan plan = plan_of(LOAD_SWEEP, 5);
	size_t count = 0, of_step[3] = { 0 };

	(void)state;
	plan.load.rates[0] = 100;
	plan.load.rates[1] = 300;
	plan.load.rates[2] = 900;
	plan.load.rate_count = 3;
	plan.load.step_s = 4;
	plan.warmup_count = 20;
	auto_free struct arrival *list = list_of(&plan, &count);
	check(count == 20 + 4 * 1300);
	for (size_t i = 20; i < count; i++) {
		check_row(list[i].step >= list[i - 1].step, i);
		of_step[list[i].step]++;
	}
	check(of_step[0] == 400 && of_step[1] == 1200 && of_step[2] == 3600);
	double last_s =
		(double)(list[count - 1].due_ns - list[count - 3600].due_ns) / (double)NS_PER_S;
	check(last_s > 3.6 && last_s < 4.4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_common_random_numbers),
		cmocka_unit_test(test_rate_and_sizes),
		cmocka_unit_test(test_poisson),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_sweep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
