/* SPDX-License-Identifier: MIT */
/* What a trial's record says beside its samples: stages, load, rules, counters. */
#include "base/clock.h"
#include "check.h"
#include "lab/doctor/canary.h"
#include "lab/platform/counters.h"
#include "lab/run/curve.h"
#include "lab/run/rules.h"
#include "lab/run/stages.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sample mail_of(uint32_t index, uint64_t due_ns, uint64_t latency_ns)
{
	struct sample s = { .sequence = index + 1,
		.size_bytes = 1024,
		.outcome = OUTCOME_DELIVERED,
		.flags = SAMPLE_IS_SCHEDULED };

	s.at_ns[POINT_DUE] = due_ns;
	for (unsigned i = POINT_START; i < SAMPLE_POINT_COUNT; i++)
		s.at_ns[i] = latency_ns * i / POINT_FETCHED;
	s.at_ns[POINT_START] = 0;
	return s;
}

static const json_t *stage_of(const json_t *list, const char *by, const char *name)
{
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0 &&
			strcmp(json_string_value(json_object_get(row, "by")), by) == 0)
			return row;
	}
	return NULL;
}

static double number_of(const json_t *row, const char *key)
{
	return json_number_value(json_object_get(row, key));
}

static void test_stages(void **state)
{
	static const char log[] = "t=1 ev=mail.stage msg=w stage=checked mono=100\n"
				  "t=1 ev=mail.stage msg=w stage=committed mono=90000100\n"
				  "noise\n"
				  "t=1 ev=mail.stage msg=a stage=checked mono=1000\n"
				  "t=1 ev=mail.stage msg=a stage=committed mono=2001000\n"
				  "t=1 ev=mail.stage msg=b stage=checked mono=5000\n"
				  "t=1 ev=mail.stage msg=b stage=committed mono=4005000\n"
				  "t=1 ev=mail.stage msg=c stage=checked mono=9000\n"
				  "t=1 ev=mail.stage msg=c stage=committed mono=6009000\n"
				  "t=1 ev=mail.stage msg=d stage=committed mono=7\n";
	struct sample samples[3];

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		samples[i] = mail_of(i, i * NS_PER_S + 1, 10 * NS_PER_MS);
	samples[2].outcome = OUTCOME_LOST;
	json_t *list = stages_make(samples, 3, server_mailvisor.log, slice_of(log), 1);

	check(list != NULL);
	const json_t *commit = stage_of(list, "server", "commit"),
		     *fetch = stage_of(list, "client", "fetch");
	check(commit != NULL && fabs(number_of(commit, "ms") - 4) < 1e-9 &&
		json_integer_value(json_object_get(commit, "n")) == 3);
	check(strcmp(json_string_value(json_object_get(commit, "in")), "accept") == 0);
	check(fetch != NULL && fabs(number_of(fetch, "ms") - 1) < 1e-9 &&
		json_integer_value(json_object_get(fetch, "n")) == 2);
	check(stage_of(list, "server", "notify") == NULL);
	json_decref(list);
	list = stages_make(samples, 0, NULL, S(""), 0);
	check(list != NULL && json_array_size(list) == 0);
	json_decref(list);
}

/* A thousand mails in a log with as many names: none is mixed up. */
static void test_stages_of_many(void **state)
{
	auto_buf log = { .max = 1 << 20 };

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		check(buf_add_format(&log, "t=1 ev=mail.stage msg=m%u stage=checked mono=%u\n", i,
			1000 * i + 1));
	for (unsigned i = 0; i < 1000; i++)
		check(buf_add_format(&log, "t=1 ev=mail.stage msg=m%u stage=committed mono=%u\n", i,
			1000 * i + 1 + 500));
	json_t *list = stages_make(NULL, 0, server_mailvisor.log, buf_slice(&log), 0);
	const json_t *commit = stage_of(list, "server", "commit");
	check(commit != NULL && fabs(number_of(commit, "ms") - 0.0005) < 1e-12 &&
		json_integer_value(json_object_get(commit, "n")) == 1000);
	json_decref(list);
}

enum { STEP_MAILS = 200 };

/* Two steps of a sweep: the first at its ease, the second one second behind at its end. */
static void sweep_fill(struct sample *samples, bool is_late)
{
	for (uint32_t i = 0; i < 2 * STEP_MAILS; i++) {
		uint64_t due_ns = NS_PER_S + i * (NS_PER_S / 100);
		bool is_second = i >= STEP_MAILS;
		uint64_t behind_ns = is_second ? (i - STEP_MAILS) * NS_PER_S / STEP_MAILS : 0;

		samples[i] = mail_of(i, due_ns, 5 * NS_PER_MS + behind_ns);
		samples[i].step = is_second;
		if (is_late)
			samples[i].at_ns[POINT_START] = 3 * NS_PER_MS;
	}
}

static void test_curve(void **state)
{
	struct sample samples[2 * STEP_MAILS];
	struct workload_plan plan = { .load = load_default };
	struct workload_result result = { .samples = samples,
		.count = COUNT(samples),
		.first_ns = NS_PER_S,
		.last_ns = 5 * NS_PER_S,
		.cpu_ns = NS_PER_S };
	char why[CURVE_WHY_BYTES];

	(void)state;
	plan.load.kind = LOAD_SWEEP;
	plan.load.rates[0] = 100;
	plan.load.rates[1] = 200;
	plan.load.rate_count = 2;
	sweep_fill(samples, false);
	json_t *load = curve_make(&plan, &result, why);
	const json_t *steps = json_object_get(load, "steps");
	check(why[0] == '\0' && json_array_size(steps) == 2);
	check(json_is_true(json_object_get(json_array_get(steps, 0), "meets_slo")));
	check(!json_is_true(json_object_get(json_array_get(steps, 1), "meets_slo")));
	check(number_of(json_array_get(steps, 1), "backlog_per_s") > 10);
	check(fabs(number_of(load, "knee") - 100) < 1e-9);
	json_decref(load);
	/* One lost mail in the first step: not even the lowest rate holds. */
	samples[7].outcome = OUTCOME_LOST;
	load = curve_make(&plan, &result, why);
	check(json_is_null(json_object_get(load, "knee")));
	json_decref(load);
	/* The instrument's own fault, and the same lateness when no sender was free. */
	sweep_fill(samples, true);
	for (size_t i = 0; i < COUNT(samples); i++)
		samples[i].at_ns[POINT_FETCHED] = 5 * NS_PER_MS;
	load = curve_make(&plan, &result, why);
	check(strstr(why, "late") != NULL);
	json_decref(load);
	for (size_t i = 0; i < COUNT(samples); i++)
		samples[i].wait_ns = 3 * NS_PER_MS;
	load = curve_make(&plan, &result, why);
	check(why[0] == '\0' && number_of(json_object_get(load, "generator"),
					"waited_for_a_sender") > COUNT(samples) - 1);
	json_decref(load);
	result.cpu_ns = 4 * NS_PER_S;
	load = curve_make(&plan, &result, why);
	check(strstr(why, "processor") != NULL);
	json_decref(load);
}

static void test_rules(void **state)
{
	static const struct {
		double steal, spin_ms;
		bool is_measured;
		const char *why, *says;
	} rows[] = {
		{ 0, 100, true, "", "" },
		{ 1.9, 104, true, "", "" },
		{ 2.5, 100, true, "", "stolen" },
		{ 0, 150, true, "", "canary" },
		{ 0, 60, true, "", "" },
		{ 0, 100, true, "the instrument was late", "late" },
		{ 50, 500, false, "late", "" },
		{ (double)NAN, 100, true, "", "" },
	};
	struct rules_history history = { .count = 0 };
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct trial_record r = { .spin_ms = 99 + i % 3 };

		/* A new run has no usual time yet. */
		if (i < RULES_SPINS_MIN) {
			struct trial_record slow = { .spin_ms = 900, .is_measured = true };

			rules_judge(&run_rules_default, &history, "", &slow);
			check_row(slow.excluded[0] == '\0', i);
		}
		check(rules_remember(&history, &r, &e));
	}
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct trial_record r = { .steal_percent = rows[i].steal,
			.spin_ms = rows[i].spin_ms,
			.is_measured = rows[i].is_measured };

		rules_judge(&run_rules_default, &history, rows[i].why, &r);
		check_row(rows[i].says[0] == '\0' ? r.excluded[0] == '\0'
						  : strstr(r.excluded, rows[i].says) != NULL,
			i);
	}
	rules_history_done(&history);
}

static void test_set_aside(void **state)
{
	char folder[] = "/tmp/mvlab-aside-XXXXXX", trial[64];
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	check(mkdtemp(folder) != NULL);
	(void)snprintf(trial, sizeof trial, "%s/01-x", folder);
	for (unsigned i = 0; i < 3; i++) {
		check(mkdir(trial, 0755) == 0 && rules_excluded_count(trial) == i);
		check(rules_set_aside(trial, &e) && !file_is_there(trial));
	}
	check(rules_excluded_count(trial) == 3 && !rules_set_aside(trial, &e));
	check(folder_remove(folder, &e) || e.fault != FAULT_NONE);
}

static void test_counters(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} rows[] = {
		{ "# TYPE a_total counter\na_total 12\nb 3\n", 12 },
		{ "a_total{x=\"y z\"} 7\n", 7 },
		{ "a_totally 5\n", UINT64_MAX },
		{ "a_total\n", UINT64_MAX },
		{ "a_total x\n", UINT64_MAX },
		{ "", UINT64_MAX },
	};
	static const char blocks[] =
		"[{\"stats\":{\"flush_operations\":4}},{\"stats\":{\"flush_operations\":5}},{}]";
	static const char stats[] =
		"[{\"provider\":\"kvm\",\"stats\":[{\"name\":\"exits\",\"value\":100},"
		"{\"name\":\"halt\",\"value\":1}]},"
		"{\"provider\":\"kvm\",\"stats\":[{\"name\":\"exits\",\"value\":11}]}]";

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(
			counters_metric(slice_of(rows[i].text), S("a_total")) == rows[i].value, i);
	json_t *answer = json_loads(blocks, 0, NULL);
	check(counters_flushes(answer) == 9 && counters_exits(answer) == UINT64_MAX);
	json_decref(answer);
	answer = json_loads(stats, 0, NULL);
	check(counters_exits(answer) == 111 && counters_flushes(answer) == UINT64_MAX);
	json_decref(answer);
	check(counters_exits(NULL) == UINT64_MAX);
}

/* Fixed work that can be done here has times, and a folder that is not there has none of a flush. */
static void test_canary(void **state)
{
	struct canary canary;

	(void)state;
	canary_measure("/nowhere", &canary);
	check(canary.spin_ms > 0 && canary.trip_us > 0 && isnan(canary.flush_us));
	canary_measure("/tmp", &canary);
	check(canary.flush_us > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canary),
		cmocka_unit_test(test_stages),
		cmocka_unit_test(test_stages_of_many),
		cmocka_unit_test(test_curve),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_set_aside),
		cmocka_unit_test(test_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
